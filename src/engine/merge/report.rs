//! How a merge or an undo is to be carried out, and what it did.

use std::time::Duration;

use serde::Serialize;

use crate::engine::run::{CoveredTable, LedgerAction};
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{Measured, Raise, Written};
use crate::words::words;

/// How a merge or an undo is to be carried out.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "options, each asked for on its own")]
pub struct MergeOptions {
    /// Go on although rows wait for a decision; they stay as they are.
    pub leave_held: bool,
    /// Let OLD's triggers fire.
    pub fire_triggers: bool,
    /// Do everything but COMMIT.
    pub dry_run: bool,
    /// Carry out a plan that the run's journal says was merged, and OLD's ledger does not.
    pub again: bool,
}

/// What was merged, or taken back.
#[derive(Clone, Debug, Serialize)]
pub struct MergeReport {
    /// Where the run is, for people.
    pub run: String,
    /// The plan's digest.
    pub plan: String,
    /// What is covered, table by table, what is not covered first.
    pub coverage: Vec<CoveredTable>,
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
    /// Whether anything was done now.
    pub outcome: DatabaseOutcome,
    /// Rows written, a table.
    pub tables: Vec<(String, Written)>,
    /// Sequences raised.
    pub sequences: Vec<Raise>,
    /// Rows that an undo, or a live merge, left as they are.
    pub left: Vec<LeftRows>,
    /// Rows that were as before the merge when an undo looked: somebody has deleted them or put them back since. Those that an
    /// earlier undo has done with are not among them.
    pub taken_back: Vec<LeftRows>,
    /// Rows of the merge that an undo was not asked for, so that they stay.
    pub kept: u64,
    /// After an undo: how many rows of the merge stand, a table that has any.
    pub standing: Option<Vec<(String, u64)>>,
    /// What it cost, where it was done now and OLD could be asked.
    pub measured: Option<Measured>,
}

/// Whether anything was done to a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseOutcome {
    /// It was done now.
    Done,
    /// OLD's ledger says that it had been done before, so nothing was done now.
    DoneBefore,
    /// OLD's ledger has no merge of the plan, so there was nothing to take back.
    NeverMerged,
    /// A part of the merge was to be taken back, and none of it is here.
    NotAsked,
}

words!(DatabaseOutcome {
    Done => "done",
    DoneBefore => "done_before",
    NeverMerged => "never_merged",
    NotAsked => "not_asked",
});

/// Rows of one table that an undo or a live merge left as they are, or that were as before the merge, for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftRows {
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Why, without any value.
    pub why: String,
    /// How many there are.
    pub rows: u64,
    /// Their keys, as `column = value`; of very many rows the first [`MOST_KEYS`](Self::MOST_KEYS).
    pub keys: Vec<String>,
}

impl LeftRows {
    /// How many keys are listed at most.
    pub const MOST_KEYS: usize = 1000;
}

/// How a live merge is cut into transactions.
#[derive(Clone, Copy, Debug)]
pub struct LiveOptions {
    /// How many rows a batch has at most.
    pub batch_rows: usize,
    /// How long a batch should take at most, from its begin to its end: one that took longer is followed by smaller ones.
    pub batch_time: Duration,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self { batch_rows: 500, batch_time: Duration::from_millis(200) }
    }
}

impl MergeReport {
    /// Returns the number of rows written.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.databases.iter().map(MergedDatabase::rows).sum()
    }

    /// Returns the number of rows that an undo left as they are.
    #[must_use]
    pub fn left_rows(&self) -> u64 {
        self.databases.iter().map(MergedDatabase::left_rows).sum()
    }

    /// Returns the number of rows of the merge that an undo was not asked for.
    #[must_use]
    pub fn kept_rows(&self) -> u64 {
        self.databases.iter().map(|database| database.kept).sum()
    }

    /// Returns the number of rows that were as before the merge when an undo looked.
    #[must_use]
    pub fn rows_taken_back(&self) -> u64 {
        self.databases.iter().map(MergedDatabase::rows_taken_back).sum()
    }
}

impl MergedDatabase {
    /// Returns the number of rows written.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|(_, written)| written.rows()).sum()
    }

    /// Returns the number of rows that an undo left as they are.
    #[must_use]
    pub fn left_rows(&self) -> u64 {
        self.left.iter().map(|left| left.rows).sum()
    }

    /// Returns the number of rows that were as before the merge when an undo looked.
    #[must_use]
    pub fn rows_taken_back(&self) -> u64 {
        self.taken_back.iter().map(|rows| rows.rows).sum()
    }

    /// Whether an undo found nothing that it could take back, and left rows.
    pub(super) fn is_idle(&self) -> bool {
        self.rows() == 0 && (!self.left.is_empty() || self.kept > 0 && self.rows_taken_back() == 0)
    }

    /// An undo ends only where each row that the merge wrote, and that no earlier undo has done with, is taken back, left, or
    /// was taken back before.
    ///
    /// # Errors
    /// `Refused` where rows are missing from the account.
    pub(super) fn expect_accounted(&self, wanted: u64) -> Result<()> {
        let found = self.rows() + self.left_rows() + self.rows_taken_back() + self.kept;
        if found == wanted {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, "account for every row of the merge")
            .because(format!("the merge wrote {wanted} rows, and what became of {found} is known"))
            .next("this is an error of failback's: please report it"))
    }

    /// Returns what OLD's ledger says of it.
    pub(super) const fn recorded_as(&self, action: LedgerAction) -> LedgerAction {
        match action {
            LedgerAction::Undo if !self.left.is_empty() || self.kept > 0 => LedgerAction::UndoPart,
            action => action,
        }
    }

    /// Says what OLD has once it is committed.
    pub(super) fn what(&self, action: LedgerAction) -> String {
        let deed = if action.is_merge() { "merge" } else { "undo" };
        let rows = self.rows();
        let noun = if rows == 1 { "row" } else { "rows" };
        format!("the {deed} of {rows} {noun} in database {}", self.database)
    }
}
