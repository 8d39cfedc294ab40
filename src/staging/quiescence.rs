//! Quiescence: whether a side was written while it was looked at, as far as its server tells.

use serde::{Deserialize, Serialize};

use crate::name::Side;
use crate::pg::{TransactionIds, Writers};
use crate::words::words;

/// Whether one side of a database was written between two moments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiescence {
    /// The side.
    pub side: Side,
    /// The first moment.
    pub since: Since,
    /// What was found.
    pub found: Quiet,
    /// How far the server's transactions had come then; they are numbered through all of its databases.
    pub from: TransactionIds,
    /// How far at the end of the export.
    pub to: TransactionIds,
    /// When that was, RFC 3339 in UTC, by the clock of the machine that failback runs on.
    pub until: String,
    /// Transactions that were going on at either moment, of this database or of one that is not known.
    pub writers: Vec<Writers>,
}

/// The first of the two moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// The mark, of OLD.
    Mark,
    /// The export's snapshot, of NEW.
    Snapshot,
}

words!(Since { Mark => "mark", Snapshot => "snapshot" });

/// Whether anybody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quiet {
    /// Nobody: no transaction got an id on the whole server, and none that had one was going on.
    Quiet,
    /// A transaction that had an id was going on in this database.
    Written,
    /// Neither is known.
    NotKnown,
}

words!(Quiet { Quiet => "quiet", Written => "written", NotKnown => "not_known" });

impl Quiescence {
    /// Returns how many ids were given out in between, on the whole server.
    #[must_use]
    pub const fn ids(&self) -> u64 {
        self.to.next.saturating_sub(self.from.next)
    }
}
