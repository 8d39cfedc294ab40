//! One table under review, and which of its columns are masked.

use super::written::Written;
use crate::codec::StagedColumn;
use crate::config::TableMask;
use crate::engine::rows::Composed;
use crate::staging::{TableDiff, TablePlan, TableRecord};
use crate::store::Store;

/// One table under review.
pub(super) struct ReviewedTable<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) database: &'a str,
    pub(super) record: &'a TableRecord,
    pub(super) diff: &'a TableDiff,
    pub(super) plan: Option<&'a TablePlan>,
    /// Its rows whose columns were chosen one by one, where there are any.
    pub(super) composed: Option<Composed>,
    pub(super) mask: TableMask,
    /// How it says when its rows were written.
    pub(super) written: Written,
    /// Whether statements are asked for.
    pub(super) states: bool,
}

impl ReviewedTable<'_> {
    /// Whether a column's values are not shown. What identifies rows without a key is made of all their values.
    pub(super) fn hides(&self, column: &StagedColumn) -> bool {
        self.hidden_by(column).is_some()
    }

    /// By what they are not.
    pub(super) fn hidden_by(&self, column: &StagedColumn) -> Option<&str> {
        let layout = &self.record.layout;
        if self.record.key.is_whole_row() && self.record.key.names().contains(&column.name) {
            let mut others = layout.columns.iter().filter(|other| other.name != column.name);
            return others.find_map(|other| self.mask.hidden_by(&layout.names(other)));
        }
        self.mask.hidden_by(&layout.names(column))
    }
}
