//! What differs between NEW's staged rows and OLD, in numbers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::engine::run::Context;
use crate::staging::DiffIndex;

/// What differs.
#[derive(Clone, Debug, Serialize)]
pub struct DiffReport {
    /// Where the run is, for people.
    pub run: String,
    /// One line a table.
    pub tables: Vec<DiffedTable>,
    /// Keys in all, by class.
    pub counts: BTreeMap<String, u64>,
}

/// What differs in one table.
#[derive(Clone, Debug, Serialize)]
pub struct DiffedTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Keys by class.
    pub counts: BTreeMap<String, u64>,
}

/// Reads the report off the index.
pub(crate) fn report(context: &Context, index: &DiffIndex) -> DiffReport {
    let mut report = DiffReport { run: context.run(), tables: Vec::new(), counts: BTreeMap::new() };
    for database in &index.databases {
        for table in &database.tables {
            for (class, rows) in &table.counts {
                *report.counts.entry(class.clone()).or_insert(0) += rows;
            }
            report.tables.push(DiffedTable {
                database: database.name.clone(),
                table: table.name.to_string(),
                counts: table.counts.clone(),
            });
        }
    }
    report
}
