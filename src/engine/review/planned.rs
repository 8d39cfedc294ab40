//! What the plan does with each row of a table's diff, row by row.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, RecordBatch};

use crate::engine::diff::read_words;
use crate::error::{Error, ErrorKind, Result};
use crate::policy::Action;
use crate::staging::{SegmentReader, TablePlan};
use crate::store::Store;

/// What the plan does with one row, and why.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) action: Action,
    pub(super) why: Arc<str>,
}

/// Reads what is done with each row of a batch of the plan.
pub(super) fn planned(batch: &RecordBatch) -> Result<Vec<Planned>> {
    let actions = read_words::<Action>(batch, "fb_action")?;
    let whys = batch.column_by_name("fb_why").and_then(|column| column.as_string_opt::<i32>());
    let why = |row: usize| Arc::from(whys.filter(|whys| whys.is_valid(row)).map_or("", |whys| whys.value(row)));
    Ok(actions.into_iter().enumerate().map(|(row, action)| Planned { action, why: why(row) }).collect())
}

/// Reads a table's part of the plan beside its diff. Memory: one batch.
pub(super) struct PlanReader {
    batches: Option<SegmentReader>,
    batch: Option<(RecordBatch, Vec<Action>)>,
    at: usize,
    /// Neighbours mostly have the same reason.
    why: Arc<str>,
}

impl PlanReader {
    pub(super) fn open(store: &dyn Store, table: &TablePlan) -> Result<Self> {
        let batches = table.changes.as_ref().map(|segment| SegmentReader::open(store, segment, 1 << 13)).transpose()?;
        Ok(Self { batches, batch: None, at: 0, why: Arc::from("") })
    }

    /// Reads what is done with the next row.
    pub(super) fn next(&mut self) -> Result<Planned> {
        let ended = || Error::new(ErrorKind::Damaged, "read the plan's changes").because("it has fewer rows than the diff");
        while self.batch.as_ref().is_none_or(|(_, actions)| self.at >= actions.len()) {
            let batch = self.batches.as_mut().and_then(Iterator::next).ok_or_else(ended)??;
            let actions = read_words::<Action>(&batch, "fb_action")?;
            (self.batch, self.at) = (Some((batch, actions)), 0);
        }
        let (batch, actions) = self.batch.as_ref().ok_or_else(ended)?;
        let whys = batch.column_by_name("fb_why").and_then(|column| column.as_string_opt::<i32>());
        let why = whys.filter(|whys| whys.is_valid(self.at)).map_or("", |whys| whys.value(self.at));
        if *self.why != *why {
            self.why = Arc::from(why);
        }
        let action = actions[self.at];
        self.at += 1;
        Ok(Planned { action, why: Arc::clone(&self.why) })
    }
}
