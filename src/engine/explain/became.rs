//! What became of one row of a plan.

use serde::{Deserialize, Serialize};

use crate::engine::run::{Entry, LedgerAction};
use crate::policy::Action;
use crate::staging::layout::TableId;
use crate::words::words;

/// What became of one row of a plan, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// There is no plan that says what is done with it.
    NotPlanned,
    /// The plan writes it, and it was not merged: the plan was not, or a live merge has not come to it, or has left it.
    NotMerged,
    /// The merge wrote it, and stands.
    Applied,
    /// The merge wrote it, and it was taken back.
    TakenBack,
    /// The merge wrote it, and an undo left it as it was then.
    Left,
    /// OLD's row was kept.
    KeptOld,
    /// It waits for a decision.
    Held,
    /// It was left aside on purpose.
    Skipped,
    /// A part of the merge was taken back, or left by a live merge, and only OLD's ledger knows which.
    NotAsked,
    /// The run's journal has a merge, and OLD's ledger knows nothing of it.
    NotKnown,
}

words!(Became {
    NotPlanned => "not_planned",
    NotMerged => "not_merged",
    Applied => "applied",
    TakenBack => "taken_back",
    Left => "left",
    KeptOld => "kept_old",
    Held => "held",
    Skipped => "skipped",
    NotAsked => "not_asked",
    NotKnown => "not_known",
});

/// What a run's journal has last of a plan.
#[derive(Clone, Copy, Debug)]
pub(super) enum Last {
    /// A merge; a live one may have left rows, or has not ended.
    Merged {
        /// Whether all of the plan's rows are known to be written.
        all: bool,
    },
    /// An undo.
    Undone {
        /// How many rows it left; an earlier failback did not count them.
        left: Option<u64>,
    },
}

impl Became {
    /// Says what became of a row by OLD's ledger; this is what the run's journal has.
    pub(super) fn by_ledger(self, action: Option<Action>, last: Option<&Entry>, (table, row): (TableId, usize)) -> Self {
        Self::of(action, || match last {
            None if self == Self::NotMerged => Self::NotMerged,
            None => Self::NotKnown,
            Some(entry) => match entry.action {
                _ if !entry.has_landed(table, row) => Self::NotMerged,
                LedgerAction::Merge | LedgerAction::MergeBatch => Self::Applied,
                LedgerAction::UndoPart if entry.left.is_none() => Self::NotAsked,
                LedgerAction::UndoPart if entry.has_before_it(table, row) => Self::Left,
                LedgerAction::Undo | LedgerAction::UndoPart => Self::TakenBack,
            },
        })
    }

    /// Says what became of a row by what the run's journal has last; nothing where it was not merged.
    pub(super) fn by_journal(action: Option<Action>, last: Option<Last>) -> Self {
        Self::of(action, || match last {
            None => Self::NotMerged,
            Some(Last::Merged { all: true }) => Self::Applied,
            Some(Last::Undone { left: Some(0) }) => Self::TakenBack,
            Some(Last::Undone { .. } | Last::Merged { all: false }) => Self::NotAsked,
        })
    }

    fn of(action: Option<Action>, written: impl Fn() -> Self) -> Self {
        match action {
            None => Self::NotPlanned,
            Some(Action::KeepOld) => Self::KeptOld,
            Some(Action::Hold) => Self::Held,
            Some(Action::Skip) => Self::Skipped,
            Some(Action::Insert | Action::Update | Action::Replace | Action::Delete) => written(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_never_depends_on_the_merge() {
        for last in [None, Some(Last::Merged { all: true }), Some(Last::Undone { left: Some(3) })] {
            assert_eq!(Became::by_journal(Some(Action::Hold), last), Became::Held);
            assert_eq!(Became::by_journal(None, last), Became::NotPlanned);
        }
        assert_eq!(Became::by_journal(Some(Action::Update), None), Became::NotMerged);
        assert_eq!(Became::by_journal(Some(Action::Update), Some(Last::Merged { all: true })), Became::Applied);
        assert_eq!(Became::by_journal(Some(Action::Delete), Some(Last::Undone { left: Some(0) })), Became::TakenBack);
        assert_eq!(Became::by_journal(Some(Action::Insert), Some(Last::Undone { left: None })), Became::NotAsked);
    }
}
