//! What a plan does to rows: how they are before, and how they are after.

use arrow_array::BooleanArray;

use crate::codec::RowLayout;
use crate::delta::{self, Differences};
use crate::engine::rows::Image;
use crate::error::{Error, ErrorKind, Result};

/// Something before and after rows are written.
pub(crate) struct Change<T> {
    /// As the rows are.
    pub(crate) before: T,
    /// As they become.
    pub(crate) after: T,
}

impl<T> Change<T> {
    /// Makes another thing of both.
    pub(crate) fn try_map<'a, U>(&'a self, mut make: impl FnMut(&'a T) -> Result<U>) -> Result<Change<U>> {
        Ok(Change { before: make(&self.before)?, after: make(&self.after)? })
    }

    /// Returns the change that takes this one back.
    pub(crate) fn reversed(self) -> Self {
        Self { before: self.after, after: self.before }
    }
}

impl Change<Image> {
    /// Keeps the rows that a mask selects.
    pub(crate) fn select(&self, mask: &BooleanArray) -> Result<Self> {
        self.try_map(|image| image.select(mask))
    }

    /// Returns where the rows differ from what they become.
    pub(crate) fn differences(&self) -> Result<Differences> {
        delta::compare(&self.before.rows, &self.after.rows)
            .map_err(|error| Error::new(ErrorKind::Malformed, "compare rows with what they become").because(error))
    }

    /// Says of a row and a column whether the plan promises a value there: not in columns that only NEW has, and in those that
    /// only OLD has, not for a row that is new. A value that was written is always one that the common type holds.
    pub(crate) fn promises(&self, layout: &RowLayout) -> impl Fn(usize, usize) -> bool {
        move |row, column| {
            let column = &layout.columns[column];
            column.is_carried() || column.own_form_of.is_some() || (column.old.is_present() && self.before.present.value(row))
        }
    }

    /// Lists the positions of rows of OLD that are not as promised.
    pub(crate) fn broken(&self, found: &Image, layout: &RowLayout) -> Result<Vec<usize>> {
        found.unlike(&self.after, self.promises(layout))
    }
}
