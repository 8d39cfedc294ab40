//! What the run's journal says of a transaction: what it is about to commit, and how that ended.

use super::report::MergedDatabase;
use crate::engine::run::{Entry, Ledger, LedgerAction};
use crate::error::{Error, OldState, Result};
use crate::pg::Session;
use crate::staging::{Committed, DatabasePlan, Intent, Journal, JournalRecord, NotCommitted};
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
            LedgerAction::Merge => JournalRecord::MergeIntended,
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
        self.ended(Committed { plan, database, tables, sequences }).map_err(|error| {
            error
                .next("nothing is lost: OLD's ledger has the record, and every other step of the run asks it")
                .next("remove what keeps the run's journal from being written, then go on with `failback verify`")
        })
    }

    /// Writes that it was not committed, if that is known. The error is told anyway, so a journal that cannot be written is no
    /// second one.
    pub(crate) fn failed(self, error: &Error) {
        let Some(state @ OldState::RolledBack) = error.old_state() else { return };
        let record = match self.action {
            LedgerAction::Merge => JournalRecord::MergeFailed,
            LedgerAction::Undo | LedgerAction::UndoPart => JournalRecord::UndoFailed,
        };
        let Intent { plan, database, .. } = self.intent();
        let _ = record(NotCommitted { plan, database, old: state.to_string() }).append(self.store);
    }

    /// Completes the journal where an earlier command could not: its intent has no end, and OLD's ledger has the transaction.
    ///
    /// # Errors
    /// Whatever asking OLD's ledger can give; `Storage` where the journal cannot be written.
    pub(crate) async fn settle(self, ledger: &Ledger, old: &Session) -> Result<()> {
        let journal = Journal::read(self.store)?;
        let Intent { plan, database, .. } = self.intent();
        if !journal.unended().iter().any(|entry| entry.record.intends(&plan, &database)) {
            return Ok(());
        }
        let is_it = |entry: &Entry| match self.action {
            LedgerAction::Merge => entry.action == LedgerAction::Merge,
            LedgerAction::Undo | LedgerAction::UndoPart => entry.action != LedgerAction::Merge,
        };
        match ledger.latest(old, self.part).await?.filter(is_it) {
            Some(entry) => self.ended(Committed { plan, database, tables: entry.tables, sequences: Vec::new() }),
            None => Ok(()),
        }
    }

    fn ended(self, what: Committed) -> Result<()> {
        let record = match self.action {
            LedgerAction::Merge => JournalRecord::Merged,
            LedgerAction::Undo | LedgerAction::UndoPart => JournalRecord::Undone,
        };
        record(what).append(self.store)
    }

    fn intent(self) -> Intent {
        Intent { plan: self.part.digest.clone(), database: self.part.name.clone(), restarted: self.restarted }
    }
}
