//! What became of a staged row.

use serde::{Deserialize, Serialize};

use crate::delta::Class;
use crate::policy::Action;
use crate::staging::{Manifest, NewOnlyTable, Plan};
use crate::words::{Counts, words};

/// What became of a staged row; each has exactly one outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was written to OLD, or OLD's row was taken away.
    Applied,
    /// It was written, and an undo of a part of the merge has taken it back.
    TakenBack,
    /// It was to be written, and a live merge left it as OLD has it.
    NotMerged,
    /// OLD's row was kept, by decision.
    KeptOld,
    /// It waits for a decision.
    Held,
    /// It was left aside on purpose.
    Skipped,
    /// Both sides had made the same change.
    Convergent,
    /// Neither side had changed it.
    Unchanged,
    /// OLD lacks its table: it is staged, and nowhere else but on NEW.
    NotCarried,
}

words!(Outcome {
    Applied => "applied",
    TakenBack => "taken_back",
    NotMerged => "not_merged",
    KeptOld => "kept_old",
    Held => "held",
    Skipped => "skipped",
    Convergent => "convergent",
    Unchanged => "unchanged",
    NotCarried => "not_carried",
});

impl Outcome {
    /// Whether the row is not as NEW has it because nobody decided, or somebody decided to leave it, or it has no place.
    #[must_use]
    pub const fn is_left_aside(self) -> bool {
        match self {
            Self::Held | Self::Skipped | Self::NotCarried | Self::TakenBack | Self::NotMerged => true,
            Self::Applied | Self::KeptOld | Self::Convergent | Self::Unchanged => false,
        }
    }

    /// Returns the outcome of a row with this action.
    const fn of_action(action: Action) -> Self {
        match action {
            Action::Insert | Action::Update | Action::Replace | Action::Delete => Self::Applied,
            Action::KeepOld => Self::KeptOld,
            Action::Hold => Self::Held,
            Action::Skip => Self::Skipped,
        }
    }

    /// Returns the outcome of a row that has no action since nothing was to be decided about it; `None` where something was.
    const fn of_settled(class: Class) -> Option<Self> {
        match class {
            Class::Convergent => Some(Self::Convergent),
            Class::Unchanged => Some(Self::Unchanged),
            Class::Insert
            | Class::Update
            | Class::Delete
            | Class::OldOnly
            | Class::AmbiguousMissingOnOld
            | Class::AmbiguousDeletedOnOld
            | Class::AmbiguousMissingOnNew
            | Class::AmbiguousDiffers
            | Class::Drift
            | Class::InsertExists
            | Class::UpdateOriginDiffers
            | Class::UpdateDeleted
            | Class::UpdateMissing
            | Class::DeleteOriginDiffers => None,
        }
    }
}

/// Counts every staged row under exactly one outcome; so many of those that the plan was to write were taken back, and so many
/// were left by a live merge.
pub(crate) fn outcomes(plan: &Plan, manifest: &Manifest, (taken_back, not_merged): (u64, u64)) -> Counts<Outcome> {
    let mut found = Counts::new();
    let (mut owed, mut left) = (taken_back, not_merged);
    for table in plan.tables() {
        for (action, rows) in table.actions.iter() {
            let outcome = Outcome::of_action(action);
            let back = if outcome == Outcome::Applied { rows.min(owed) } else { 0 };
            owed -= back;
            let rest = if outcome == Outcome::Applied { (rows - back).min(left) } else { 0 };
            left -= rest;
            found.add(Outcome::TakenBack, back);
            found.add(Outcome::NotMerged, rest);
            found.add(outcome, rows - back - rest);
        }
        let settled = table.settled.iter().filter_map(|(class, rows)| Some((Outcome::of_settled(class)?, rows)));
        found += &settled.collect();
    }
    let new_only = manifest.databases.iter().flat_map(|database| &database.new_only);
    found.add(Outcome::NotCarried, new_only.map(NewOnlyTable::row_count).sum());
    found
}
