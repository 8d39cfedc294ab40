//! The comparison key of a table: what identifies a row on both sides.

use serde::{Deserialize, Serialize};

use super::{KeyColumn, KeyOrder, Table, UniqueIndex};
use crate::name::Ident;

/// What identifies a row on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ComparisonKey {
    /// Columns that are unique and not null on both sides.
    Columns {
        /// The columns, in key order.
        columns: Vec<KeyColumn>,
    },
    /// The table has no key: a row is its whole content, and the n-th copy of it. Rows are compared as a multiset, so an
    /// update looks like a delete and an insert, which is all that two sides without a key can tell.
    WholeRow {
        /// Every common column, sorted by name so that both sides say the same.
        columns: Vec<Ident>,
    },
}

/// Names of the two columns that stand in for a key where a table has none: the digest of a row's text, and its copy number.
pub const WHOLE_ROW_COLUMNS: [&str; 2] = ["fb_digest", "fb_copy"];

impl ComparisonKey {
    /// Returns the key's columns, the stand-ins included.
    #[must_use]
    pub fn columns(&self) -> Vec<KeyColumn> {
        match self {
            Self::Columns { columns } => columns.clone(),
            Self::WholeRow { .. } => vec![
                KeyColumn::plain(Ident::new(WHOLE_ROW_COLUMNS[0]), KeyOrder::Text, "text"),
                KeyColumn::plain(Ident::new(WHOLE_ROW_COLUMNS[1]), KeyOrder::Integer, "bigint"),
            ],
        }
    }

    /// Returns the names of the key's columns.
    #[must_use]
    pub fn names(&self) -> Vec<Ident> {
        self.columns().into_iter().map(|column| column.name).collect()
    }

    /// Whether one index of the table leads from the key to its row. Of a partitioned table there are as many as partitions.
    #[must_use]
    pub fn has_index(&self, table: &Table) -> bool {
        let Self::Columns { columns } = self else { return false };
        let serves = |index: &UniqueIndex| {
            index.predicate.is_none()
                && index.columns.len() == columns.len()
                && columns.iter().all(|column| index.columns.contains(&column.name))
        };
        !table.partitioned && table.unique_indexes.iter().any(serves)
    }

    /// Whether a table lets no two rows have one key: else it is unique only as long as nobody writes another row.
    #[must_use]
    pub fn is_kept_unique(&self, table: &Table) -> bool {
        let Self::Columns { columns } = self else { return false };
        let within = |index: &UniqueIndex| {
            index.predicate.is_none()
                && !index.columns.is_empty()
                && index.columns.iter().all(|name| columns.iter().any(|column| column.name == *name))
        };
        table.unique_indexes.iter().any(within)
    }

    /// Whether a value of it may name what the other server does not have, which refuses it then.
    #[must_use]
    pub fn names_objects(&self) -> bool {
        // Types of `pg_catalog` are printed without their schema, and the user's own always with it.
        let names = |cast: &str| cast.starts_with("reg") && !cast.contains('.');
        self.columns().iter().any(|column| names(&column.old.cast) || names(&column.new.cast))
    }

    /// Whether rows are identified by their whole content.
    #[must_use]
    pub const fn is_whole_row(&self) -> bool {
        matches!(self, Self::WholeRow { .. })
    }
}
