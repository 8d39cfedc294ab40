//! What became of each table's rows once a merge was tried, as the run's journal says it.

use crate::policy::Action;
use crate::staging::{Committed, DatabasePlan, Journal, JournalRecord, Plan, TablePlan};

/// What became of a table's rows. Each row of the plan is in exactly one of the first five.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableOutcome {
    /// Written to OLD, or taken away there, and still so.
    pub applied: u64,
    /// OLD's row was kept by decision, or left aside on purpose.
    pub skipped: u64,
    /// They wait for a decision.
    pub held: u64,
    /// They were to be written, and the merge was not committed.
    pub failed: u64,
    /// They were written, and taken back.
    pub undone: u64,
}

/// How the plan's part for one database stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing<'a> {
    /// No merge of it was tried, or none came as far as COMMIT.
    Untouched,
    /// A merge of it was not committed.
    Failed,
    /// It is on OLD, but for what undos took back.
    Merged {
        /// What the merge wrote.
        merged: &'a Committed,
        /// What undos took back since.
        undone: Vec<&'a Committed>,
    },
}

impl<'a> Standing<'a> {
    /// Reads it off the journal.
    pub(super) fn of(part: &DatabasePlan, journal: &'a Journal) -> Self {
        let mut standing = Self::Untouched;
        for entry in &journal.entries {
            match &entry.record {
                JournalRecord::Merged(end) if end.plan == part.digest => {
                    standing = Self::Merged { merged: end, undone: Vec::new() };
                }
                JournalRecord::Undone(end) if end.plan == part.digest => {
                    if let Self::Merged { undone, .. } = &mut standing {
                        undone.push(end);
                    }
                }
                JournalRecord::MergeFailed(end) if end.plan == part.digest && standing == Self::Untouched => {
                    standing = Self::Failed;
                }
                _ => {}
            }
        }
        standing
    }

    /// Whether OLD has rows of it.
    pub(super) fn stands(&self) -> bool {
        let Self::Merged { merged, undone } = self else { return false };
        match undone.last().map(|end| end.left) {
            None => true,
            Some(Some(left)) => left > 0,
            Some(None) => rows(merged) > undone.iter().map(|end| rows(end)).sum::<u64>(),
        }
    }

    /// Whether it is on OLD but for what was taken back.
    pub(super) fn is_partly_undone(&self) -> bool {
        self.stands() && matches!(self, Self::Merged { undone, .. } if !undone.is_empty())
    }

    /// Whether it was on OLD and was taken back, all of it.
    pub(super) fn is_undone(&self) -> bool {
        matches!(self, Self::Merged { .. }) && !self.stands()
    }

    /// Says what became of a table's rows; nothing where no merge was tried.
    pub(super) fn outcome(&self, table: &TablePlan) -> Option<TableOutcome> {
        let name = table.name.to_string();
        let mut outcome = TableOutcome {
            skipped: table.actions.get(Action::KeepOld) + table.actions.get(Action::Skip),
            held: table.actions.get(Action::Hold),
            ..TableOutcome::default()
        };
        match self {
            Self::Untouched => return None,
            Self::Failed => outcome.failed = table.written_rows(),
            Self::Merged { merged, undone } => {
                let written = rows_of(merged, &name);
                // Rows that somebody had put back before an undo looked are not among those that it wrote.
                outcome.undone = match undone.last().and_then(|end| end.standing.as_ref()) {
                    Some(standing) => {
                        let stand: u64 = standing.iter().filter(|(one, _)| *one == name).map(|(_, rows)| rows).sum();
                        written.saturating_sub(stand)
                    }
                    None => undone.iter().map(|end| rows_of(end, &name)).sum(),
                };
                outcome.applied = written.saturating_sub(outcome.undone);
            }
        }
        Some(outcome)
    }
}

/// How every database's part of a plan stands, in its order.
pub(super) fn standings<'a>(plan: &Plan, journal: &'a Journal) -> Vec<Standing<'a>> {
    plan.databases.iter().map(|part| Standing::of(part, journal)).collect()
}

fn rows_of(end: &Committed, table: &str) -> u64 {
    end.tables.iter().filter(|(name, _)| name == table).map(|(_, written)| written.rows()).sum()
}

fn rows(end: &Committed) -> u64 {
    end.tables.iter().map(|(_, written)| written.rows()).sum()
}
