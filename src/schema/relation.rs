//! Everything in a database that could hold data, with the reason where it is not carried.

use serde::{Deserialize, Serialize};

use crate::name::QualifiedName;

/// One relation of a database that is listed but is not a plain table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// What it is.
    pub kind: RelationKind,
    /// Bytes on disk, 0 where it has none.
    pub size_bytes: u64,
    /// The estimated number of rows (`reltuples`), 0 where unknown; of large objects the exact number.
    #[serde(default)]
    pub row_estimate: u64,
}

/// What a relation is, where it is not a table whose rows are carried on their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// A view: derived.
    View,
    /// A materialised view: derived, to be refreshed.
    MaterializedView,
    /// A foreign table: its rows live elsewhere.
    ForeignTable,
    /// A partition: carried through its root.
    Partition,
    /// A table that an extension owns.
    ExtensionTable,
    /// The large objects of the database, listed as one.
    LargeObjects,
    /// failback's own ledger.
    Ledger,
}

impl RelationKind {
    /// Says in a sentence why rows of such a relation are, or are not, carried.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::View => "a view holds no rows of its own",
            Self::MaterializedView => "derived: run REFRESH MATERIALIZED VIEW on OLD after the merge",
            Self::ForeignTable => "its rows live on another server",
            Self::Partition => "carried through its partitioned table",
            Self::ExtensionTable => "owned by an extension, which manages its rows, and not marked as its configuration",
            Self::LargeObjects => "large objects are not rows of a table and are not carried",
            Self::Ledger => "failback's own records",
        }
    }
}
