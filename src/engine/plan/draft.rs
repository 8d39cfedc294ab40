//! One table on its way to a plan: an action and a reason for every row of its diff.

use std::collections::HashMap;

use arrow_array::RecordBatch;

use super::direction::Direction;
use super::planned_row::PlannedRows;
use crate::engine::rows::{Composed, Image};
use crate::error::Result;
use crate::policy::Action;
use crate::staging::{Segment, TableDiff, TableRecord};

/// One table on its way to a plan. Memory: five bytes a row of the diff.
pub(crate) struct Draft<'a> {
    pub(crate) record: &'a TableRecord,
    pub(crate) diff: &'a TableDiff,
    /// One action a row of the diff.
    pub(crate) actions: Vec<Action>,
    /// One reason a row, as its number among `reasons`.
    pub(crate) whys: Vec<u32>,
    /// The reasons that occur.
    pub(crate) reasons: Reasons,
    /// The rows whose columns were chosen one by one, with the file that they stand in.
    pub(crate) composed: Option<(Segment, Composed)>,
}

/// Reasons, each under a number. There are few: one a class and origin, one a foreign key, one a rule, and one for each pick
/// that gives one of its own.
#[derive(Default)]
pub(crate) struct Reasons {
    list: Vec<Reason>,
    numbers: HashMap<Reason, u32>,
}

impl Reasons {
    /// Returns a reason's number, adding it if it is new.
    fn number(&mut self, why: Reason) -> u32 {
        if let Some(known) = self.numbers.get(&why) {
            return *known;
        }
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(why.clone());
        self.numbers.insert(why, number);
        number
    }

    /// Returns the reason of a number.
    pub(crate) fn get(&self, number: u32) -> Option<&Reason> {
        self.list.get(usize::try_from(number).ok()?)
    }
}

impl From<Reason> for Reasons {
    fn from(why: Reason) -> Self {
        let mut reasons = Self::default();
        reasons.number(why);
        reasons
    }
}

/// Why something is done with a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reason {
    /// For people.
    pub(crate) text: String,
    /// Whether somebody has decided it for the row, or for its table by its name: only what holds for all tables alike may not
    /// have meant the row.
    pub(crate) by_name: bool,
}

impl Draft<'_> {
    /// Adds what is done with the next row, and why.
    pub(crate) fn push(&mut self, action: Action, why: Reason) {
        let why = self.reasons.number(why);
        self.actions.push(action);
        self.whys.push(why);
    }

    /// Reads some rows of the diff, of which the first has that position, with what is done about them.
    pub(crate) fn rows(&self, batch: &RecordBatch, first: usize) -> Result<PlannedRows> {
        let actions = self.actions[first..first + batch.num_rows()].to_vec();
        PlannedRows::read(actions, batch)?.composed_from(self.composed.as_ref().map(|(_, composed)| composed), first as u64)
    }

    /// Reads an image of some rows, of which the first has that position, those that were composed in the place of NEW's.
    pub(crate) fn image(&self, batch: &RecordBatch, image: &str, first: usize) -> Result<Image> {
        let found = Image::read(batch, image)?;
        match self.composed.as_ref().filter(|_| image == Direction::Forward.image()) {
            Some((_, composed)) => {
                let positions: Vec<u64> = (first as u64..(first + batch.num_rows()) as u64).collect();
                composed.over(&found, &positions)
            }
            None => Ok(found),
        }
    }

    /// Whether what is done with a row was decided for it, or for its table by its name.
    pub(crate) fn is_by_name(&self, row: usize) -> bool {
        self.reasons.get(self.whys[row]).is_some_and(|why| why.by_name)
    }

    /// Holds a row for a reason.
    pub(crate) fn hold(&mut self, row: usize, why: &str) {
        self.whys[row] = self.reasons.number(Reason { text: why.to_owned(), by_name: false });
        self.actions[row] = Action::Hold;
    }

    /// Holds those of the rows that would be written, for a reason; returns how many.
    pub(crate) fn hold_written(&mut self, rows: impl IntoIterator<Item = usize>, why: &str) -> usize {
        let mut held = 0;
        for row in rows {
            // A row that is named twice is held once.
            if self.actions[row].writes() {
                self.hold(row, why);
                held += 1;
            }
        }
        held
    }
}
