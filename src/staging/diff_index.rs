//! The index of a run's diff: which files hold the differing rows, and how many rows there are of each class.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Segment;
use super::index_file::{Sealed, own_blake3, read_json, write_json};
use super::layout::{self, TableId};
use crate::delta::{Class, Evidence};
use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;
use crate::pg::ServerIdentity;
use crate::store::Store;
use crate::words::Counts;

/// What differs, and where it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiffIndex {
    /// See [`super::FORMAT_VERSION`].
    pub format_version: u32,
    /// The digest that the manifest bears which the diff was made from, so that another export cannot be mixed with it.
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
    /// How many keys there are of each class. Those about which nothing is to be decided are counted here and stand in no file.
    pub counts: Counts<Class>,
    /// How many keys of each class there are by what their verdict rests on; an earlier failback did not count them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<Class, Counts<Evidence>>,
}

impl TableDiff {
    /// Returns the number of keys that stand in the files.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.segments.iter().map(|segment| segment.rows).sum()
    }
}

impl DiffIndex {
    /// Writes the index, which makes the diff exist, and returns its digest.
    pub fn write(&self, store: &dyn Store) -> Result<String> {
        write_json(store, layout::DIFF, self)
    }

    /// Reads the index of a run.
    ///
    /// # Errors
    /// `Refused` where the run has none yet, it was made from another export, or another version of the format wrote it;
    /// `Damaged` where it, or the manifest, is not what was written.
    pub fn read(store: &dyn Store) -> Result<Sealed<Self>> {
        let index: Sealed<Self> = read_json(store, layout::DIFF, "failback diff")?;
        if index.manifest_blake3 != own_blake3(store, layout::MANIFEST)? {
            return Err(Error::new(ErrorKind::Refused, "read the diff")
                .at(store.location())
                .because("the diff was made from another export than the one in the run")
                .next("run `failback diff` again"));
        }
        Ok(index)
    }

    /// Lists the tables of every database.
    pub fn tables(&self) -> impl Iterator<Item = &TableDiff> {
        self.databases.iter().flat_map(|database| &database.tables)
    }

    /// Counts keys by class, over all tables.
    #[must_use]
    pub fn counts(&self) -> Counts<Class> {
        self.tables().map(|table| &table.counts).sum()
    }

    /// Returns a database's record.
    #[must_use]
    pub fn database(&self, name: &str) -> Option<&DatabaseDiff> {
        self.databases.iter().find(|database| database.name == name)
    }
}
