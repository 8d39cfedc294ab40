//! The screen of one table's rows, with what they have in common beside them.

use ratatui_core::text::{Line, Span};

use super::look::{Look, chosen, heading};
use super::text::{cut, fit, near, number, right};
use crate::cli::amount;
use crate::cli::paint::tame;
use crate::cli::review::event::{Facet, RowView};
use crate::cli::review::rows::Rows;
use crate::cli::review::state::State;
use crate::cli::show::shown;
use crate::delta::Class;
use crate::engine::{ShownRow, common};
use crate::policy::{Origin, Resolution};

/// How wide the facets are.
const FACETS: usize = 24;

/// The screen.
pub(super) fn lines(state: &State, look: Look, width: usize) -> Vec<Line<'static>> {
    let Some(rows) = &state.rows else { return Vec::new() };
    let Some(table) = state.tables.lines.get(rows.table) else { return Vec::new() };
    let title = format!(" {}: {}", tame(&table.database), tame(&table.name));
    let place = if rows.list.len == 0 { 0 } else { rows.list.at + 1 };
    let place = format!("{} of {}", amount::count(place), amount::count(rows.list.len));
    let mut lines = vec![
        heading(format!("{}{}", fit(&title, width.saturating_sub(32)), right(&place, 31))),
        Line::raw(cut(&asked(rows, table.waiting, state.why.as_deref()), width)),
        Line::default(),
    ];
    let room = usize::from(state.size.1).saturating_sub(6);
    let facets = facets(rows, look, room);
    let list = list(rows, look, width.saturating_sub(FACETS + 3), room);
    for (facet, row) in facets.into_iter().zip(list) {
        let mut spans = facet.spans;
        let style = facet.style;
        for span in &mut spans {
            span.style = style.patch(span.style);
        }
        spans.push(Span::raw(" │ "));
        let style = row.style;
        spans.extend(row.spans.into_iter().map(|span| Span { style: style.patch(span.style), ..span }));
        lines.push(Line::from(spans));
    }
    let class = rows.chosen().map(said).unwrap_or_default();
    lines.push(Line::styled(cut(&format!(" {class}"), width), look.aside()));
    lines
}

/// What is asked for, and how far it is known.
fn asked(rows: &Rows, waiting: Option<u64>, why: Option<&str>) -> String {
    let filter = if rows.filter.is_empty() { "all rows".to_owned() } else { format!("filter: {}", tame(&rows.filter.text())) };
    let waiting = waiting.map_or_else(String::new, |rows| format!("   to decide {}", amount::count(rows)));
    let counting = match rows.counting {
        Some(done) => format!("   counting: {} %", done.saturating_mul(100) / rows.total.max(1)),
        None => String::new(),
    };
    let why = why.map_or_else(String::new, |why| format!("   why: {}", tame(why)));
    format!(" {filter}   {} in all{waiting}{counting}{why}", amount::rows(rows.total))
}

fn facets(rows: &Rows, look: Look, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::with_capacity(room);
    let mut word = "";
    let seen = rows.facet.seen();
    for (place, facet) in (0..).zip(&rows.facets) {
        if !seen.contains(&place) || lines.len() + 2 > room {
            continue;
        }
        if facet.word != word {
            word = facet.word;
            lines.push(Line::styled(fit(&format!(" {word}"), FACETS), look.aside()));
        }
        lines.push(one_facet(rows, facet, rows.in_facets && rows.facet.at == place));
    }
    lines.resize(room, Line::raw(" ".repeat(FACETS)));
    lines
}

fn one_facet(rows: &Rows, facet: &Facet, is_chosen: bool) -> Line<'static> {
    let arrow = if is_chosen { '▸' } else { ' ' };
    let sign = if rows.filter.has(facet.word, &facet.value) { '=' } else { ' ' };
    let text = fit(&format!("{arrow}{sign}{}", tame(&facet.value)), FACETS - 8);
    chosen(is_chosen, vec![Span::raw(text), Span::raw(number(facet.rows, 8))])
}

