//! The journal of a run: what was done, one record a line, only ever added to. It repeats what the files and OLD's ledger say,
//! in the order in which it happened. No step reads it to decide what to do, but for a merge of which OLD's ledger knows
//! nothing: that it was made before is then known here alone.
//!
//! A merge or an undo writes what it is about to commit before COMMIT, and how that ended after it: an intent without an end
//! says that OLD's ledger has to be asked.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::index_file::{line, read_line};
use super::layout;
use super::measured::{Measured, Rehearsed};
use super::vote::Verdict;
use super::written::{Raise, Written};
use crate::error::{Place as _, Result};
use crate::store::Store;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// When it was written, RFC 3339 in UTC, by this machine's clock.
    pub at: String,
    /// The failback that wrote it.
    pub tool_version: String,
    /// What was done.
    #[serde(flatten)]
    pub record: JournalRecord,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum JournalRecord {
    /// An export ended.
    Exported {
        /// The digest that the manifest bears.
        manifest_blake3: String,
        /// Staged rows and keys.
        rows: u64,
    },
    /// A diff ended.
    Diffed {
        /// The digest that its index bears.
        diff_blake3: String,
        /// Keys that were looked at.
        rows: u64,
    },
    /// Decisions were written.
    Decided {
        /// blake3 of decisions.toml as it is now.
        decisions_blake3: String,
        /// Which section was written.
        section: String,
        /// What was decided, as `class=resolution`.
        settings: Vec<String>,
        /// Who decided.
        by: String,
    },
    /// A plan was frozen.
    Planned {
        /// The digest that the plan's file bears.
        plan_blake3: String,
        /// The plan's digest.
        plan: String,
        /// Rows that wait for a decision.
        held: u64,
    },
    /// Somebody approved or denied a plan; approvals.jsonl is what counts.
    Voted {
        /// The plan's digest.
        plan: String,
        /// What was said.
        verdict: Verdict,
        /// In which role.
        role: String,
        /// Who.
        by: String,
    },
    /// A merge was rehearsed on one database, and rolled back.
    Rehearsed(Rehearsed),
    /// A merge is about to commit what it did to one database.
    MergeIntended(Intent),
    /// It was committed.
    Merged(Committed),
    /// It was not.
    MergeFailed(NotCommitted),
    /// An undo is about to commit what it did to one database.
    UndoIntended(Intent),
    /// It was committed.
    Undone(Committed),
    /// It was not.
    UndoFailed(NotCommitted),
    /// OLD was read back.
    Verified {
        /// The plan's digest.
        plan: String,
        /// What it came to, as the report says it.
        state: String,
        /// When OLD's ledger recorded the merge that was read back, a database: of another one it says nothing.
        #[serde(default)]
        merged_at: BTreeMap<String, String>,
        /// How many rows of the merge could not be seen any more, as others have written them since; an earlier failback did
        /// not count them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unseen: Option<u64>,
    },
    /// The run's rows were removed.
    Pruned {
        /// Who removed them.
        by: String,
        /// How many bytes of files with rows there were.
        bytes: u64,
    },
    /// Something that a newer failback wrote.
    #[serde(other)]
    Unknown,
}

/// What is about to be committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The plan's digest.
    pub plan: String,
    /// The database's name.
    pub database: String,
    /// Whether OLD was started anew between the export and a merge: what transaction ids of before prove is not relied on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restarted: bool,
    /// Whether it is a live merge, whose batches OLD's ledger knows one by one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub live: bool,
}

/// What was committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// The plan's digest.
    pub plan: String,
    /// The database's name.
    pub database: String,
    /// Rows written, a table.
    pub tables: Vec<(String, Written)>,
    /// Sequences raised.
    pub sequences: Vec<Raise>,
    /// After an undo: the rows of the merge that it left on OLD; unknown where an earlier failback wrote the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u64>,
    /// After an undo: how many rows of the merge stand, a table that has any; unknown where an earlier failback wrote the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Vec<(String, u64)>>,
    /// What it cost; unknown where an earlier failback wrote the line, or OLD's ledger alone says that it was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

/// What was about to be committed and was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCommitted {
    /// The plan's digest.
    pub plan: String,
    /// The database's name.
    pub database: String,
    /// What OLD may have seen, in words.
    pub old: String,
}

