//! A fence: what was changed on a server to keep writers out, and what was there before, so that it can be put back. A small
//! file that belongs to no run, written before anything is changed.

use serde::{Deserialize, Serialize};

use super::index_file::{FORMAT_VERSION, Sealed, read_json, write_json};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::schema::{FenceChange, Rung};
use crate::store::Store;

/// A fence around one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The failback that made it.
    pub tool_version: String,
    /// When, by the clock of the machine it was made on: RFC 3339 in UTC.
    pub made_at: String,
    /// The side.
    pub side: Side,
    /// The cluster's system identifier; nothing where the user may not ask.
    pub system_identifier: Option<String>,
    /// Where the server was.
    pub address: String,
    /// By which ways.
    pub rungs: Vec<Rung>,
    /// What was changed, in this order.
    pub changes: Vec<FenceChange>,
}

impl Fence {
    /// Returns a fence of this version.
    #[must_use]
    pub fn of(
        made_at: String,
        (side, system_identifier, address): (Side, Option<String>, String),
        rungs: Vec<Rung>,
        changes: Vec<FenceChange>,
    ) -> Self {
        let tool_version = env!("CARGO_PKG_VERSION").to_owned();
        Self { format_version: FORMAT_VERSION, tool_version, made_at, side, system_identifier, address, rungs, changes }
    }

    /// Writes the fence as a new file.
    ///
    /// # Errors
    /// `Refused` where there is one of that name: what was there before a fence is in it, and nowhere else.
    pub fn write(&self, store: &dyn Store, path: &str) -> Result<String> {
        Self::expect_none(store, path)?;
        write_json(store, path, self)
    }

    /// # Errors
    /// `Refused` where there is a file of that name.
    pub fn expect_none(store: &dyn Store, path: &str) -> Result<()> {
        if !store.exists(path)? {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, "write the fence")
            .at(format!("{}/{path}", store.location()))
            .because("there is a file of that name, and what was there before a fence is in its file and nowhere else")
            .next("lift that fence first, or name another file with --out"))
    }

    /// Reads a fence.
    ///
    /// # Errors
    /// `Refused` where there is none, or another version of the format wrote it; `Damaged` where it is not what was written.
    pub fn read(store: &dyn Store, path: &str) -> Result<Sealed<Self>> {
        read_json(store, path, "failback fence --apply")
    }
}
