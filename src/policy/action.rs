//! What is done with one row of the diff.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// What is done with one row of the diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// NEW's row is inserted.
    Insert,
    /// OLD's row becomes NEW's.
    Update,
    /// OLD's row is deleted and NEW's inserted: a unique value may move between rows.
    Replace,
    /// OLD's row is deleted.
    Delete,
    /// OLD stays as it is, by decision.
    KeepOld,
    /// OLD stays as it is; the row waits for a decision.
    Hold,
    /// OLD stays as it is; the row is left aside on purpose.
    Skip,
}

words!(Action {
    Insert => "insert",
    Update => "update",
    Replace => "replace",
    Delete => "delete",
    KeepOld => "keep_old",
    Hold => "hold",
    Skip => "skip",
});

impl Action {
    /// Whether OLD is written.
    #[must_use]
    pub const fn writes(self) -> bool {
        self.brings_new() || self.takes_old()
    }

    /// Whether NEW's row is on OLD afterwards.
    #[must_use]
    pub const fn brings_new(self) -> bool {
        match self {
            Self::Insert | Self::Update | Self::Replace => true,
            Self::Delete | Self::KeepOld | Self::Hold | Self::Skip => false,
        }
    }

    /// Whether OLD's row is deleted, be it to make room for NEW's.
    #[must_use]
    pub const fn takes_old(self) -> bool {
        match self {
            Self::Replace | Self::Delete => true,
            Self::Insert | Self::Update | Self::KeepOld | Self::Hold | Self::Skip => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_files_and_json() {
        for action in Action::ALL {
            assert_eq!(action.word().parse(), Ok(*action));
            assert_eq!(serde_json::to_string(action).unwrap(), format!("\"{action}\""));
        }
        assert!(Action::ALL.is_sorted());
    }

    #[test]
    fn what_is_left_alone_is_not_written() {
        let left: Vec<_> = Action::ALL.iter().copied().filter(|action| !action.writes()).collect();
        assert_eq!(left, [Action::KeepOld, Action::Hold, Action::Skip]);
    }
}
