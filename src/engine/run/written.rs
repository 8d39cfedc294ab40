//! How many rows of one table a transaction wrote.

/// How many rows of a table were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
