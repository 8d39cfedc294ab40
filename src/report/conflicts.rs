//! Where conflicts lie: by kind, table and column.

use super::grid::{Content, Grid, numbers, words};
use super::html::Html;
use crate::engine::{Account, ChangedColumn};
use crate::text::amount;

/// So many columns are named in a line.
const COLUMNS: usize = 8;

/// So many lines there are at most.
const LINES: usize = 200;

pub(super) fn write(html: &mut Html, account: &Account) {
    html.element("section", &[("id", "conflicts"), ("aria-labelledby", "conflicts-title")], |html| {
        html.leaf("h2", &[("id", "conflicts-title")], "Conflicts");
        let Some(most) = account.conflicts.first().map(|cell| cell.rows) else {
            html.leaf("p", &[], "There is no conflict: no row was changed by both sides.");
            return;
        };
        let heads =
            [words("kind"), words("table"), words("database"), numbers("rows"), words("columns that differ, in how many rows")];
        let mut grid = Grid::new("conflicts-table", "Conflicts by kind, table and column, the most first", &heads);
        for cell in account.conflicts.iter().take(LINES) {
            grid.row(vec![
                cell.class.word().into(),
                cell.table.as_str().into(),
                cell.database.as_str().into(),
                Content::Marked(amount::count(cell.rows), heat(cell.rows, most)),
                columns(&cell.columns).into(),
            ]);
        }
        grid.write(html);
        let more = account.conflicts.len().saturating_sub(LINES);
        if more > 0 {
            let said =
                format!("{} are not listed: failback show '*' --class conflict", amount::plural(more as u64, "line", "lines"));
            html.leaf("p", &[("class", "note")], &said);
        }
    });
}

/// The number stands in the cell: the shade only leads the eye.
fn heat(rows: u64, most: u64) -> &'static str {
    match rows.saturating_mul(4) / most.max(1) {
        0 => "number heat1",
        1 => "number heat2",
        2 => "number heat3",
        _ => "number heat4",
    }
}

fn columns(columns: &[ChangedColumn]) -> String {
    let said = |one: &ChangedColumn| match &one.column {
        Some(column) => format!("{column} {}", amount::count(one.rows)),
        None => format!("one side has no row {}", amount::count(one.rows)),
    };
    let mut said: Vec<_> = columns.iter().take(COLUMNS).map(said).collect();
    let more = columns.len().saturating_sub(COLUMNS);
    if more > 0 {
        said.push(format!("{more} more"));
    }
    said.join(", ")
}
