//! Rows for a person: each a block with a line for each column.

use std::fmt::Write as _;

use super::value::{common, shown};
use super::view::{View, columns};
use crate::cli::Call;
use crate::cli::fold::{self, fold};
use crate::cli::page::Page;
use crate::cli::paint::tame;
use crate::cli::printer::Printer;
use crate::engine::{Cell, ShownColumn, ShownRow, Window};
use crate::error::Result;
use crate::name::Side;
use crate::policy::Action;
use crate::text::amount;

/// How wide a value may be beside others where no terminal says it.
const CELL: usize = 40;

/// How far columns stand to the right.
const INDENT: usize = 2;

/// Prints rows as blocks.
pub(super) struct Blocks<'a> {
    call: &'a Call,
    all: bool,
    full: bool,
    window: Window,
    shown: u64,
}

impl<'a> Blocks<'a> {
    pub(super) fn begin(call: &'a Call, all: bool, full: bool, window: Window) -> Self {
        Self { call, all, full, window, shown: 0 }
    }
}

impl View for Blocks<'_> {
    fn row(&mut self, row: &ShownRow) -> Result<()> {
        self.shown += 1;
        let mut page = self.call.printer.page();
        block(&mut page, self.call.printer.width(), row, self.all, self.full);
        page.line("");
        Printer::piece(page.text())
    }

    fn end(&mut self, found: u64) -> Result<()> {
        let mut page = self.call.printer.page();
        match rest(self.window, found) {
            _ if found == 0 => page.line("no row that differs is meant"),
            Some(rest) => page.line(rest),
            None => page.line(format!("{} in all", amount::rows(found))),
        }
        Printer::piece(page.text())
    }
}

/// Says which of the rows were shown, and how to go on, unless all of them were.
pub(super) fn rest(window: Window, found: u64) -> Option<String> {
    let end = window.limit.map_or(found, |limit| window.offset.saturating_add(limit)).min(found);
    if window.offset == 0 && end == found {
        return None;
    }
    if window.offset >= found {
        return Some(format!("--offset {} is behind the last of {}", window.offset, amount::rows(found)));
    }
    let mut said = format!("rows {} to {} of {}", amount::count(window.offset + 1), amount::count(end), amount::count(found));
    if end < found {
        let _ = write!(said, "; --offset {end} goes on");
    }
    Some(said)
}

/// Adds a row to a page: what it is, why, and its values.
pub(in crate::cli) fn block(page: &mut Page, width: Option<usize>, row: &ShownRow, all: bool, full: bool) {
    page.heading(&title(row));
    if let Some(why) = &row.why {
        page.line(format!("  {}", tame(why)));
    }
    page.line(format!("  {}", history(row)));
    let (_, none) = headings(row);
    if !none.is_empty() {
        page.line(format!("  no row: {}", none.join(", ")));
    }
    let grid = Grid::of(row, all, full, width);
    for line in grid.lines(width) {
        page.verbatim(&line);
    }
    let other = |column: &ShownColumn| {
        let own = column.old_type.as_deref()?;
        Some(format!("{} as {}, OLD's own is {}", tame(&column.name), tame(&column.pg_type), tame(own)))
    };
    let others: Vec<_> = columns(row, all).filter_map(other).collect();
    if !others.is_empty() {
        page.line(format!("  compared as another type: {}", others.join("; ")));
    }
    for line in masked(row, all) {
        page.line(format!("  {line}"));
    }
    let alike = row.columns.len() - columns(row, all).count();
    if alike > 0 {
        page.line(format!("  {} alike: --all", amount::plural(alike as u64, "column", "columns")));
    }
}

/// By what the values of columns are masked that are shown: a line for each rule.
fn masked(row: &ShownRow, all: bool) -> Vec<String> {
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    let shown = row.columns.iter().filter(|column| column.is_key).chain(columns(row, all).filter(|column| !column.is_key));
    for (column, by) in shown.filter_map(|column| Some((column, column.masked_by.as_deref()?))) {
        match found.iter_mut().find(|(known, _)| *known == by) {
            Some((_, names)) => names.push(tame(&column.name)),
            None => found.push((by, vec![tame(&column.name)])),
        }
    }
    found.into_iter().map(|(by, names)| format!("masked: {}, by {}", names.join(", "), tame(by))).collect()
}

pub(in crate::cli) fn title(row: &ShownRow) -> String {
    let key: Vec<_> = row.key.iter().map(|(name, cell)| format!("{} {}", tame(name), shown(cell, Some(0)))).collect();
    let action = row.action.map(|action| format!("  {}", said(action))).unwrap_or_default();
    format!("{}: {}  {}  {}{action}", tame(&row.database), tame(&row.table), key.join(", "), row.class)
}

const fn said(action: Action) -> &'static str {
    match action {
        Action::Hold => "held",
        Action::Replace => "update",
        action => action.word(),
    }
}

/// What is known of how the row came to be as it is.
pub(in crate::cli) fn history(row: &ShownRow) -> String {
    let mut said = format!("evidence: OLD {}, NEW {}", row.evidence.old, row.evidence.new);
    for side in Side::BOTH {
        if let Some(at) = row.written_us.get(side) {
            let _ = write!(said, "; {side} written {}", moment(*at));
        }
    }
    said
}

