//! How many rows of each table differ; no value.

use serde::Serialize;

use crate::cli::Call;
use crate::cli::settings::Settings;
use crate::cli::table::Table;
use crate::delta::Class;
use crate::engine::{CountedTable, Filter, Review};
use crate::error::Result;
use crate::text::amount;
use crate::words::Counts;

#[derive(Serialize)]
struct Listed<'a> {
    planned: bool,
    notes: &'a [String],
    tables: Vec<CountedTable>,
    counts: Counts<Class>,
}

/// Prints the tables of a run that have rows of those that are asked for.
pub(super) fn show(call: &Call, settings: &Settings, review: &Review<'_>, filter: &Filter) -> Result<()> {
    let tables = review.counts(filter)?;
    let counts = tables.iter().map(|one| &one.counts).sum();
    let report = Listed { planned: review.is_planned(), notes: review.notes(), tables, counts };
    let mut table = Table::new(&["database", "table", "class", "#rows"]);
    for one in &report.tables {
        for (class, rows) in one.counts.iter() {
            table.row([one.database.as_str(), &one.table, class.word(), &amount::count(rows)]);
        }
    }
    let mut page = call.printer.page();
    if table.is_empty() {
        page.line("no row that differs is meant");
    } else {
        table.row(["", "in all", "", &amount::count(report.counts.sum())]);
        page.heading("rows that differ");
        page.table(&table);
        page.next(settings.steps("show", &["TABLE".to_owned()]));
    }
    call.printer.result(&report, &page)
}
