//! How a merge or an undo is to be carried out, and what it did.

use serde::Serialize;

use crate::engine::run::LedgerAction;
use crate::staging::{Raise, Written};

/// How a merge or an undo is to be carried out.
#[derive(Clone, Copy, Debug, Default)]
pub struct MergeOptions {
    /// Go on although rows wait for a decision; they stay as they are.
    pub leave_held: bool,
    /// Let OLD's triggers fire.
    pub fire_triggers: bool,
    /// Do everything but COMMIT.
    pub dry_run: bool,
}

/// What was merged, or taken back.
#[derive(Clone, Debug, Serialize)]
pub struct MergeReport {
    /// Where the run is, for people.
    pub run: String,
    /// The plan's digest.
    pub plan: String,
    /// One part a database.
    pub databases: Vec<MergedDatabase>,
    /// Whether it was only rehearsed.
    pub dry_run: bool,
    /// Rows that wait for a decision.
    pub held: u64,
    /// Rows left aside on purpose.
    pub skipped: u64,
}

/// What was written to one database.
#[derive(Clone, Debug, Serialize)]
pub struct MergedDatabase {
    /// The database's name, the same on both sides.
    pub database: String,
    /// Rows written, a table.
    pub tables: Vec<(String, Written)>,
    /// Sequences raised.
    pub sequences: Vec<Raise>,
    /// Whether it had been done before, so that nothing was done now.
    pub already: bool,
}

impl MergeReport {
    /// Returns the number of rows written.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.databases.iter().map(MergedDatabase::rows).sum()
    }
}

impl MergedDatabase {
    /// Returns the number of rows written.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, written)| written.rows()).sum()
    }

    /// Says what OLD has once it is committed.
    pub(super) fn what(&self, action: LedgerAction) -> String {
        let (word, rows) = (action.word(), self.rows());
        let noun = if rows == 1 { "row" } else { "rows" };
        format!("the {word} of {rows} {noun} in database {}", self.database)
    }
}
