//! Finding one row of a diff by its key, and showing rows that were read from the servers as those of the diff are shown.

use std::collections::BTreeMap;

use super::filter::Filter;
use super::reviewed_table::ReviewedTable;
use super::run::Review;
use super::shown_row::ShownRow;
use super::written::Written;
use crate::delta::{Base, Class, Evidence, Verdict};
use crate::engine::diff::{DiffRow, DiffShape, diff_batch};
use crate::engine::rows::Image;
use crate::error::Result;
use crate::name::Sided;
use crate::staging::{SegmentReader, TableDiff, TableRecord};
use crate::words::Counts;

/// How many rows are read at a time.
const BATCH_ROWS: usize = 1 << 9;

/// Where a row of a diff stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) database: String,
    /// The table by OLD's name, as `schema.name`.
    pub(crate) table: String,
    /// How many rows of the table's diff stand before it.
    pub(crate) position: u64,
}

impl Review<'_> {
    /// Finds the rows that have a filter's key. Memory: one batch of rows.
    ///
    /// # Errors
    /// `Damaged` where a file is not what was written; `Usage` where the key has another number of columns.
    pub(crate) fn locate(&self, filter: &Filter) -> Result<Vec<Located>> {
        let mut found = Vec::new();
        for table in self.tables(filter)? {
            let mut before = 0;
            for segment in &table.diff.segments {
                for batch in SegmentReader::open(table.store, segment, BATCH_ROWS)? {
                    let batch = batch?;
                    let admitted = table.admitted(filter, &batch)?.unwrap_or_default();
                    let here = admitted.iter().zip(before..).filter(|(is_it, _)| **is_it);
                    found.extend(here.map(|(_, position)| Located {
                        database: table.database.to_owned(),
                        table: table.record.name.to_string(),
                        position,
                    }));
                    before += batch.num_rows() as u64;
                }
            }
        }
        Ok(found)
    }

    /// Shows a row as both servers have it now: its values as text or masked, as those of the diff are. What of it is about a
    /// diff (class, evidence, action) says nothing.
    ///
    /// # Errors
    /// `Damaged` where a value is none of the layout's.
    pub(crate) fn shown_now(&self, database: &str, record: &TableRecord, sides: &Sided<Image>) -> Result<Option<ShownRow>> {
        let Some(found) = self.manifest().database(database) else { return Ok(None) };
        let diff = TableDiff {
            id: record.id,
            name: record.name.clone(),
            segments: Vec::new(),
            counts: Counts::new(),
            evidence: BTreeMap::new(),
        };
        let table = ReviewedTable {
            store: self.store(),
            database: &found.name,
            record,
            diff: &diff,
            plan: None,
            composed: None,
            mask: self.mask_of(record),
            written: Written::Unknown,
            states: false,
        };
        // A class that is shown: the row itself is what matters.
        let silent = Sided { old: Evidence::TwoWay, new: Evidence::TwoWay };
        let verdict = Verdict { class: Class::AmbiguousDiffers, base: Base::Unknown, evidence: silent };
        let row = DiffRow { verdict, changed: None, written_us: Sided { old: None, new: None } };
        let batch = diff_batch(&DiffShape::of(database, record), sides, None, &[row])?;
        let mut shown = None;
        table.show_batch(&batch, vec![(0, None)], &mut |_, row| {
            shown = row;
            Ok(())
        })?;
        Ok(shown)
    }
}
