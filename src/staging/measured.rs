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

impl Measured {
    /// Returns what transactions on several databases cost together. What is unknown of one is unknown of all.
    #[must_use]
    pub fn of_all<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self { wal_bytes: Some(0), room_bytes: Some(0), ..Self::default() };
        for part in parts {
            all.rows += part.rows;
            all.milliseconds += part.milliseconds;
            all.wal_bytes = all.wal_bytes.zip(part.wal_bytes).map(|(sum, bytes)| sum + bytes);
            all.room_bytes = all.room_bytes.zip(part.room_bytes).map(|(sum, bytes)| sum + bytes);
            for (mode, tables) in &part.locks {
                *all.locks.entry(mode.clone()).or_insert(0) += tables;
            }
        }
        all
    }
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
