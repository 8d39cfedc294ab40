//! The words of a diff: class, conflict type, evidence. They are the same in files, JSON, screens and `decisions.toml`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// What a row's history since the cutover means for OLD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// NEW created the row; OLD lacks it.
    Insert,
    /// NEW changed the row; OLD's is as it was at the cutover.
    Update,
    /// NEW deleted the row; OLD's is as it was at the cutover.
    Delete,
    /// Both sides changed the row; the [`ConflictType`] says how.
    Conflict,
    /// The sides differ, and there is no evidence of which of them changed.
    Ambiguous,
    /// OLD changed the row; NEW's is as it was at the cutover.
    OldOnly,
    /// Both sides changed the row to the same values.
    Convergent,
    /// Nobody changed the row.
    Unchanged,
}

impl Class {
    /// Every class, in the order of screens and reports.
    pub const ALL: [Self; 8] = [
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Conflict,
        Self::Ambiguous,
        Self::OldOnly,
        Self::Convergent,
        Self::Unchanged,
    ];

    /// Returns the word used in files, JSON and screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Conflict => "conflict",
            Self::Ambiguous => "ambiguous",
            Self::OldOnly => "old_only",
            Self::Convergent => "convergent",
            Self::Unchanged => "unchanged",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Class {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        find("class", word, &Self::ALL, Self::word)
    }
}

/// How both sides changed one row; PostgreSQL's own names for conflicts in logical replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictType {
    /// Both sides created a row with this key, with different values.
    InsertExists,
    /// Both sides changed the row, differently.
    UpdateOriginDiffers,
    /// NEW changed the row, OLD is proven to have deleted it.
    UpdateDeleted,
    /// NEW changed the row, OLD lacks it; the delete is not proven.
    UpdateMissing,
    /// NEW deleted the row, OLD changed it.
    DeleteOriginDiffers,
}

impl ConflictType {
    /// Every conflict type, in the order of screens and reports.
    pub const ALL: [Self; 5] =
        [Self::InsertExists, Self::UpdateOriginDiffers, Self::UpdateDeleted, Self::UpdateMissing, Self::DeleteOriginDiffers];

    /// Returns the word used in files, JSON and screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::InsertExists => "insert_exists",
            Self::UpdateOriginDiffers => "update_origin_differs",
            Self::UpdateDeleted => "update_deleted",
            Self::UpdateMissing => "update_missing",
            Self::DeleteOriginDiffers => "delete_origin_differs",
        }
    }
}

impl fmt::Display for ConflictType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for ConflictType {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        find("conflict type", word, &Self::ALL, Self::word)
    }
}

/// How we know that a row changed since the cutover. Strongest first: the smaller of two is the one to believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The server's own log of changes said so.
    Log,
    /// BASE, the state at the cutover, was compared.
    Baseline,
    /// The row's transaction id is later than the mark taken at the cutover.
    Xid,
    /// A time column says so; only as good as whoever keeps it.
    Column,
    /// Both sides were compared; they differ, and nothing says who changed.
    TwoWay,
}

impl Evidence {
    /// Every kind of evidence, strongest first.
    pub const ALL: [Self; 5] = [Self::Log, Self::Baseline, Self::Xid, Self::Column, Self::TwoWay];

    /// Returns the word used in files, JSON and screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Baseline => "baseline",
            Self::Xid => "xid",
            Self::Column => "column",
            Self::TwoWay => "two_way",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Evidence {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        find("kind of evidence", word, &Self::ALL, Self::word)
    }
}

fn find<T: Copy>(noun: &str, word: &str, all: &[T], spell: fn(T) -> &'static str) -> Result<T, Error> {
    all.iter().copied().find(|known| spell(*known) == word).ok_or_else(|| {
        let known: Vec<_> = all.iter().copied().map(spell).collect();
        Error::new(ErrorKind::Usage, format!("read the {noun}"))
            .because(format!("`{word}` is none of {}", known.join(", ")))
            .next("use one of the words above")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_is_the_word_in_json() {
        for class in Class::ALL {
            assert_eq!(class.word().parse::<Class>().unwrap(), class);
            assert_eq!(serde_json::to_string(&class).unwrap(), format!("\"{class}\""));
        }
        for conflict in ConflictType::ALL {
            assert_eq!(conflict.word().parse::<ConflictType>().unwrap(), conflict);
            assert_eq!(serde_json::to_string(&conflict).unwrap(), format!("\"{conflict}\""));
        }
        for evidence in Evidence::ALL {
            assert_eq!(evidence.word().parse::<Evidence>().unwrap(), evidence);
            assert_eq!(serde_json::to_string(&evidence).unwrap(), format!("\"{evidence}\""));
        }
    }

    #[test]
    fn unknown_words_name_the_known_ones() {
        let error = "guess".parse::<Evidence>().unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "Usage: read the kind of evidence; `guess` is none of log, baseline, xid, column, two_way"
        );
    }

    #[test]
    fn stronger_evidence_sorts_first() {
        assert!(Evidence::Log < Evidence::Baseline && Evidence::Column < Evidence::TwoWay);
    }
}
