//! One table on its way to a plan: an action and a reason for every row of its diff.

use crate::policy::Action;
use crate::staging::{TableDiff, TableRecord};

/// One table on its way to a plan. Memory: five bytes a row of the diff.
pub(crate) struct Draft<'a> {
    pub(crate) record: &'a TableRecord,
    pub(crate) diff: &'a TableDiff,
    /// One action a row of the diff.
    pub(crate) actions: Vec<Action>,
    /// One reason a row, as an index into `reasons`.
    pub(crate) whys: Vec<u32>,
    /// The reasons that occur.
    pub(crate) reasons: Vec<String>,
}

impl Draft<'_> {
    /// Returns a reason's index, adding it if it is new. There are few: one a class and origin, one a foreign key, one a rule,
    /// and one for each pick that gives one of its own.
    pub(crate) fn reason(&mut self, why: &str) -> u32 {
        let found = self.reasons.iter().position(|known| known == why).unwrap_or_else(|| {
            self.reasons.push(why.to_owned());
            self.reasons.len() - 1
        });
        u32::try_from(found).unwrap_or(u32::MAX)
    }

    /// Holds a row for a reason.
    pub(crate) fn hold(&mut self, row: usize, why: &str) {
        self.whys[row] = self.reason(why);
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
