//! One row at its place in a table's diff.

use super::kinds::Kind;
use super::shown_row::ShownRow;

/// One row at its place in a table's diff.
#[derive(Clone, Debug)]
pub struct SeenRow {
    /// How many rows of the table's diff stand before it.
    pub position: u64,
    /// The row.
    pub row: ShownRow,
    /// What it is, as filters and rules see it.
    pub kind: Kind,
}
