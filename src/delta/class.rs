//! The names of what can have happened to a row.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order in which reports list them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the word used in files, JSON and on screens.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(word: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|value| value.word() == word).ok_or_else(|| format!("no such word: {word}"))
            }
        }
    };
}

/// What a row's history means for OLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// NEW created the row after the cutover; OLD has nothing under its key.
    Insert,
    /// NEW changed the row; OLD still has the row of the cutover.
    Update,
    /// NEW deleted the row; OLD still has the row of the cutover.
    Delete,
    /// Both sides changed it; see the conflict type.
    Conflict,
    /// The sides differ, and nothing proves which of them changed.
    Ambiguous,
    /// Only OLD changed it.
    OldOnly,
    /// Both sides made the same change.
    Convergent,
    /// Neither side changed it.
    Unchanged,
}

words!(Class {
    Insert => "insert",
    Update => "update",
    Delete => "delete",
    Conflict => "conflict",
    Ambiguous => "ambiguous",
    OldOnly => "old_only",
    Convergent => "convergent",
    Unchanged => "unchanged",
});

/// How two histories collide, by PostgreSQL's own names (documentation, "Logical Replication", "Conflicts").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictType {
    /// Both sides created different rows under one key.
    InsertExists,
    /// Both sides changed the row, differently.
    UpdateOriginDiffers,
    /// NEW changed the row; OLD, which had it at the cutover, deleted it.
    UpdateDeleted,
    /// NEW changed the row; OLD does not have it, and its delete is not proven.
    UpdateMissing,
    /// NEW deleted the row; OLD changed it.
    DeleteOriginDiffers,
}

words!(ConflictType {
    InsertExists => "insert_exists",
    UpdateOriginDiffers => "update_origin_differs",
    UpdateDeleted => "update_deleted",
    UpdateMissing => "update_missing",
    DeleteOriginDiffers => "delete_origin_differs",
});

/// How we know that a row changed since the cutover, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The write-ahead log's own order.
    Log,
    /// The state at the cutover was kept, and compared.
    Baseline,
    /// Transaction ids or commit timestamps.
    Xid,
    /// The row's own time columns.
    Column,
    /// Nothing but the two rows themselves.
    TwoWay,
}

words!(Evidence {
    Log => "log",
    Baseline => "baseline",
    Xid => "xid",
    Column => "column",
    TwoWay => "two_way",
});
