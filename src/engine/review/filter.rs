//! Which rows are asked for, and how many of them.

use crate::policy::{Action, Selector};

/// Which rows are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// By table, class, evidence and changed columns, as in rules.
    pub selector: Selector,
    /// Only those that the plan holds.
    pub held: bool,
    /// Only the one with this key: a text for each of its columns. Empty: whichever key.
    pub key: Vec<String>,
}

impl Filter {
    /// Whether every row of the tables is asked for, so that nothing has to be read to count them.
    pub(super) fn asks_every_row(&self) -> bool {
        self.selector.means_every_row() && !self.held && self.key.is_empty()
    }

    /// Whether a row is asked for as far as the plan decides it.
    pub(super) fn admits(&self, action: Option<Action>) -> bool {
        !self.held || action == Some(Action::Hold)
    }
}

/// Which of the rows that are asked for are shown.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// So many are passed over.
    pub offset: u64,
    /// So many are shown at most; all where there is none.
    pub limit: Option<u64>,
}

impl Window {
    /// Whether the row at a position among those that are asked for is shown.
    pub(super) fn shows(self, position: u64) -> bool {
        position >= self.offset && self.limit.is_none_or(|limit| position - self.offset < limit)
    }
}
