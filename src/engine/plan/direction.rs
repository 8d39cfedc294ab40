//! Which way a plan is carried out.

use super::planned_row::PlannedRows;
use crate::codec::RowLayout;
use crate::engine::diff::Image;
use crate::error::Result;
use crate::policy::Action;

/// Which way a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// OLD's rows become what the plan says.
    Forward,
    /// OLD's rows become what they were.
    Back,
}

impl Direction {
    /// Returns the row that OLD must have, and the row that it gets.
    pub(crate) fn images(self, changes: &PlannedRows, layout: &RowLayout) -> Result<(Image, Image)> {
        let (before, after) = (changes.old.clone(), changes.result(layout)?);
        Ok(match self {
            Self::Forward => (before, after),
            Self::Back => (after, before),
        })
    }

    /// Returns the load table's letter for an action.
    pub(crate) const fn operation(self, action: Action) -> Option<u8> {
        match (self, action) {
            (Self::Forward, Action::Insert) | (Self::Back, Action::Delete) => Some(b'i'),
            (Self::Forward, Action::Delete) | (Self::Back, Action::Insert) => Some(b'd'),
            (_, Action::Update) => Some(b'u'),
            (_, Action::Replace) => Some(b'r'),
            (_, Action::KeepOld | Action::Hold | Action::Skip) => None,
        }
    }
}