fn list(rows: &Rows, look: Look, width: usize, room: usize) -> Vec<Line<'static>> {
    let widths = Widths::of(width);
    let mut lines = vec![heading(format!("  {}", widths.line("what", ["key", "differs", "OLD", "NEW"])))];
    for place in rows.list.seen().take(room.saturating_sub(1)) {
        let is_chosen = !rows.in_facets && place == rows.list.at;
        lines.push(match rows.row(place) {
            Some(view) => row(view, look, widths, is_chosen),
            None => Line::raw(" …"),
        });
    }
    if rows.list.len == 0 {
        lines.push(Line::raw(if rows.counting.is_some() { " counting …" } else { " no row is asked for" }));
    }
    lines.resize(room, Line::default());
    lines
}

/// How wide the columns of the list are.
#[derive(Clone, Copy)]
struct Widths {
    key: usize,
    column: usize,
    value: usize,
}

impl Widths {
    fn of(width: usize) -> Self {
        let rest = width.saturating_sub(3 + 8 + 3);
        let (key, column) = (rest / 4, rest / 4);
        Self { key, column, value: (rest - key - column) / 2 }
    }

    /// A line of the list, behind its signs.
    fn line(self, what: &str, [key, column, old, new]: [&str; 4]) -> String {
        let parts = [fit(key, self.key), fit(column, self.column), fit(old, self.value), fit(new, self.value)];
        format!(" {} {}", fit(what, 7), parts.join(" "))
    }
}

fn row(view: &RowView, look: Look, widths: Widths, is_chosen: bool) -> Line<'static> {
    let (sign, style) = match view.decided.resolution {
        Resolution::Hold => ('●', look.waits()),
        _ if view.lacks.is_some() => ('!', look.waits()),
        _ if view.decided.origin == Origin::Builtin => ('·', look.aside()),
        _ => ('✓', look.decided()),
    };
    let arrow = if is_chosen { '▸' } else { ' ' };
    let row = &view.seen.row;
    let differing: Vec<_> = row.columns.iter().filter(|column| column.differs).collect();
    let first = differing.iter().find(|column| !column.is_key).or(differing.first());
    let (mut column, mut old, mut new) = (String::new(), String::new(), String::new());
    if let Some(one) = first {
        let more = differing.len() - 1;
        column = if more > 0 { format!("{} +{more}", tame(&one.name)) } else { tame(&one.name) };
        let from = common(&one.old, &one.new);
        let value = |cell| near(&shown(cell, Some(from)), from, widths.value);
        (old, new) = (value(&one.old), value(&one.new));
    }
    let line = widths.line(short(row.class), [&key(row), &column, &old, &new]);
    chosen(is_chosen, vec![Span::raw(arrow.to_string()), Span::styled(sign.to_string(), style), Span::raw(line)])
}

/// The values of a row's key.
pub(super) fn key(row: &ShownRow) -> String {
    row.key.iter().map(|(_, cell)| shown(cell, Some(0))).collect::<Vec<_>>().join(", ")
}

/// What a class is in a few letters; its own name stands at the bottom.
const fn short(class: Class) -> &'static str {
    match class {
        Class::Insert => "insert",
        Class::Update => "update",
        Class::Delete => "delete",
        Class::OldOnly => "old",
        Class::Drift => "drift",
        _ if class.is_conflict() => "CONFL.",
        _ => "unclear",
    }
}

/// What the chosen row is, and what is decided about it.
pub(super) fn said(view: &RowView) -> String {
    let decided = &view.decided;
    let by = decided.signature.by.as_ref().map_or_else(String::new, |by| format!(", by {}", tame(by)));
    let why = decided.signature.why.as_ref().map_or_else(String::new, |why| format!(": {}", tame(why)));
    let lacks = view.lacks.map_or_else(String::new, |needed| {
        format!("; stays held: it rests on {}, and needs {needed} or better", view.seen.kind.rests_on)
    });
    format!("{}: {} ({}){by}{why}{lacks}", view.seen.row.class.word(), tame(&decided.said()), decided.origin.word())
}
