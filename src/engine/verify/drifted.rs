//! Rows that differed from NEW's before the cutover already (`drift`), and that the plan leaves as OLD has them.

use crate::delta::Class;
use crate::engine::diff::read_words;
use crate::engine::plan::planned_actions;
use crate::error::Result;
use crate::staging::{SegmentReader, TablePlan};
use crate::store::Store;

/// How many rows of the diff are read at a time.
const BATCH_ROWS: usize = 1 << 14;

/// Counts them. Memory: one byte a row of the diff.
pub(super) fn drifted_rows(store: &dyn Store, table: &TablePlan) -> Result<u64> {
    let mut actions = planned_actions(store, table)?.into_iter();
    let mut rows = 0;
    for segment in &table.diff {
        for batch in SegmentReader::open_projected(store, segment, BATCH_ROWS, &["fb_class"])? {
            let classes = read_words::<Class>(&batch?, "fb_class")?;
            let left =
                classes.into_iter().zip(&mut actions).filter(|(class, action)| *class == Class::Drift && !action.writes());
            rows += left.count() as u64;
        }
    }
    Ok(rows)
}
