//! How far each run has come, by its own files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::delta::Class;
use crate::engine::run::State;
use crate::error::Result;
use crate::policy::Action;
use crate::staging::{
    DiffIndex, Journal, JournalEntry, JournalRecord, Manifest, NewOnlyTable, Plan, Pruned, RunRecord, TableDiff, layout,
};
use crate::store::{LocalStore, Store as _};
use crate::words::words;

/// How far a run has come, by its own files: OLD's ledger, which knows better, is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Nothing was exported, or the export did not end.
    Begun,
    /// Rows are staged.
    Exported,
    /// They were compared with OLD.
    Diffed,
    /// It is known what a merge will do.
    Planned,
    /// A merge or an undo was about to commit, and nothing says how that ended.
    InDoubt,
    /// Some or all databases were merged.
    Merged,
    /// What was merged is not on OLD.
    NotVerified,
    /// What was promised is on OLD; rows wait or were left aside.
    VerifiedWithHeld,
    /// What was promised is on OLD; something was not looked at, is only trusted, or was written since.
    VerifiedWithGaps,
    /// What was promised is on OLD, nothing waits, and everything was looked at.
    Verified,
    /// What was merged was taken back, but for some rows.
    UndoneInPart,
    /// What was merged was taken back.
    Undone,
    /// Its files are not what was written.
    Damaged,
}

words!(RunState {
    Begun => "begun",
    Exported => "exported",
    Diffed => "diffed",
    Planned => "planned",
    InDoubt => "in_doubt",
    Merged => "merged",
    NotVerified => "not_verified",
    VerifiedWithHeld => "verified_with_held",
    VerifiedWithGaps => "verified_with_gaps",
    Verified => "verified",
    UndoneInPart => "undone_in_part",
    Undone => "undone",
    Damaged => "damaged",
});

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct RunSummary {
    /// Its folder.
    pub folder: String,
    /// Its id.
    pub id: Option<String>,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: Option<String>,
    /// The cutover as it was stated.
    pub cutover: Option<String>,
    /// How far it has come.
    pub state: RunState,
    /// Staged rows and keys.
    pub staged: u64,
    /// Rows that differ, by the diff.
    pub differing: u64,
    /// Rows that the plan leaves for a decision, aside, or as OLD has them; merged rows that others have written since; rows of
    /// tables that OLD lacks, and values for which it has no column.
    pub left: u64,
    /// Bytes of the files that hold rows.
    pub bytes: u64,
    /// What is known of the removal of its rows, if they were.
    pub pruned: Option<Pruned>,
    /// What is wrong with its files, if anything is.
    pub fault: Option<String>,
}

/// Lists the runs of a folder, oldest first.
///
/// # Errors
/// `Storage` where the folder cannot be read. A run that is damaged is listed as such.
pub fn runs(folder: &Path) -> Result<Vec<RunSummary>> {
    let mut found = LocalStore::list(folder)?.iter().map(RunSummary::of).collect::<Result<Vec<_>>>()?;
    found.sort_by(|left, right| (&left.made_at, &left.folder).cmp(&(&right.made_at, &right.folder)));
    Ok(found)
}

impl RunSummary {
    /// Looks at one run.
    ///
    /// # Errors
    /// `Storage` where its folder cannot be read.
    pub fn of(store: &LocalStore) -> Result<Self> {
        let mut summary = Self {
            folder: store.location(),
            id: None,
            made_at: None,
            cutover: None,
            state: RunState::Begun,
            staged: 0,
            differing: 0,
            left: 0,
            bytes: store.bytes_in_folders(layout::PICKS_FOLDER)?,
            pruned: None,
            fault: None,
        };
        if let Err(error) = summary.look(store) {
            summary.state = RunState::Damaged;
            summary.fault = Some(format!("{error:?}"));
        }
        Ok(summary)
    }

