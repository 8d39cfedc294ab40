//! What a transaction cost, as it was measured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a transaction on one database cost, from its begin to its COMMIT.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// Rows that it wrote.
    pub rows: u64,
    /// How long it took.
    pub milliseconds: u64,
    /// Bytes of write-ahead log that the server wrote meanwhile, those of others included; unknown where it does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_bytes: Option<u64>,
    /// By how many bytes the database had grown before COMMIT, temporary tables and what others wrote included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_bytes: Option<u64>,
    /// How many tables were locked, by the lock's mode.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub locks: BTreeMap<String, u64>,
}

/// What a plan's part cost when it was rehearsed: everything but COMMIT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsed {
    /// The digest of the plan's part.
    pub plan: String,
    /// The database's name.
    pub database: String,
    /// What it cost.
    pub measured: Measured,
}