impl JournalRecord {
    /// Adds the record to the run's journal; it is safe when the call returns.
    ///
    /// # Errors
    /// `Storage` where the journal cannot be written.
    pub fn append(self, store: &dyn Store) -> Result<()> {
        let entry =
            JournalEntry { at: Timestamp::now().to_string(), tool_version: env!("CARGO_PKG_VERSION").to_owned(), record: self };
        store.append_line(layout::JOURNAL, &line(layout::JOURNAL, &entry)?).place(|| layout::JOURNAL)
    }

    /// Whether it intends to carry out, or take back, this plan on this database.
    #[must_use]
    pub fn intends(&self, plan: &str, database: &str) -> bool {
        self.intent().is_some_and(|intent| intent.plan == plan && intent.database == database)
    }

    /// Returns what it intends to commit, if it is an intent.
    #[must_use]
    pub const fn intent(&self) -> Option<&Intent> {
        match self {
            Self::MergeIntended(intent) | Self::UndoIntended(intent) => Some(intent),
            _ => None,
        }
    }

    /// The plan and the database of an intent that this is the end of.
    fn ends(&self) -> Option<(&str, &str)> {
        match self {
            Self::Merged(end) | Self::Undone(end) => Some((&end.plan, &end.database)),
            Self::MergeFailed(end) | Self::UndoFailed(end) => Some((&end.plan, &end.database)),
            _ => None,
        }
    }
}

/// What stands in a run's journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Journal {
    /// The records, in the order in which they were written.
    pub entries: Vec<JournalEntry>,
    /// How many lines are not what was written: halves that a crash left, and damage.
    pub torn: usize,
}