    fn look(&mut self, store: &LocalStore) -> Result<()> {
        let record = RunRecord::read(store)?;
        (self.id, self.made_at) = (Some(record.id.to_string()), Some(record.made_at.clone()));
        self.pruned = Pruned::read(store)?;
        if !store.exists(layout::MANIFEST)? {
            return Ok(());
        }
        let manifest = Manifest::read(store)?;
        self.cutover = Some(manifest.cutover.clone());
        let tables = manifest.databases.iter().flat_map(|database| &database.tables);
        self.staged = tables.map(|table| table.candidate_rows() + table.absent_rows()).sum();
        let unplaced =
            manifest.databases.iter().flat_map(|database| &database.tables).flat_map(|table| table.unplaced.values());
        let new_only = manifest.databases.iter().flat_map(|database| &database.new_only).map(NewOnlyTable::row_count);
        self.left = unplaced.sum::<u64>() + new_only.sum::<u64>();
        self.state = RunState::Exported;
        let mut old_only = 0;
        if store.exists(layout::DIFF)? {
            let index = DiffIndex::read(store)?;
            self.differing = index.tables().map(TableDiff::rows).sum();
            old_only = index.counts().get(Class::OldOnly);
            self.state = RunState::Diffed;
        }
        let plan = if store.exists(layout::PLAN)? { Some(Plan::read_with_age(store)?) } else { None };
        if let Some((plan, None)) = &plan {
            let actions = plan.actions();
            // What is left as OLD has it is in no other file, unless NEW had nothing to apply.
            let kept = actions.get(Action::KeepOld).saturating_sub(old_only);
            self.left += actions.get(Action::Hold) + actions.get(Action::Skip) + kept;
            self.state = RunState::Planned;
        }
        let journal = Journal::read(store)?;
        self.left += unseen(&journal);
        let databases = plan.as_ref().map_or(0, |(plan, _)| plan.databases.len());
        self.state = done(&journal, databases).unwrap_or(self.state);
        Ok(())
    }
}

/// Counts the rows of the merge of which the last verification could not see any more what it wrote.
fn unseen(journal: &Journal) -> u64 {
    let verified = |entry: &JournalEntry| match &entry.record {
        JournalRecord::Verified { unseen, state, .. } => {
            // Not counted, and not all seen.
            let unknown = u64::from(state == State::VerifiedWithGaps.word());
            Some(unseen.unwrap_or(unknown))
        }
        _ => None,
    };
    journal.entries.iter().rev().find_map(verified).unwrap_or(0)
}

/// Says how far a run's merge has come, if there was one.
fn done(journal: &Journal, databases: usize) -> Option<RunState> {
    if !journal.unended().is_empty() {
        return Some(RunState::InDoubt);
    }
    let mut verdict = None;
    // How many rows the last undo of each database left.
    let mut left = BTreeMap::new();
    for entry in &journal.entries {
        match &entry.record {
            JournalRecord::Verified { state, .. } => verdict = State::ALL.iter().find(|one| one.word() == state),
            JournalRecord::Merged(end) => {
                verdict = None;
                left.remove(end.database.as_str());
            }
            JournalRecord::Undone(end) => {
                verdict = None;
                left.insert(end.database.as_str(), end.left.unwrap_or(0));
            }
            _ => {}
        }
    }
    let in_part = left.values().filter(|rows| **rows > 0).count();
    let merged = journal.merged_databases().len() - in_part;
    if merged == 0 {
        let undone = if in_part > 0 { RunState::UndoneInPart } else { RunState::Undone };
        return (!left.is_empty()).then_some(undone);
    }
    if !left.is_empty() {
        return Some(RunState::UndoneInPart);
    }
    Some(match verdict {
        Some(State::NotVerified) => RunState::NotVerified,
        Some(State::Verified) if merged == databases => RunState::Verified,
        Some(State::VerifiedWithGaps) if merged == databases => RunState::VerifiedWithGaps,
        Some(State::VerifiedWithHeld) if merged == databases => RunState::VerifiedWithHeld,
        _ => RunState::Merged,
    })
}
