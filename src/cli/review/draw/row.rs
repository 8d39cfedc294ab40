//! The screen of one row, column by column, and a column's values, whole.

use ratatui_core::text::{Line, Span};

use super::look::{Look, chosen, heading};
use super::rows::said;
use super::text::{cut, fit, near, right, wrap};
use crate::cli::amount;
use crate::cli::paint::tame;
use crate::cli::review::state::State;
use crate::cli::show::{headings, history, shown};
use crate::engine::{ShownColumn, ShownRow, common};
use crate::policy::{Choice, ValueOf};

/// The columns that are shown of the row that is open.
fn shown_columns(row: &ShownRow, alike: bool) -> Vec<&ShownColumn> {
    row.columns.iter().filter(|column| alike || column.differs).collect()
}

/// The screen.
pub(super) fn lines(state: &State, look: Look, width: usize) -> Vec<Line<'static>> {
    let (Some(rows), Some(open)) = (&state.rows, &state.row) else { return Vec::new() };
    let Some(view) = rows.chosen() else { return vec![Line::raw(" …")] };
    let row = &view.seen.row;
    let key: Vec<_> = row.key.iter().map(|(name, cell)| format!("{} {}", tame(name), shown(cell, Some(0)))).collect();
    let title = format!(" {}: {}   {}", tame(&row.database), tame(&row.table), key.join(", "));
    let place = format!("{} of {}", amount::count(rows.list.at + 1), amount::count(rows.list.len));
    let mut lines = vec![
        heading(format!("{}{}", fit(&title, width.saturating_sub(24)), right(&place, 23))),
        Line::raw(cut(&format!(" {}", said(view)), width)),
    ];
    // Who wrote the row when is what decides, and does not stand beside the evidence in a line of eighty columns.
    let known = history(row);
    let (evidence, written) = known.split_once("; ").unwrap_or((&known, ""));
    lines.extend([evidence, written].map(|part| Line::styled(cut(&format!(" {part}"), width), look.aside())));
    let (some, none) = headings(row);
    let none = (!none.is_empty()).then(|| format!("no row: {}", none.join(", ")));
    let planned = row.why.as_ref().map(|why| format!("plan: {}", tame(why)));
    let both: Vec<_> = none.into_iter().chain(planned).collect();
    lines.push(Line::raw(cut(&format!(" {}", both.join("; ")), width)));
    let name = (width / 5).min(24);
    let value = (width.saturating_sub(name + 4) / some.len().max(1)).saturating_sub(1);
    let mut heads = format!("   {} ", fit("column", name));
    for (head, _) in &some {
        heads.push_str(&fit(head, value));
        heads.push(' ');
    }
    lines.push(heading(heads));
    let columns = shown_columns(row, open.alike);
    for place in open.list.seen() {
        let Some(column) = usize::try_from(place).ok().and_then(|place| columns.get(place)) else { break };
        let is_chosen = place == open.list.at;
        let arrow = if is_chosen { '▸' } else { ' ' };
        let sign = if column.differs { '≠' } else { ' ' };
        let gets = view.decided.choices.0.get(&column.name).map_or(' ', |chosen| mark(&chosen.choice));
        let mut spans = vec![Span::raw(format!("{arrow}{sign}{gets}{} ", fit(&tame(&column.name), name)))];
        let from = common(&column.old, &column.new);
        for (_, cell) in &some {
            let style = if column.differs { look.differs() } else { look.aside() };
            spans.push(Span::styled(format!("{} ", fit(&near(&shown(cell(column), Some(from)), from, value), value)), style));
        }
        lines.push(chosen(is_chosen, spans));
    }
    let alike = row.columns.len() - shown_columns(row, false).len();
    if alike > 0 && !open.alike {
        lines.push(Line::styled(format!("   {} alike", amount::plural(alike as u64, "column", "columns")), look.aside()));
    }
    lines
}

/// How a column is marked that gets a value of its own.
const fn mark(choice: &Choice) -> char {
    match choice {
        Choice::Of(ValueOf::Old) => 'O',
        Choice::Of(ValueOf::New) => 'N',
        Choice::Of(ValueOf::Base) => 'B',
        Choice::Text(_) => '=',
        Choice::Null => '0',
        Choice::Delta => 'D',
        Choice::Sql(_) => 'C',
    }
}

/// The values of the chosen column, whole.
pub(super) fn whole(state: &State, from: u64, width: usize) -> Vec<Line<'static>> {
    let (Some(view), Some(open)) = (state.rows.as_ref().and_then(|rows| rows.chosen()), &state.row) else { return Vec::new() };
    let columns = shown_columns(&view.seen.row, open.alike);
    let Some(column) = usize::try_from(open.list.at).ok().and_then(|at| columns.get(at)) else { return Vec::new() };
    let mut lines = Vec::new();
    for (head, cell) in headings(&view.seen.row).0 {
        lines.push(heading(format!(" {head}")));
        let text = shown(cell(column), None);
        lines.extend(wrap(&text, width.saturating_sub(4)).into_iter().map(|line| Line::raw(format!("   {line}"))));
    }
    let from = usize::try_from(from).unwrap_or(usize::MAX).min(lines.len().saturating_sub(1));
    let head = heading(cut(&format!(" {}  {}", tame(&column.name), tame(&column.pg_type)), width));
    let by = column.masked_by.as_ref().map(|by| Line::raw(cut(&format!(" masked by {}", tame(by)), width)));
    [head, by.unwrap_or_default()].into_iter().chain(lines.into_iter().skip(from)).collect()
}
