//! What differs between NEW's staged rows and OLD, in numbers.

use serde::Serialize;

use crate::delta::Class;
use crate::engine::run::CoveredTable;
use crate::staging::{DatabaseDiff, DiffIndex};
use crate::words::Counts;

/// What differs.
#[derive(Clone, Debug, Serialize)]
pub struct DiffReport {
    /// Where the run is, for people.
    pub run: String,
    /// What is covered, table by table, what is not covered first.
    pub coverage: Vec<CoveredTable>,
    /// One line a table.
    pub tables: Vec<DiffedTable>,
    /// Keys in all, by class.
    pub counts: Counts<Class>,
    /// What a person should know: settings that were edited since the export, which the run does not follow.
    pub notes: Vec<String>,
}

/// What differs in one table.
#[derive(Clone, Debug, Serialize)]
pub struct DiffedTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Keys by class.
    pub counts: Counts<Class>,
}

/// Reads the report off the index.
pub(crate) fn report(run: String, coverage: Vec<CoveredTable>, index: &DiffIndex, notes: Vec<String>) -> DiffReport {
    let tables = index.databases.iter().flat_map(diffed_tables).collect();
    DiffReport { run, coverage, tables, counts: index.counts(), notes }
}

fn diffed_tables(database: &DatabaseDiff) -> impl Iterator<Item = DiffedTable> {
    database.tables.iter().map(|table| DiffedTable {
        database: database.name.clone(),
        table: table.name.to_string(),
        counts: table.counts.clone(),
    })
}