impl Journal {
    /// Reads the journal of a run; a run without one has done nothing yet.
    ///
    /// # Errors
    /// `Storage` or `Damaged` where the file cannot be read. A line that cannot is passed over and counted.
    pub fn read(store: &dyn Store) -> Result<Self> {
        let mut journal = Self::default();
        if !store.exists(layout::JOURNAL)? {
            return Ok(journal);
        }
        for line in store.read(layout::JOURNAL)?.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match read_line(line) {
                Some(entry) => journal.entries.push(entry),
                None => journal.torn += 1,
            }
        }
        Ok(journal)
    }

    /// Lists the databases of which the journal says that a merge stands, wholly or in part.
    #[must_use]
    pub fn merged_databases(&self) -> BTreeSet<&str> {
        let mut merged = BTreeSet::new();
        for entry in &self.entries {
            match &entry.record {
                JournalRecord::Merged(end) => {
                    merged.insert(end.database.as_str());
                }
                JournalRecord::Undone(end) if end.left.unwrap_or(0) == 0 => {
                    merged.remove(end.database.as_str());
                }
                _ => {}
            }
        }
        merged
    }

    /// Whether OLD was started anew between the export and a merge of this plan's part for a database.
    #[must_use]
    pub fn merged_after_restart(&self, plan: &str, database: &str) -> bool {
        self.entries.iter().any(|entry| {
            matches!(&entry.record, JournalRecord::MergeIntended(intent)
                if intent.restarted && intent.plan == plan && intent.database == database)
        })
    }

    /// Says when the merge of a plan's part was committed that stands, as far as the journal says.
    #[must_use]
    pub fn stands(&self, plan: &str, database: &str) -> Option<&str> {
        let is_it = |end: &Committed| end.plan == plan && end.database == database;
        let last = self.entries.iter().rev().find_map(|entry| match &entry.record {
            JournalRecord::Merged(end) if is_it(end) => Some(Some(entry.at.as_str())),
            JournalRecord::Undone(end) if is_it(end) => Some(None),
            _ => None,
        });
        last.flatten()
    }

    /// Counts how often a plan's part was taken back, in part or as a whole, as far as the journal says.
    #[must_use]
    pub fn undone(&self, plan: &str, database: &str) -> usize {
        let is_it = |end: &Committed| end.plan == plan && end.database == database;
        self.entries.iter().filter(|entry| matches!(&entry.record, JournalRecord::Undone(end) if is_it(end))).count()
    }

    /// Lists the intents that nothing says the end of.
    #[must_use]
    pub fn unended(&self) -> Vec<&JournalEntry> {
        let mut open: Vec<&JournalEntry> = Vec::new();
        for entry in &self.entries {
            if let Some(intent) = entry.record.intent() {
                // A later attempt asks the ledger first, and takes over from an earlier one.
                open.retain(|other| !other.record.intends(&intent.plan, &intent.database));
                open.push(entry);
            } else if let Some((plan, database)) = entry.record.ends() {
                open.retain(|other| !other.record.intends(plan, database));
            }
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::LocalStore;

    fn intent(database: &str) -> Intent {
        Intent { plan: "p".to_owned(), database: database.to_owned(), restarted: false, live: false }
    }

    fn committed(database: &str) -> Committed {
        let written = Written { inserted: 1, updated: 2, deleted: 3 };
        let raise = Raise { sequence: "public.s".to_owned(), from: None, to: 7 };
        let (plan, database) = ("p".to_owned(), database.to_owned());
        Committed {
            plan,
            database,
            tables: vec![("public.t".to_owned(), written)],
            sequences: vec![raise],
            left: None,
            standing: None,
            measured: None,
        }
    }

    fn not_committed(database: &str) -> NotCommitted {
        NotCommitted { plan: "p".to_owned(), database: database.to_owned(), old: "OLD is as it was".to_owned() }
    }

    #[test]
    fn records_are_read_as_they_were_written_and_a_torn_tail_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        assert_eq!(Journal::read(&store).unwrap(), Journal::default());
        let records = [
            JournalRecord::Exported { manifest_blake3: "m".to_owned(), rows: 5 },
            JournalRecord::Diffed { diff_blake3: "d".to_owned(), rows: 5 },
            JournalRecord::Decided {
                decisions_blake3: "e".to_owned(),
                section: "defaults".to_owned(),
                settings: Vec::new(),
                by: "ada".to_owned(),
            },
            JournalRecord::Planned { plan_blake3: "f".to_owned(), plan: "p".to_owned(), held: 1 },
            JournalRecord::MergeIntended(intent("a")),
            JournalRecord::Merged(committed("a")),
            JournalRecord::MergeFailed(not_committed("a")),
            JournalRecord::UndoIntended(intent("a")),
            JournalRecord::Undone(committed("a")),
            JournalRecord::UndoFailed(not_committed("a")),
            JournalRecord::Verified {
                plan: "p".to_owned(),
                state: "verified".to_owned(),
                merged_at: BTreeMap::new(),
                unseen: None,
            },
        ];
        for record in &records {
            record.clone().append(&store).unwrap();
        }
        let path = root.path().join("r1").join(layout::JOURNAL);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"at\":\"2026-")).unwrap();
        let read = Journal::read(&store).unwrap();
        assert_eq!(read.entries.iter().map(|entry| entry.record.clone()).collect::<Vec<_>>(), records);
        assert_eq!(read.torn, 1);
        records[0].clone().append(&store).unwrap();
        let read = Journal::read(&store).unwrap();
        assert_eq!((read.entries.len(), read.torn), (records.len() + 1, 1), "the half line took no whole one with it");
        let newer = serde_json::json!({ "at": "x", "tool_version": "9", "record": "flew", "to": "the moon" });
        store.append_line(layout::JOURNAL, &line(layout::JOURNAL, &newer).unwrap()).unwrap();
        assert_eq!(Journal::read(&store).unwrap().entries.last().unwrap().record, JournalRecord::Unknown);
    }

    #[test]
    fn an_intent_is_open_until_its_end_is_known() {
        let entry = |record| JournalEntry { at: "t".to_owned(), tool_version: "0".to_owned(), record };
        let journal = |records: Vec<JournalRecord>| Journal { entries: records.into_iter().map(entry).collect(), torn: 0 };
        let open = |records| journal(records).unended().len();
        assert_eq!(open(vec![JournalRecord::MergeIntended(intent("a"))]), 1);
        assert_eq!(open(vec![JournalRecord::MergeIntended(intent("a")), JournalRecord::Merged(committed("a"))]), 0);
        assert_eq!(open(vec![JournalRecord::MergeIntended(intent("a")), JournalRecord::Merged(committed("b"))]), 1);
        assert_eq!(open(vec![JournalRecord::UndoIntended(intent("a")), JournalRecord::UndoFailed(not_committed("a"))]), 0);
        assert_eq!(open(vec![JournalRecord::MergeIntended(intent("a")), JournalRecord::MergeIntended(intent("a"))]), 1);
    }
}
