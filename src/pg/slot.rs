//! Logical replication slots: what keeps a server's log from a place on, so that what was written since can be asked for.
//!
//! Comes in: a session. Goes out: slots that are made, looked at and dropped.
//! Never: reads what a slot holds, or touches one by another name than it is given.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::fault::sqlstate;
use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

const FACTS: &str = include_str!("../../sql/session/slot_facts.sql");
const PATIENCE: &str = include_str!("../../sql/session/slot_patience.sql");
const MAKE: &str = include_str!("../../sql/session/slot_make.sql");
const DROP: &str = include_str!("../../sql/session/slot_drop.sql");
const COPY: &str = include_str!("../../sql/session/slot_copy.sql");
const FLUSHED: &str = include_str!("../../sql/session/log_flushed.sql");
const LIST: &str = include_str!("../../sql/session/slots.sql");

/// What decodes a slot: it comes with PostgreSQL's contributed modules, and needs nothing in the catalog.
pub const PLUGIN: &str = "test_decoding";

/// What a server allows of slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotFacts {
    /// `wal_level`.
    pub wal_level: String,
    /// How much log a slot may hold back, in MB; `None`: any amount.
    pub kept_mb: Option<u64>,
    /// How many more slots there can be.
    pub free: i64,
    /// How many there can be in all.
    pub most: i64,
    /// Whether this user may make one.
    pub may_replicate: bool,
}

/// A slot that is on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// What decodes it.
    pub plugin: String,
    /// The database that it is of.
    pub database: String,
    /// That database's OID.
    pub database_oid: u32,
    /// Whether somebody reads it now.
    pub is_read: bool,
    /// What the server says of the log that it needs: `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<String>,
    /// How many bytes may be written before it is lost; `None`: any amount, or it is lost.
    pub safe_bytes: Option<i64>,
    /// How many bytes of log the server keeps for it; `None`: it is lost.
    pub retained_bytes: Option<u64>,
    /// Where it begins, as PostgreSQL spells it; `None`: it is lost.
    pub start: Option<String>,
    /// Why it was lost, as far as the server says.
    pub lost_why: Option<String>,
}

/// How far a server's log can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogState {
    /// Whether it is on disk up to the place that was asked about.
    pub is_flushed: bool,
    /// Whether replication brings rows to this server, or did.
    pub has_origins: bool,
}

impl SlotFacts {
    /// How many slots have to be free so that each of some databases can have one: an export reads a copy of one.
    #[must_use]
    pub fn wanted(databases: usize) -> i64 {
        i64::try_from(databases).unwrap_or(i64::MAX).saturating_add(1)
    }
}

impl Slot {
    /// Whether what it held is gone.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.wal_status.as_deref() == Some("lost") || self.retained_bytes.is_none() || self.lost_why.is_some()
    }
}

impl Session {
    /// Asks what the server allows of slots.
    ///
    /// # Errors
    /// What the server said.
    pub async fn slot_facts(&self) -> Result<SlotFacts> {
        let rows = self.query(FACTS, &[]).await?;
        let read = |row: &Row| {
            Ok(SlotFacts {
                wal_level: row.try_get("wal_level")?,
                kept_mb: u64::try_from(row.try_get::<_, i64>("kept_mb")?).ok(),
                free: row.try_get("free")?,
                most: row.try_get("most")?,
                may_replicate: row.try_get::<_, Option<bool>>("may_replicate")?.unwrap_or(false),
            })
        };
        first(self, "ask what is allowed of slots", &rows, read)
    }

    /// Makes a slot of the session's database and returns where it begins. The server waits until every transaction that is
    /// going on has ended, in whichever database; `patience` is how long it may. Afterwards statements of the session are
    /// bounded likewise.
    ///
    /// # Errors
    /// `Timeout` where they have not ended: then there is no slot; otherwise what the server said.
    pub async fn make_slot(&self, name: &str, patience: Duration) -> Result<String> {
        let patience = format!("{}ms", patience.as_millis().max(1));
        self.query(PATIENCE, &[&patience]).await?;
        let rows = self.query(MAKE, &[&name]).await?;
        first(self, "make a slot", &rows, |row| row.try_get("start"))
    }

    /// Lists the slots of the server, of whichever database, that bear a name as failback gives them.
    ///
    /// # Errors
    /// What the server said.
    pub async fn slots(&self) -> Result<Vec<Slot>> {
        let read = |row: &Row| {
            Ok(Slot {
                name: row.try_get("name")?,
                // One that is being made has none of them yet.
                plugin: row.try_get::<_, Option<String>>("plugin")?.unwrap_or_default(),
                database: row.try_get::<_, Option<String>>("database")?.unwrap_or_default(),
                database_oid: row.try_get::<_, Option<u32>>("database_oid")?.unwrap_or_default(),
                is_read: row.try_get("is_read")?,
                wal_status: row.try_get("wal_status")?,
                safe_bytes: row.try_get("safe_bytes")?,
                retained_bytes: row.try_get::<_, Option<i64>>("retained_bytes")?.map(|bytes| u64::try_from(bytes).unwrap_or(0)),
                start: row.try_get("start")?,
                lost_why: row.try_get("lost_why")?,
            })
        };
        let rows = self.query(LIST, &[]).await?;
        let read = rows.iter().map(read).collect::<std::result::Result<_, tokio_postgres::Error>>();
        read.map_err(|_| Error::new(ErrorKind::Malformed, "list the slots").at(self.place()))
    }

    /// Makes a copy of a slot that ends with the session, so that what is read from it stays in the slot itself. Returns the
    /// copy's name.
    ///
    /// # Errors
    /// What the server said, as when the slot is gone or lost, or none is free.
    pub async fn copy_slot(&self, name: &str) -> Result<String> {
        let rows = self.query(COPY, &[&name]).await?;
        first(self, "copy a slot", &rows, |row| row.try_get("name"))
    }

    /// Asks whether the log is on disk up to a place, as PostgreSQL spells it, and whether replication brings rows here.
    ///
    /// # Errors
    /// What the server said.
    pub async fn log_state(&self, place: &str) -> Result<LogState> {
        let rows = self.query(FLUSHED, &[&place]).await?;
        let read =
            |row: &Row| Ok(LogState { is_flushed: row.try_get("is_flushed")?, has_origins: row.try_get("has_origins")? });
        first(self, "ask how far the log is", &rows, read)
    }

    /// Drops a slot; returns whether there was one.
    ///
    /// # Errors
    /// `Server` where somebody reads it; otherwise what the server said.
    pub async fn drop_slot(&self, name: &str) -> Result<bool> {
        match self.query(DROP, &[&name]).await {
            Ok(_) => Ok(true),
            Err(error) if sqlstate(&error) == Some(UNDEFINED) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// SQLSTATE of a slot that is not there.
const UNDEFINED: &str = "42704";

fn first<T>(
    session: &Session,
    what: &str,
    rows: &[Row],
    read: impl Fn(&Row) -> std::result::Result<T, tokio_postgres::Error>,
) -> Result<T> {
    let malformed = || Error::new(ErrorKind::Malformed, what.to_owned()).at(session.place());
    rows.first().ok_or_else(malformed).and_then(|row| read(row).map_err(|_| malformed()))
}
