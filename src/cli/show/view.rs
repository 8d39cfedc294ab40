//! What every form has in common in which rows are printed.

use crate::engine::{ShownColumn, ShownRow};
use crate::error::Result;

/// One form in which rows are printed, one after the other.
pub(super) trait View {
    /// Prints a row.
    fn row(&mut self, row: &ShownRow) -> Result<()>;

    /// Prints what comes behind the last one; `found` rows were asked for.
    fn end(&mut self, found: u64) -> Result<()>;
}

/// The columns that are shown of a row.
pub(super) fn columns(row: &ShownRow, all: bool) -> impl Iterator<Item = &ShownColumn> {
    row.columns.iter().filter(move |column| all || column.differs)
}
