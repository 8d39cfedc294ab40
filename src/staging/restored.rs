//! What a restore has made on OLD: databases beside those that are there, what was counted in them, and what was in their place
//! before. A small file that belongs to no run, written before each change.

use serde::{Deserialize, Serialize};

use super::index_file::{FORMAT_VERSION, Sealed, read_json, write_json};
use crate::error::Result;
use crate::store::Store;
use crate::words::words;

/// The file's name.
pub const RESTORED: &str = "restored.json";

/// How far the restore of a database has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreState {
    /// The database beside is made, or about to be, and is not whole.
    Begun,
    /// It is whole, as far as it can be counted, and stands beside what is there.
    Restored,
    /// It does not hold what the backup holds.
    Differs,
    /// It stands in the place of the database that it is called by.
    Swapped,
}

words!(RestoreState {
    Begun => "begun",
    Restored => "restored",
    Differs => "differs",
    Swapped => "swapped",
});

/// Everything that one restore has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The failback that made it.
    pub tool_version: String,
    /// The restore's id, which is part of the names that it gives.
    pub id: String,
    /// The cluster's system identifier; nothing where the user may not ask.
    pub system_identifier: Option<String>,
    /// Where the server was.
    pub address: String,
    /// The databases.
    pub databases: Vec<RestoredDatabase>,
}

/// One database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredDatabase {
    /// The name whose place it is for.
    pub name: String,
    /// How it is called while it stands beside.
    pub scratch: String,
    /// Its OID, once it is made.
    pub oid: Option<u32>,
    /// How far it has come.
    pub state: RestoreState,
    /// The backup that it was made from.
    pub backup: RestoredBackup,
    /// Its tables.
    pub tables: Vec<RestoredTable>,
    /// What does not let it be taken for what was dumped.
    pub differences: Vec<String>,
    /// What should be known of it.
    pub remarks: Vec<String>,
    /// The OID of the database that stood in its place when it was made; nothing where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stood_there: Option<u32>,
    /// Tables that the backup defines, and whose rows it leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_data: Vec<String>,
    /// When its tables were last counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<String>,
    /// What it lacks or has less of, when that was last looked at for a swap: than what stood in its place, and than when it
    /// was restored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub less: Vec<String>,
    /// What stands in its place, or stood there before the swap.
    pub former: Option<Former>,
}

/// A backup that was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredBackup {
    /// Where it was.
    pub place: String,
    /// Its bytes.
    pub bytes: u64,
    /// When it ended.
    pub ended: String,
    /// Its digest by SHA-256; nothing of a folder.
    pub sha256: Option<String>,
}

/// A table, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredTable {
    /// Its name, as `schema.name`.
    pub table: String,
    /// The rows that the backup holds, where it says.
    pub archived: Option<u64>,
    /// The rows that the database held when it was last counted, where it has the table.
    pub restored: Option<u64>,
}

/// A database in whose place another one is put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// Its OID.
    pub oid: u32,
    /// How it is called once it is out of its place.
    pub kept_as: String,
    /// What is carried over from it: statements about the database that takes its place.
    pub carried: Vec<String>,
    /// Whether it was closed to connections, or is about to be.
    pub closed: bool,
    /// Its dump, in the folder of this file.
    pub dump: Option<FormerDump>,
    /// What was written into it since its dump began, a line a table, by the server's counters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written_since: Vec<String>,
}

/// A dump that was taken before a swap, and read whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerDump {
    /// Its file, relative to the folder.
    pub file: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its digest by SHA-256.
    pub sha256: String,
    /// The rows in it.
    pub rows: u64,
}

impl Restored {
    /// Begins one.
    #[must_use]
    pub fn of(id: String, system_identifier: Option<String>, address: String) -> Self {
        let tool_version = env!("CARGO_PKG_VERSION").to_owned();
        Self { format_version: FORMAT_VERSION, tool_version, id, system_identifier, address, databases: Vec::new() }
    }

    /// Writes it, in the place of what was written before.
    ///
    /// # Errors
    /// `Storage` where it cannot be written.
    pub fn write(&self, store: &dyn Store) -> Result<String> {
        write_json(store, RESTORED, self)
    }

    /// Reads it.
    ///
    /// # Errors
    /// `Refused` where there is none, or another version of the format wrote it; `Damaged` where it is not what was written.
    pub fn read(store: &dyn Store) -> Result<Sealed<Self>> {
        read_json(store, RESTORED, "failback restore run")
    }
}
