//! What a transaction wrote: rows of a table, and sequences raised.

use serde::{Deserialize, Serialize};

/// How many rows of a table were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Rows inserted, replacements apart.
    pub inserted: u64,
    /// Rows changed, in place or by replacement.
    pub updated: u64,
    /// Rows deleted, replacements apart.
    pub deleted: u64,
}

impl Written {
    /// Returns the number of rows in all.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.inserted + self.updated + self.deleted
    }
}

/// A sequence that is, or must be, raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    /// OLD's sequence, as `schema.name`.
    pub sequence: String,
    /// What it had handed out last.
    pub from: Option<i64>,
    /// What it must have handed out at least.
    pub to: i64,
}
