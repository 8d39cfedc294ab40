//! What stands in a run's journal, and what happens where it cannot be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use failback::engine::{self, MergeOptions, RunState, RunSummary};
use failback::error::{Error, ErrorKind, OldState, Result};
use failback::staging::{Journal, JournalRecord};
use failback::store::{LocalStore, Store};

use super::recovery::{Recovery, incident};
use super::support::{self, block_on, pass_on};

/// A store whose journal takes so many more lines.
#[derive(Debug)]
struct FullStore {
    store: LocalStore,
    lines: AtomicU32,
}

impl Store for FullStore {
    fn append_line(&self, relative: &str, line: &str) -> Result<()> {
        let left = self.lines.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |lines| lines.checked_sub(1));
        left.map_err(|_| Error::new(ErrorKind::StorageFull, "append a line"))?;
        self.store.append_line(relative, line)
    }

    pass_on!(location, create_file, put_if_absent, read, open_checked, exists, remove_file, remove_folder, lock, sweep);
}

fn shop(test: &str) -> Recovery {
    let (pair, cutover) = incident(test, "chain_db");
    Recovery::of(pair, cutover, "")
}

/// The words of the records, in the order of the journal.
fn words(journal: &Journal) -> Vec<String> {
    let word = |record: &JournalRecord| serde_json::to_value(record).expect("a record")["record"].as_str().map(str::to_owned);
    journal.entries.iter().filter_map(|entry| word(&entry.record)).collect()
}

const LEFT: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

#[test]
fn every_step_writes_its_end_and_a_merge_its_intent_before() {
    let recovery = shop("journal");
    recovery.up_to_plan();
    block_on(engine::merge(&recovery.context, MergeOptions { dry_run: true, ..LEFT })).expect("a rehearsal");
    block_on(engine::merge(&recovery.context, LEFT)).expect("a merge");
    block_on(engine::merge(&recovery.context, LEFT)).expect("a merge that was made before");
    block_on(engine::verify(&recovery.context)).expect("a verification");
    block_on(engine::undo(&recovery.context, LEFT)).expect("an undo");
    let journal = Journal::read(&recovery.store).expect("a journal");
    let expected =
        ["exported", "diffed", "planned", "rehearsed", "merge_intended", "merged", "verified", "undo_intended", "undone"];
    assert_eq!(words(&journal), expected.map(str::to_owned));
    assert!(journal.unended().is_empty());
    let text = String::from_utf8(recovery.store.read("journal.jsonl").expect("a journal")).expect("text");
    for (name, at) in [("manifest.json", 0), ("diff.json", 1), ("plan.json", 2)] {
        let index = recovery.store.read(name).expect("an index");
        let digest = blake3_of(support::unsealed(std::str::from_utf8(&index).expect("text")).as_bytes());
        assert!(text.lines().nth(at).is_some_and(|line| line.contains(&digest)), "{name} by its digest: {text}");
    }
}

fn blake3_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[test]
fn a_journal_that_is_full_after_commit_does_not_hide_the_merge_and_is_completed_by_whoever_asks_the_ledger() {
    let mut recovery = shop("journal_full");
    recovery.up_to_plan();
    let before = Journal::read(&recovery.store).expect("a journal").entries.len();
    recovery.keep_in(Arc::new(FullStore { store: recovery.store.clone(), lines: AtomicU32::new(1) }));
    let error = block_on(engine::merge(&recovery.context, LEFT)).expect_err("no room for the end");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error:?}");
    assert!(matches!(error.old_state(), Some(OldState::Committed(_))), "{error:?}");
    assert!(error.hints().iter().any(|hint| hint.contains("OLD's ledger has the record")), "{:?}", error.hints());
    assert_eq!(support::value(&recovery.pair.old, "select count(*) from failback.ledger").as_deref(), Some("1"));
    let journal = Journal::read(&recovery.store).expect("a journal");
    assert_eq!((words(&journal)[before..].to_vec(), journal.unended().len()), (vec!["merge_intended".to_owned()], 1));
    recovery.keep_in(Arc::new(recovery.store.clone()));
    let doubtful = |recovery: &Recovery| {
        let summary = RunSummary::of(&recovery.store).expect("a run");
        (block_on(engine::status(&recovery.context)).expect("a status").unended.len(), summary.state)
    };
    let at_work = recovery.store.lock().expect("nobody is at work");
    assert_eq!(doubtful(&recovery), (1, RunState::InDoubt), "whoever is at work writes it");
    drop(at_work);
    block_on(engine::verify(&recovery.context)).expect("a verification");
    let written = |more: &str| ["merge_intended", "merged", more].map(str::to_owned);
    let journal = Journal::read(&recovery.store).expect("a journal");
    assert_eq!(words(&journal)[before..], written("verified"));
    assert_eq!(doubtful(&recovery), (0, RunState::VerifiedWithGaps));
    recovery.keep_in(Arc::new(FullStore { store: recovery.store.clone(), lines: AtomicU32::new(1) }));
    let error = block_on(engine::undo(&recovery.context, LEFT)).expect_err("no room for the end");
    assert!(error.hints().iter().any(|hint| hint.contains("`failback status`")), "{:?}", error.hints());
    recovery.keep_in(Arc::new(recovery.store.clone()));
    let status = block_on(engine::status(&recovery.context)).expect("a status");
    assert_eq!((status.unended.len(), status.next, doubtful(&recovery).1), (0, "merge", RunState::Undone));
}

#[test]
fn no_intent_no_commit() {
    let mut recovery = shop("journal_none");
    recovery.up_to_plan();
    recovery.keep_in(Arc::new(FullStore { store: recovery.store.clone(), lines: AtomicU32::new(0) }));
    let error = block_on(engine::merge(&recovery.context, LEFT)).expect_err("no room for the intent");
    assert_eq!((error.kind(), error.old_state()), (ErrorKind::StorageFull, Some(&OldState::RolledBack)), "{error:?}");
    assert_eq!(support::value(&recovery.pair.old, "select to_regclass('failback.ledger')"), None);
}
