//! A mark: where both servers were at one moment, so that what was written later is told from what was there. Made at the
//! cutover or before it; a small file that belongs to no run.

use serde::{Deserialize, Serialize};

use super::index_file::{FORMAT_VERSION, Sealed, read_json, write_json};
use crate::delta::Horizon;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Sided;
use crate::pg::ClockReading;
use crate::schema::{Filenode, Sequence};
use crate::store::Store;

/// Where both servers were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The failback that made it.
    pub tool_version: String,
    /// When it was finished, by the clock of the machine it was made on: RFC 3339 in UTC.
    pub made_at: String,
    /// What each server said.
    pub servers: Sided<ServerMark>,
}

/// Where one server was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerMark {
    /// The cluster's system identifier. Text, because JSON numbers end at 2^53.
    pub system_identifier: String,
    /// The timeline of the last checkpoint.
    pub timeline: u32,
    /// When the server had been started, microseconds since 1970-01-01 UTC; 0 where an earlier failback made the mark.
    #[serde(default)]
    pub started_us: i64,
    /// No transaction from here on had ended.
    pub next_xid: u64,
    /// Where the write-ahead log was, as PostgreSQL spells it.
    pub wal: String,
    /// What the clock showed, after the horizons were read.
    pub clock: ClockReading,
    /// One record a database, by name.
    pub databases: Vec<DatabaseMark>,
}

/// Where one database of a server was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatabaseMark {
    /// Its name.
    pub name: String,
    /// Its OID.
    pub oid: u32,
    /// The file of every table and partition, read before the horizon.
    pub filenodes: Vec<Filenode>,
    /// Every transaction below that can have written to the database was over.
    pub horizon: Horizon,
    /// Where the write-ahead log was before any transaction behind the horizon wrote to it; nothing where some were going on,
    /// on a standby, or where an earlier failback made the mark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal: Option<String>,
    /// How far its sequences had come, read after the horizon.
    pub sequences: Vec<Sequence>,
    /// The slot that was made of it before the mark; nothing where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<MarkedSlot>,
}

/// A logical slot that was made before the mark: it has what commits behind its start, so every transaction that was not over
/// at the mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedSlot {
    /// Its name.
    pub name: String,
    /// What decodes it.
    pub plugin: String,
    /// Where in the log it begins, as PostgreSQL spells it.
    pub start: String,
}

impl Mark {
    /// Writes the mark as a new file.
    ///
    /// # Errors
    /// `Refused` where there is one of that name: it may be that of the cutover.
    pub fn write(&self, store: &dyn Store, path: &str) -> Result<String> {
        if store.exists(path)? { Err(Self::there_is_one(store, path)) } else { write_json(store, path, self) }
    }

    /// The error that says that a file of this name exists.
    pub fn there_is_one(store: &dyn Store, path: &str) -> Error {
        Error::new(ErrorKind::Refused, "write the mark")
            .at(format!("{}/{path}", store.location()))
            .because("there is a file of that name, and a mark is never made anew: a later one proves less")
            .next("name another file with --out")
    }

    /// Reads a mark.
    ///
    /// # Errors
    /// `Refused` where there is none, or another version of the format wrote it; `Damaged` where it is not what was written.
    pub fn read(store: &dyn Store, path: &str) -> Result<Sealed<Self>> {
        read_json(store, path, "failback mark")
    }

    /// Returns a mark of this version.
    #[must_use]
    pub fn of(made_at: String, servers: Sided<ServerMark>) -> Self {
        Self { format_version: FORMAT_VERSION, tool_version: env!("CARGO_PKG_VERSION").to_owned(), made_at, servers }
    }
}

impl Mark {
    /// Lists the slots that were made with it, on NEW, each with its database.
    pub fn slots(&self) -> impl Iterator<Item = (&DatabaseMark, &MarkedSlot)> {
        self.servers.new.databases.iter().filter_map(|database| Some((database, database.slot.as_ref()?)))
    }
}

impl ServerMark {
    /// Returns the record of a database.
    #[must_use]
    pub fn database(&self, oid: u32) -> Option<&DatabaseMark> {
        self.databases.iter().find(|database| database.oid == oid)
    }
}

impl DatabaseMark {
    /// Returns the number of a table's file, where it had one.
    #[must_use]
    pub fn filenode(&self, name: &crate::name::QualifiedName) -> Option<u32> {
        self.filenodes.iter().find(|file| file.name == *name).map(|file| file.number)
    }
}
