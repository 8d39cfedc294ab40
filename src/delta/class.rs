//! The names of what can have happened to a row.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// What a row's history means for OLD: a plain change of one side, a conflict by PostgreSQL's own names (documentation,
/// "Logical Replication", "Conflicts"), a difference that nothing explains, or nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// NEW created the row after the cutover; OLD has nothing under its key.
    Insert,
    /// NEW changed the row; OLD still has the row of the cutover.
    Update,
    /// NEW deleted the row; OLD still has the row of the cutover.
    Delete,
    /// Only OLD changed it.
    OldOnly,
    /// Only NEW has the row; nothing says whether NEW created it or OLD deleted it.
    AmbiguousMissingOnOld,
    /// Only NEW has the row, and its stamps lie before the cutover: OLD deleted it, or an import brought it to NEW with its old
    /// stamps.
    AmbiguousDeletedOnOld,
    /// Only OLD has the row; nothing says whether OLD created it or NEW deleted it, or an earlier merge brought it from NEW,
    /// which lacks it now.
    AmbiguousMissingOnNew,
    /// Both have the row with different values; nothing says who changed it.
    AmbiguousDiffers,
    /// Both have the row with different values, and neither side wrote it since the cutover, which the servers prove: the two
    /// differed by then.
    Drift,
    /// Conflict: both sides created different rows under one key.
    InsertExists,
    /// Conflict: both sides changed the row, differently.
    UpdateOriginDiffers,
    /// Conflict: NEW created or changed the row; OLD, which had it at the cutover or from an earlier merge, deleted it.
    UpdateDeleted,
    /// Conflict: NEW changed the row; OLD does not have it, and its delete is not proven.
    UpdateMissing,
    /// Conflict: NEW deleted the row; OLD changed it.
    DeleteOriginDiffers,
    /// Both sides made the same change.
    Convergent,
    /// Neither side changed it.
    Unchanged,
}

words!(Class {
    Insert => "insert",
    Update => "update",
    Delete => "delete",
    OldOnly => "old_only",
    AmbiguousMissingOnOld => "ambiguous_missing_on_old",
    AmbiguousDeletedOnOld => "ambiguous_deleted_on_old",
    AmbiguousMissingOnNew => "ambiguous_missing_on_new",
    AmbiguousDiffers => "ambiguous_differs",
    Drift => "drift",
    InsertExists => "insert_exists",
    UpdateOriginDiffers => "update_origin_differs",
    UpdateDeleted => "update_deleted",
    UpdateMissing => "update_missing",
    DeleteOriginDiffers => "delete_origin_differs",
    Convergent => "convergent",
    Unchanged => "unchanged",
});

impl Class {
    /// Whether both sides changed the row, so that each would overwrite the other.
    #[must_use]
    pub const fn is_conflict(self) -> bool {
        match self {
            Self::InsertExists
            | Self::UpdateOriginDiffers
            | Self::UpdateDeleted
            | Self::UpdateMissing
            | Self::DeleteOriginDiffers => true,
            Self::Insert
            | Self::Update
            | Self::Delete
            | Self::OldOnly
            | Self::AmbiguousMissingOnOld
            | Self::AmbiguousDeletedOnOld
            | Self::AmbiguousMissingOnNew
            | Self::AmbiguousDiffers
            | Self::Drift
            | Self::Convergent
            | Self::Unchanged => false,
        }
    }

    /// Says in words what it is.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Insert => "NEW created the row; OLD lacks it",
            Self::Update => "NEW changed the row; OLD's is as it was",
            Self::Delete => "NEW deleted the row; OLD's is as it was",
            Self::OldOnly => "OLD changed the row; NEW's is as it was",
            Self::AmbiguousMissingOnOld => "only NEW has the row; NEW may have created it, or OLD deleted it",
            Self::AmbiguousDeletedOnOld => {
                "only NEW has the row, stamped before the cutover; OLD may have deleted it, or NEW imported it"
            }
            Self::AmbiguousMissingOnNew => "only OLD has the row; OLD may have created it, or NEW deleted it",
            Self::AmbiguousDiffers => "the rows differ, and nothing says who changed what",
            Self::Drift => "the rows differed at the cutover already: neither side wrote its own since",
            Self::InsertExists => "both created a row under this key, with different values",
            Self::UpdateOriginDiffers => "both changed the row, differently",
            Self::UpdateDeleted => "NEW has the row, OLD deleted it: an earlier merge had brought it",
            Self::UpdateMissing => "NEW changed the row, OLD lacks it; who deleted it is not proven",
            Self::DeleteOriginDiffers => "NEW deleted the row, OLD changed it",
            Self::Convergent => "both made the same change",
            Self::Unchanged => "neither changed the row",
        }
    }

    /// Whether OLD already is what it should be: there is nothing to decide, and the row stands in no file of the diff.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Convergent | Self::Unchanged)
    }
}
