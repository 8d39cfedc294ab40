//! The screen of all tables with differences.

use ratatui_core::text::{Line, Span};

use super::look::{Look, chosen, heading};
use super::text::{cut, cut_front, fit, number, right};
use crate::cli::amount;
use crate::cli::paint::tame;
use crate::cli::review::state::State;
use crate::cli::review::tables::TableLine;
use crate::delta::Class;
use crate::words::Counts;

/// A column of numbers: its head, how wide it is, and which classes it counts.
type Number = (&'static str, usize, fn(Class) -> bool);

const NUMBERS: [Number; 5] = [
    ("insert", 10, |class| class == Class::Insert),
    ("update", 10, |class| class == Class::Update),
    ("delete", 8, |class| class == Class::Delete),
    ("conflict", 9, Class::is_conflict),
    ("other", 8, is_other),
];

/// How wide the number of rows is that wait.
const WAITING: usize = 10;

fn is_other(class: Class) -> bool {
    !class.is_conflict() && !matches!(class, Class::Insert | Class::Update | Class::Delete)
}

/// The screen.
pub(super) fn lines(state: &State, look: Look, width: usize) -> Vec<Line<'static>> {
    let tables = &state.tables;
    let counts = tables.counts();
    let numbers: usize = NUMBERS.iter().map(|(_, width, _)| width).sum();
    let name = width.saturating_sub(4 + numbers + WAITING);
    let mut heads = format!("    {}", fit("table", name));
    for (head, width, _) in NUMBERS {
        heads.push_str(&right(head, width));
    }
    heads.push_str(&right("to decide", WAITING));
    let place = format!("{} of {} tables", tables.shown.len(), tables.lines.len());
    let title = format!(" failback review   {}", tame(&state.run));
    let mut lines = vec![
        heading(format!("{}{}", fit(&title, width.saturating_sub(20)), right(&place, 19))),
        heading(cut(&format!(" to decide {} of {}", amount::count(tables.waiting()), amount::rows(counts.sum())), width)),
        Line::default(),
        heading(heads),
    ];
    for place in tables.list.seen() {
        let Some(line) = usize::try_from(place).ok().and_then(|place| tables.lines.get(*tables.shown.get(place)?)) else {
            break;
        };
        lines.push(table(line, &tame(&tables.label(line)), look, name, place == tables.list.at));
    }
    if tables.lines.is_empty() {
        lines.push(Line::raw("    no row differs"));
    } else if tables.shown.is_empty() {
        lines.push(Line::raw("    no table's name holds that"));
    }
    let room = usize::from(state.size.1).saturating_sub(4);
    lines.resize(room, Line::default());
    let detail = tables.chosen().and_then(|number| tables.lines.get(number)).map(|line| {
        let (name, counts) = (tables.label(line), classes(&line.counts));
        format!("{}   {counts}", tame(&name))
    });
    lines.push(Line::styled(cut(&format!(" {}", detail.unwrap_or_default()), width), look.aside()));
    let alike = format!(" {} alike on both sides", amount::plural(tables.alike as u64, "table is", "tables are"));
    lines.push(Line::styled(alike, look.aside()));
    lines
}

fn table(line: &TableLine, name: &str, look: Look, width: usize, is_chosen: bool) -> Line<'static> {
    let (sign, style) = match line.waiting {
        Some(0) => ('✓', look.decided()),
        Some(_) => ('●', look.waits()),
        None => ('…', look.aside()),
    };
    let arrow = if is_chosen { '▸' } else { ' ' };
    let mut spans = vec![Span::raw(format!("{arrow}")), Span::styled(format!("{sign} "), style), Span::raw(" ")];
    spans.push(Span::raw(fit(&cut_front(name, width.saturating_sub(1)), width)));
    for (_, width, is_meant) in NUMBERS {
        spans.push(Span::raw(number(line.counts.sum_of(is_meant), width)));
    }
    spans.push(Span::raw(line.waiting.map_or_else(|| right("…", WAITING), |rows| number(rows, WAITING))));
    chosen(is_chosen, spans)
}

/// The classes of a table's rows, the conflicts by their own names.
fn classes(counts: &Counts<Class>) -> String {
    counts.iter().map(|(class, rows)| format!("{} {}", class.word(), amount::count(rows))).collect::<Vec<_>>().join("  ")
}
