//! Completes a run's journal once OLD's ledger was asked: how merges and undos ended of which nothing said it.

use super::entry::{Entry, LedgerAction};
use super::ledger::{Ledger, lock_holder};
use crate::error::Result;
use crate::pg::Session;
use crate::staging::{Committed, DatabasePlan, Intent, Journal, JournalEntry, JournalRecord, NotCommitted};
use crate::store::Store;

/// Writes down how everything ended that was about to be committed to a database, as far as its ledger says it. The caller is
/// alone at work on the run; whether another failback is at work on OLD is asked.
///
/// # Errors
/// Whatever asking OLD's ledger can give; `Storage` where the journal cannot be written.
pub(crate) async fn settle(store: &dyn Store, (ledger, old): (&Ledger, &Session), database: &str) -> Result<()> {
    let journal = Journal::read(store)?;
    let is_of_it = |entry: &&JournalEntry| entry.record.intent().is_some_and(|intent| intent.database == database);
    let open: Vec<_> = journal.unended().into_iter().filter(is_of_it).collect();
    if open.is_empty() || lock_holder(old).await?.is_some() {
        return Ok(());
    }
    for entry in open {
        let Some(intent) = entry.record.intent() else { continue };
        let last = ledger.latest_of(old, &intent.plan).await?;
        let is_undo = matches!(entry.record, JournalRecord::UndoIntended(_));
        if let Some(end) = end_of(intent, is_undo, last, &journal) {
            end.append(store)?;
        }
    }
    Ok(())
}

/// As [`settle`], by a step that only reads: what cannot be written down, or is another process's to write, is no failure.
pub(crate) async fn settle_if_alone(store: &dyn Store, asked: (&Ledger, &Session), database: &str) {
    let has_doubt = Journal::read(store).is_ok_and(|journal| !journal.unended().is_empty());
    let Some(_lock) = has_doubt.then(|| store.lock().ok()).flatten() else { return };
    let _ = settle(store, asked, database).await;
}

/// Says how something ended that was about to be committed, by what the ledger has of the plan last; `None` where that is not
/// known.
fn end_of(intent: &Intent, is_undo: bool, last: Option<Entry>, journal: &Journal) -> Option<JournalRecord> {
    let Intent { plan, database, .. } = intent.clone();
    let undone = journal.undone(&plan, &database);
    let committed = |last: Entry| {
        let left = (last.action != LedgerAction::Merge).then(|| last.left_rows()).or_else(|| unlanded(&last));
        Committed {
            plan: plan.clone(),
            database: database.clone(),
            tables: last.tables,
            sequences: Vec::new(),
            left,
            standing: last.standing,
            measured: None,
        }
    };
    let not = |old: &str| NotCommitted { plan: plan.clone(), database: database.clone(), old: old.to_owned() };
    let Some(last) = last else {
        // Where a merge was known to stand, the ledger is gone.
        let is_known = !is_undo && journal.stands(&plan, &database).is_none();
        return is_known.then(|| JournalRecord::MergeFailed(not("OLD's ledger has no such merge")));
    };
    Some(match (is_undo, last.action) {
        // Some of it is there, and the rest may come.
        (false, LedgerAction::MergeBatch) => return None,
        (true, LedgerAction::MergeBatch) => JournalRecord::UndoFailed(not("by OLD's ledger what a live merge brought stands")),
        (false, LedgerAction::Merge) => JournalRecord::Merged(committed(last)),
        (true, LedgerAction::Merge) => JournalRecord::UndoFailed(not("by OLD's ledger the merge stands")),
        // Taken back before it was tried again, or from a copy of the run's folder.
        (false, _) if undone > 0 => JournalRecord::MergeFailed(not("by OLD's ledger what was merged before is taken back")),
        (true, LedgerAction::UndoPart) if last.undone_in.len() <= undone => {
            JournalRecord::UndoFailed(not("OLD's ledger has no further undo"))
        }
        _ => JournalRecord::Undone(committed(last)),
    })
}

