//! Rows whose resolution is another one once decisions are edited.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use serde::Serialize;

use super::decided_rows::{DecidedRow, DecidedRows};
use super::met::Met;
use crate::delta::Class;
use crate::engine::diff::DECIDING;
use crate::error::{Place as _, Result};
use crate::policy::{Decisions, Resolution};
use crate::staging::{DiffIndex, Manifest, TableDiff};
use crate::store::Store;

/// How many rows are read at a time.
const BATCH_ROWS: usize = 1 << 12;

/// Rows of one class of one table whose resolution becomes another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MovedDecision {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// The class.
    pub class: Class,
    /// What was to be done.
    pub from: Resolution,
    /// What is to be done.
    pub to: Resolution,
    /// What single columns get, where that is not what the resolution says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub columns: String,
    /// How many rows.
    pub rows: u64,
}

/// Lists what an edit of the decisions changes.
///
/// # Errors
/// As [`super::Tally::of`].
pub fn moved_decisions(
    store: &dyn Store,
    (manifest, index): (&Manifest, &DiffIndex),
    before: &Decisions,
    after: &Decisions,
    met: &Met,
) -> Result<Vec<MovedDecision>> {
    let mut found = Vec::new();
    for database in &index.databases {
        let Some(record) = manifest.database(&database.name) else { continue };
        for diff in &database.tables {
            let table = record.table(diff.id)?;
            let of = |decisions| DecidedRows::of(decisions, &database.name, table, met);
            let both = (of(before)?, of(after)?);
            let moved = of_table(store, diff, &both).place(|| &diff.name)?;
            found.extend(moved.into_iter().map(|((class, from, to, columns), rows)| MovedDecision {
                database: database.name.clone(),
                table: table.name.to_string(),
                class,
                from,
                to,
                columns,
                rows,
            }));
        }
    }
    Ok(found)
}

type Moves = BTreeMap<(Class, Resolution, Resolution, String), u64>;

fn of_table(store: &dyn Store, diff: &TableDiff, (before, after): &(DecidedRows<'_>, DecidedRows<'_>)) -> Result<Moves> {
    let mut moves = Moves::new();
    let mut add = |class, by: (_, _), rows| -> Result<()> {
        let (Some(from), Some(to)) = (before.decided(class, by.0)?, after.decided(class, by.1)?) else { return Ok(()) };
        if (from.resolution, &from.choices) != (to.resolution, &to.choices) {
            *moves.entry((class, from.resolution, to.resolution, to.choices.to_string())).or_insert(0) += rows;
        }
        Ok(())
    };
    if before.is_by_class() && after.is_by_class() {
        for (class, rows) in diff.counts.iter().filter(|(class, _)| !class.is_settled()) {
            add(class, (crate::policy::By::Class, crate::policy::By::Class), rows)?;
        }
        return Ok(moves);
    }
    // Whichever asks for more opens the files for both.
    let opens = if after.asks_keys() { after } else { before };
    let mut pairs: BTreeMap<(Class, (_, _)), u64> = BTreeMap::new();
    let mut first = 0;
    for segment in &diff.segments {
        for batch in opens.open(store, segment, BATCH_ROWS, &DECIDING)? {
            let batch: RecordBatch = batch?;
            let (before, after): (Vec<DecidedRow>, Vec<DecidedRow>) = (before.read(&batch, first)?, after.read(&batch, first)?);
            first += batch.num_rows();
            for (was, is) in before.iter().zip(&after) {
                *pairs.entry((was.class, (was.by, is.by))).or_insert(0) += 1;
            }
        }
    }
    for ((class, by), rows) in pairs {
        add(class, by, rows)?;
    }
    Ok(moves)
}
