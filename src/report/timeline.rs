//! When rows that differ were written, on each side.

use jiff::Timestamp;

use super::grid::{Grid, numbers, words};
use super::html::Html;
use crate::engine::{Account, Bar, Timeline};
use crate::name::{Side, Sided};
use crate::text::amount;

/// The drawing's size.
const WIDTH: u64 = 960;
const HALF: u64 = 90;

pub(super) fn write(html: &mut Html, account: &Account) {
    let timeline = &account.timeline;
    html.element("section", &[("id", "timeline"), ("aria-labelledby", "timeline-title")], |html| {
        html.leaf("h2", &[("id", "timeline-title")], "When the rows that differ were written");
        if timeline.bars.is_empty() {
            html.leaf("p", &[], &absent(account));
        } else {
            html.leaf(
                "p",
                &[],
                &format!(
                    "By the rows' own time columns since the cutover, {} a bar: NEW above the line, OLD below. A row counts \
                     once a side, when it was written last; what is gone from a side has no stamp there.",
                    span(timeline.width_s)
                ),
            );
            drawing(html, timeline);
            html.element("details", &[], |html| {
                html.leaf("summary", &[], "The same as numbers");
                table(html, timeline);
            });
        }
        let of = |rows: &Sided<u64>, side: Side| format!("{} of {side}", amount::count(*rows.get(side)));
        let said = |rows: &Sided<u64>| Side::BOTH.map(|side| of(rows, side)).join(", ");
        html.leaf(
            "p",
            &[("class", "note")],
            &format!(
                "Not drawn: rows stamped before the cutover, which that side has not written since ({}), and rows without a \
                 stamp there ({}).",
                said(&timeline.before),
                said(&timeline.unstamped)
            ),
        );
    });
}

fn absent(account: &Account) -> String {
    let before = account.timeline.before.old + account.timeline.before.new;
    if account.tables.iter().all(|table| table.differing() == 0) {
        return "There is no chart: no row differs.".to_owned();
    }
    if before == 0 {
        return "There is no chart: no row that differs has a time column that says when it was written.".to_owned();
    }
    "There is no chart: no row that differs bears a stamp from after the cutover.".to_owned()
}

fn drawing(html: &mut Html, timeline: &Timeline) {
    let most = timeline.bars.iter().map(|bar| bar.rows.old.max(bar.rows.new)).max().unwrap_or(1).max(1);
    let wide = (WIDTH / (timeline.bars.len() as u64).max(1)).max(2);
    let view = format!("0 0 {WIDTH} {}", 2 * HALF + 1);
    let sum = |side: Side| timeline.bars.iter().map(|bar| *bar.rows.get(side)).sum::<u64>();
    let label = format!("{} of NEW and {} of OLD", amount::rows(sum(Side::New)), amount::count(sum(Side::Old)));
    html.element(
        "svg",
        &[("viewBox", &view), ("role", "img"), ("aria-label", &label), ("preserveAspectRatio", "none"), ("class", "timeline")],
        |html| {
            for (number, bar) in timeline.bars.iter().enumerate() {
                let x = number as u64 * wide;
                let up = scaled(bar.rows.new, most);
                rect(html, [x, HALF - up, wide, up], "new", &title(bar, Side::New));
                rect(html, [x, HALF + 1, wide, scaled(bar.rows.old, most)], "old", &title(bar, Side::Old));
            }
            let (y, width) = (HALF.to_string(), WIDTH.to_string());
            html.element("rect", &[("x", "0"), ("y", &y), ("width", &width), ("height", "1"), ("class", "axis")], |_| {});
        },
    );
    html.element("p", &[("class", "axis")], |html| {
        let end = timeline.bars.last().map_or(0, |bar| bar.from_s + timeline.width_s);
        html.leaf("span", &[], &timeline.bars.first().map_or_else(String::new, |bar| moment(bar.from_s)));
        html.leaf("span", &[], &moment(end));
    });
    html.element("p", &[("class", "legend")], |html| {
        html.leaf("span", &[("class", "new")], "NEW, above");
        html.leaf("span", &[("class", "old")], "OLD, below");
    });
}

/// A row among millions shows all the same.
fn scaled(rows: u64, most: u64) -> u64 {
    if rows == 0 { 0 } else { (rows.saturating_mul(HALF) / most).max(2) }
}

fn title(bar: &Bar, side: Side) -> String {
    format!("{}: {} of {side}", moment(bar.from_s), amount::rows(*bar.rows.get(side)))
}

fn rect(html: &mut Html, [x, y, width, height]: [u64; 4], class: &str, title: &str) {
    if height == 0 {
        return;
    }
    let numbers = [x, y, width.saturating_sub(1).max(1), height].map(|number| number.to_string());
    let [x, y, width, height] = numbers.each_ref().map(String::as_str);
    html.element("rect", &[("x", x), ("y", y), ("width", width), ("height", height), ("class", class)], |html| {
        html.leaf("title", &[], title);
    });
}

fn table(html: &mut Html, timeline: &Timeline) {
    let mut grid =
        Grid::new("timeline-table", "Rows by when they were written", &[words("from"), numbers("NEW"), numbers("OLD")]);
    for bar in timeline.bars.iter().filter(|bar| bar.rows.old + bar.rows.new > 0) {
        grid.row(vec![moment(bar.from_s).into(), bar.rows.new.into(), bar.rows.old.into()]);
    }
    grid.write(html);
}

fn moment(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| "at an instant that no calendar has".to_owned(), |at| at.to_string())
}

fn span(seconds: i64) -> String {
    let unit =
        [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")].into_iter().find(|(unit, _)| seconds % unit == 0);
    let (unit, name) = unit.unwrap_or((1, "second"));
    let number = u64::try_from(seconds / unit).unwrap_or(0);
    amount::plural(number, name, &format!("{name}s"))
}
