//! Which way a plan is carried out.

use super::change::Change;
use super::planned_row::PlannedRows;
use crate::codec::RowLayout;
use crate::engine::rows::Image;
use crate::error::Result;
use crate::policy::Action;
use crate::statement::{Inserted, Operation};

/// Which way a plan is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// OLD's rows become what the plan says.
    Forward,
    /// OLD's rows become what they were.
    Back,
}

impl Direction {
    /// Returns the rows that OLD must have, and those that it gets.
    pub(crate) fn change(self, rows: &PlannedRows, layout: &RowLayout) -> Result<Change<Image>> {
        let change = rows.change(layout)?;
        Ok(match self {
            Self::Forward => change,
            Self::Back => change.reversed(),
        })
    }

    /// Returns which rows are inserted: one that comes back has values in columns that NEW lacks; a new one their defaults.
    pub(crate) const fn inserted(self) -> Inserted {
        match self {
            Self::Forward => Inserted::News,
            Self::Back => Inserted::Olds,
        }
    }

    /// Names the image in the diff of the rows that come to OLD.
    pub(crate) const fn image(self) -> &'static str {
        match self {
            Self::Forward => "new",
            Self::Back => "old",
        }
    }

    /// Says what a row is that is not written after all.
    pub(crate) const fn aside(self) -> &'static str {
        match self {
            Self::Forward => "held",
            Self::Back => "left",
        }
    }

    /// Returns what a merge does with a row that has an action; `None` where OLD's stays as it is.
    pub(crate) const fn operation(self, action: Action) -> Option<Operation> {
        match (self, action) {
            (Self::Forward, Action::Insert) | (Self::Back, Action::Delete) => Some(Operation::Insert),
            (Self::Forward, Action::Delete) | (Self::Back, Action::Insert) => Some(Operation::Delete),
            (_, Action::Update) => Some(Operation::Update),
            (_, Action::Replace) => Some(Operation::Replace),
            (_, Action::KeepOld | Action::Hold | Action::Skip) => None,
        }
    }
}