/// Returns what a live merge left, where it left any.
fn unlanded(last: &Entry) -> Option<u64> {
    last.unlanded_rows.filter(|rows| *rows > 0)
}

/// Says that the merge of a plan's part is in this run's journal, where it is; for whoever finds none in OLD's ledger.
pub(crate) fn lost(journal: &Journal, part: &DatabasePlan) -> Option<String> {
    let at = journal.stands(&part.digest, &part.name)?;
    Some(format!(
        "OLD's ledger has no merge of this plan, and this run's journal has one that was committed, at {at}: the ledger was \
         dropped, or OLD was set back to before the merge, or this is another copy of it"
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn intent() -> Intent {
        Intent { plan: "p".to_owned(), database: "a".to_owned(), restarted: false, live: false }
    }

    fn committed() -> Committed {
        Committed {
            plan: "p".to_owned(),
            database: "a".to_owned(),
            tables: Vec::new(),
            sequences: Vec::new(),
            left: None,
            standing: None,
            measured: None,
        }
    }

    fn journal(records: &[JournalRecord]) -> Journal {
        let entry =
            |record: &JournalRecord| JournalEntry { at: "t".to_owned(), tool_version: "0".to_owned(), record: record.clone() };
        Journal { entries: records.iter().map(entry).collect(), torn: 0 }
    }

    fn last(action: LedgerAction, parts: usize) -> Entry {
        Entry {
            action,
            tables: Vec::new(),
            recorded_at: "t".to_owned(),
            merged_in: None,
            written_in: Vec::new(),
            landed_rows: None,
            unlanded_rows: None,
            landed: None,
            undone_in: vec![7; parts],
            put_back_in: Vec::new(),
            standing_rows: None,
            standing: None,
            left: None,
            files: BTreeMap::new(),
        }
    }

    #[test]
    fn how_it_ended_is_what_the_ledger_has_last() {
        use {LedgerAction::Merge, LedgerAction::Undo, LedgerAction::UndoPart};
        let (merge, undo) = (JournalRecord::Merged(committed()), JournalRecord::Undone(committed()));
        let word = |is_undo, last: Option<Entry>, before: &[JournalRecord]| {
            let end = end_of(&intent(), is_undo, last, &journal(before))?;
            Some(match end {
                JournalRecord::Merged(_) => "merged",
                JournalRecord::MergeFailed(_) => "not merged",
                JournalRecord::Undone(_) => "undone",
                JournalRecord::UndoFailed(_) => "not undone",
                _ => "?",
            })
        };
        assert_eq!(word(false, Some(last(Merge, 0)), &[]), Some("merged"));
        assert_eq!(word(false, None, &[]), Some("not merged"));
        assert_eq!(word(false, Some(last(LedgerAction::MergeBatch, 0)), &[]), None, "a live merge goes on");
        assert_eq!(word(true, Some(last(LedgerAction::MergeBatch, 0)), &[]), Some("not undone"));
        assert_eq!(word(false, None, std::slice::from_ref(&merge)), None, "the ledger is gone");
        assert_eq!(word(false, Some(last(Undo, 0)), &[]), Some("undone"), "both from a copy of the folder");
        assert_eq!(word(false, Some(last(Undo, 0)), &[merge.clone(), undo.clone()]), Some("not merged"));
        assert_eq!(word(true, Some(last(Merge, 0)), std::slice::from_ref(&merge)), Some("not undone"));
        assert_eq!(word(true, Some(last(Undo, 0)), std::slice::from_ref(&merge)), Some("undone"));
        assert_eq!(word(true, Some(last(UndoPart, 1)), std::slice::from_ref(&merge)), Some("undone"));
        assert_eq!(word(true, Some(last(UndoPart, 1)), &[merge.clone(), undo]), Some("not undone"));
        assert_eq!(word(true, None, &[merge]), None);
    }
}