/// The values of a row, in columns where they are short, and below each other where they are not.
struct Grid {
    headings: Vec<&'static str>,
    /// The column's name, and a value for each heading.
    rows: Vec<(String, Vec<String>)>,
    /// Those that do not fit beside each other.
    long: Vec<(String, Vec<String>)>,
}

/// Whose values a column of the grid has.
pub(in crate::cli) type Heading = (&'static str, fn(&ShownColumn) -> &Cell);

/// Those whose row there is, or may have been, and those that have none.
pub(in crate::cli) fn headings(row: &ShownRow) -> (Vec<Heading>, Vec<&'static str>) {
    let all: [Heading; 4] = [
        ("OLD", |column| &column.old),
        ("NEW", |column| &column.new),
        ("BASE", |column| &column.base),
        ("RESULT", |column| column.result.as_ref().unwrap_or(&Cell::Unknown)),
    ];
    let every = |(_, cell): &Heading, like: &Cell| row.columns.iter().all(|column| cell(column) == like);
    let said = all.into_iter().filter(|heading| !every(heading, &Cell::Unknown));
    let (none, some): (Vec<_>, Vec<_>) = said.partition(|heading| every(heading, &Cell::NoRow));
    (some, none.into_iter().map(|(name, _)| name).collect())
}

impl Grid {
    fn of(row: &ShownRow, all: bool, full: bool, width: Option<usize>) -> Self {
        let (shown_of, _) = headings(row);
        let cells = |column: &ShownColumn| -> Vec<String> {
            let from = (!full).then(|| common(&column.old, &column.new));
            shown_of.iter().map(|(_, cell)| shown(cell(column), from)).collect()
        };
        let mut widths: Vec<_> =
            std::iter::once("column").chain(shown_of.iter().map(|(name, _)| *name)).map(str::len).collect();
        let (mut rows, mut long) = (Vec::new(), Vec::new());
        for column in columns(row, all) {
            let (name, cells) = (tame(&column.name), cells(column));
            let own = std::iter::once(&name).chain(&cells).map(|text| fold::columns(text));
            let wider: Vec<_> = widths.iter().zip(own).map(|(known, own)| own.max(*known)).collect();
            let fits = match width {
                Some(width) => wider.iter().map(|one| one + INDENT).sum::<usize>() <= width,
                None => cells.iter().all(|cell| fold::columns(cell) <= CELL),
            };
            if fits {
                widths = wider;
                rows.push((name, cells));
            } else {
                long.push((name, cells));
            }
        }
        Self { headings: shown_of.into_iter().map(|(name, _)| name).collect(), rows, long }
    }

    fn lines(&self, width: Option<usize>) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.rows.is_empty() {
            let headings: Vec<_> = self.headings.iter().map(|heading| (*heading).to_owned()).collect();
            let all: Vec<_> = std::iter::once(("column".to_owned(), headings)).chain(self.rows.iter().cloned()).collect();
            let names = all.iter().map(|(name, _)| fold::columns(name)).max().unwrap_or(0);
            let widest = |at: usize| all.iter().map(|(_, cells)| fold::columns(&cells[at])).max().unwrap_or(0);
            let widths: Vec<_> = (0..self.headings.len()).map(widest).collect();
            for (name, cells) in &all {
                let mut line = format!("{}{}", " ".repeat(INDENT), padded(name, names));
                for (cell, width) in cells.iter().zip(&widths) {
                    line.push_str("  ");
                    line.push_str(&padded(cell, *width));
                }
                lines.push(line.trim_end().to_owned());
            }
        }
        for (name, cells) in &self.long {
            lines.push(format!("{}{name}:", " ".repeat(INDENT)));
            for (at, (heading, cell)) in self.headings.iter().zip(cells).enumerate() {
                let same = cells[..at].iter().position(|other| other == cell).map(|other| self.headings[other]);
                let cell = same.map_or_else(|| cell.clone(), |other| format!("(as {other})"));
                lines.extend(beside(heading, &cell, width));
            }
        }
        lines
    }
}

/// A long value behind its heading, broken at blanks, and within words only where one alone is wider than a line.
fn beside(heading: &str, cell: &str, width: Option<usize>) -> Vec<String> {
    let behind = INDENT * 2 + 8;
    let line = format!("{}{}{cell}", " ".repeat(INDENT * 2), padded(heading, 8));
    let Some(width) = width else { return vec![line] };
    let mut lines = Vec::new();
    for part in fold(&line, Some(width), behind).split('\n') {
        let mut rest = part.to_owned();
        while fold::columns(&rest) > width {
            let at = rest.char_indices().nth(width).map_or(rest.len(), |(at, _)| at);
            let behind = format!("{}{}", " ".repeat(behind), &rest[at..]);
            rest.truncate(at);
            lines.push(std::mem::replace(&mut rest, behind));
        }
        lines.push(rest);
    }
    lines
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(fold::columns(text))))
}

/// An instant in UTC, to the second.
fn moment(us: i64) -> String {
    let second = us.div_euclid(1_000_000);
    jiff::Timestamp::from_second(second).map_or_else(|_| "at an instant that no calendar has".to_owned(), |at| at.to_string())
}
