//! The index of a run's diff: which files hold the differing rows, and how many rows there are of each class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Segment;
use super::layout::{self, TableId};
use super::manifest::{read_json, write_json};
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::ServerIdentity;
use crate::store::Store;

/// What differs, and where it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiffIndex {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// blake3 of the manifest that the diff was made from, so that a later export cannot be mixed with it.
    pub manifest_blake3: String,
    /// When the diff finished, RFC 3339 in UTC.
    pub made_at: String,
    /// One record a database, by name.
    pub databases: Vec<DatabaseDiff>,
}

/// One database's differences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatabaseDiff {
    /// The database's name, the same on both sides.
    pub name: String,
    /// OLD when its rows were read.
    pub old: ServerIdentity,
    /// One record a table, in the manifest's order.
    pub tables: Vec<TableDiff>,
}

/// One table's differences.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableDiff {
    /// The table's short name in paths.
    pub id: TableId,
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// The files that hold one row for every differing key.
    pub segments: Vec<Segment>,
    /// How many keys there are of each class: a class, or a conflict type, or one of the three ambiguous cases. Rows that
    /// are `unchanged` or `convergent` are counted here and stand in no file.
    pub counts: BTreeMap<String, u64>,
}

impl TableDiff {
    /// Returns the number of keys in one class.
    #[must_use]
    pub fn count(&self, class: &str) -> u64 {
        self.counts.get(class).copied().unwrap_or(0)
    }

    /// Returns the number of keys that stand in the files.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.segments.iter().map(|segment| segment.rows).sum()
    }
}

impl DiffIndex {
    /// Writes the index, which makes the diff exist.
    pub fn write(&self, store: &Store) -> Result<()> {
        write_json(store, layout::DIFF, self)
    }

    /// Reads the index of a run.
    pub fn read(store: &Store) -> Result<Self> {
        read_json(store, layout::DIFF, "failback diff")
    }

    /// Returns a database's record.
    #[must_use]
    pub fn database(&self, name: &str) -> Option<&DatabaseDiff> {
        self.databases.iter().find(|database| database.name == name)
    }
}
