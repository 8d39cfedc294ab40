//! One table under review, and which of its columns are masked.

use crate::codec::StagedColumn;
use crate::config::TableMask;
use crate::schema::Source;
use crate::staging::{TableDiff, TablePlan, TableRecord};
use crate::store::Store;

/// One table under review.
pub(super) struct ReviewedTable<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) database: &'a str,
    pub(super) record: &'a TableRecord,
    pub(super) diff: &'a TableDiff,
    pub(super) plan: Option<&'a TablePlan>,
    pub(super) mask: TableMask,
    /// Whether statements are asked for.
    pub(super) states: bool,
}

impl ReviewedTable<'_> {
    /// Whether a column's values are not shown. What identifies rows without a key is made of all their values.
    pub(super) fn hides(&self, column: &StagedColumn) -> bool {
        if self.record.key.is_whole_row() && self.record.key.names().contains(&column.name) {
            return self.record.layout.columns.iter().any(|other| other.name != column.name && self.hides_named(other));
        }
        self.hides_named(column)
    }

    fn hides_named(&self, column: &StagedColumn) -> bool {
        let own = |source: &'_ Source| match source {
            Source::Mapped { column, .. } | Source::OwnForm { column, .. } => Some(column.as_str().to_owned()),
            Source::Same | Source::Absent => None,
        };
        let of = column.own_form_of.as_ref().map(|of| of.as_str().to_owned());
        let names: Vec<_> =
            [Some(column.name.as_str().to_owned()), of, own(&column.old), own(&column.new)].into_iter().flatten().collect();
        self.mask.hides(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }
}
