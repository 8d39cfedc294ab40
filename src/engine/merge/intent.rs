//! What the run's journal says of a transaction: what it is about to commit, and how that ended.

use super::report::MergedDatabase;
use crate::engine::run::LedgerAction;
use crate::error::{Error, OldState, Result};
use crate::staging::{Committed, DatabasePlan, Intent, JournalRecord, NotCommitted};
use crate::store::Store;

/// A transaction on one database that is about to be committed.
#[derive(Clone, Copy)]
pub(crate) struct Intention<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) part: &'a DatabasePlan,
    pub(crate) action: LedgerAction,
    /// Whether OLD was started anew between the export and a merge.
    pub(crate) restarted: bool,
}

impl Intention<'_> {
    /// Writes the intent, before COMMIT.
    ///
    /// # Errors
    /// `Storage` where the journal cannot be written: then nothing may be committed.
    pub(crate) fn declare(self) -> Result<()> {
        let record = match self.action {
            LedgerAction::Merge | LedgerAction::MergeBatch => JournalRecord::MergeIntended,
            LedgerAction::Undo | LedgerAction::UndoPart => JournalRecord::UndoIntended,
        };
        record(self.intent()).append(self.store)
    }

    /// Writes that it was committed.
    ///
    /// # Errors
    /// `Storage` where the journal cannot be written; OLD has it all the same.
    pub(crate) fn committed(self, merged: &MergedDatabase) -> Result<()> {
        let Intent { plan, database, .. } = self.intent();
        let (tables, sequences) = (merged.tables.clone(), merged.sequences.clone());
        let next = if self.action.is_merge() { "verify" } else { "status" };
        let left = match self.action {
            LedgerAction::Merge => None,
            LedgerAction::MergeBatch => Some(merged.left_rows()).filter(|rows| *rows > 0),
            LedgerAction::Undo | LedgerAction::UndoPart => Some(merged.left_rows() + merged.kept),
        };
        let (standing, measured) = (merged.standing.clone(), merged.measured.clone());
        self.ended(Committed { plan, database, tables, sequences, left, standing, measured }).map_err(|error| {
            error
                .next("nothing is lost: OLD's ledger has the record, and every other step of the run asks it")
                .next(format!("remove what keeps the run's journal from being written, then go on with `failback {next}`"))
        })
    }

    /// Writes that it was not committed, if that is known. The error is told anyway, so a journal that cannot be written is no
    /// second one.
    pub(crate) fn failed(self, error: &Error) {
        let Some(state @ OldState::RolledBack) = error.old_state() else { return };
        let record = match self.action {
            LedgerAction::Merge | LedgerAction::MergeBatch => JournalRecord::MergeFailed,
            LedgerAction::Undo | LedgerAction::UndoPart => JournalRecord::UndoFailed,
        };
        let Intent { plan, database, .. } = self.intent();
        let _ = record(NotCommitted { plan, database, old: state.to_string() }).append(self.store);
    }

    fn ended(self, what: Committed) -> Result<()> {
        let record = match self.action {
            LedgerAction::Merge | LedgerAction::MergeBatch => JournalRecord::Merged,
            LedgerAction::Undo | LedgerAction::UndoPart => JournalRecord::Undone,
        };
        record(what).append(self.store)
    }

    fn intent(self) -> Intent {
        let (plan, database) = (self.part.digest.clone(), self.part.name.clone());
        Intent { plan, database, restarted: self.restarted, live: self.action == LedgerAction::MergeBatch }
    }
}
