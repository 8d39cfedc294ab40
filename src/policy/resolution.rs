//! What can be done about a difference.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::keys::nearest;
use crate::error::{Error, ErrorKind};

/// What to do about a difference between OLD and NEW.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Bring NEW's state to OLD: insert, overwrite or delete OLD's row, whatever makes it NEW's.
    ApplyNew,
    /// Leave OLD's state as it is, as a decision.
    KeepOld,
    /// Leave OLD's state as it is until a decision is made; counted as held.
    Hold,
    /// Leave OLD's state as it is without a decision; counted as skipped.
    Skip,
    /// Take the side whose row was changed last, as its time column tells.
    LastUpdateWins,
    /// Take the side whose row was changed first, as its time column tells.
    FirstUpdateWins,
    /// Take of each column the side that changed it since the cutover. Where both changed one, and differ, the row is held.
    ColumnMerge,
    /// Fill what is NULL on OLD with NEW's values.
    Coalesce,
}

/// Words that other tools use, and what they are here.
const ALIASES: [(&str, Resolution); 2] = [("apply_remote", Resolution::ApplyNew), ("keep_local", Resolution::KeepOld)];

/// Resolutions that exist as words and cannot be carried out yet.
const NOT_YET: [&str; 2] = ["remap_key", "error"];

/// What other tools do with whole rows and here is said of single columns, and how.
const OF_COLUMNS: [(&str, &str); 2] =
    [("delta", "columns = { total = \"delta\" }"), ("custom", "compute = { total = \"SQL\" }")];

impl Resolution {
    /// Every resolution.
    pub const ALL: [Self; 8] = [
        Self::ApplyNew,
        Self::KeepOld,
        Self::Hold,
        Self::Skip,
        Self::LastUpdateWins,
        Self::FirstUpdateWins,
        Self::ColumnMerge,
        Self::Coalesce,
    ];

    /// Returns the word used in files, JSON and screens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ApplyNew => "apply_new",
            Self::KeepOld => "keep_old",
            Self::Hold => "hold",
            Self::Skip => "skip",
            Self::LastUpdateWins => "last_update_wins",
            Self::FirstUpdateWins => "first_update_wins",
            Self::ColumnMerge => "column_merge",
            Self::Coalesce => "coalesce",
        }
    }

    /// Returns what a person should know before choosing this, if there is anything.
    #[must_use]
    pub const fn note(self) -> Option<&'static str> {
        match self {
            Self::LastUpdateWins => {
                Some("last_update_wins is nearly always keep_old after a rollback: OLD's writes are later by nature")
            }
            _ => None,
        }
    }

    /// Whether each row is composed of both sides' values.
    #[must_use]
    pub const fn composes(self) -> bool {
        matches!(self, Self::ColumnMerge | Self::Coalesce)
    }

    /// Whether it says what those columns of a row get that are not chosen.
    #[must_use]
    pub const fn says_the_rest(self) -> bool {
        matches!(self, Self::ApplyNew | Self::KeepOld) || self.composes()
    }

    /// Reads a word; the error is a sentence for whoever knows the place.
    pub(super) fn read(word: &str) -> Result<Self, String> {
        if let Some(found) = Self::ALL.into_iter().find(|known| known.word() == word) {
            return Ok(found);
        }
        if let Some((_, found)) = ALIASES.into_iter().find(|(alias, _)| *alias == word) {
            return Ok(found);
        }
        if let Some((_, how)) = OF_COLUMNS.into_iter().find(|(known, _)| *known == word) {
            return Err(format!("`{word}` is said of single columns, beside a resolution: {how}"));
        }
        if NOT_YET.contains(&word) {
            return Err(format!("the resolution `{word}` is not supported by this version; use {}", words(&Self::ALL)));
        }
        Err(match nearest(word, Self::ALL.map(Self::word)) {
            Some(name) => format!("unknown resolution `{word}`; did you mean `{name}`?"),
            None => format!("unknown resolution `{word}`; use {}", words(&Self::ALL)),
        })
    }
}

/// Lists resolutions for a sentence: "a, b or c".
pub(super) fn words(resolutions: &[Resolution]) -> String {
    let words: Vec<_> = resolutions.iter().map(|resolution| resolution.word()).collect();
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Resolution {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        Self::read(word).map_err(|cause| Error::new(ErrorKind::Usage, "read the resolution").because(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_are_the_words_in_json() {
        for resolution in Resolution::ALL {
            assert_eq!(resolution.word().parse::<Resolution>().unwrap(), resolution);
            assert_eq!(serde_json::to_string(&resolution).unwrap(), format!("\"{resolution}\""));
        }
    }

    #[test]
    fn aliases_mean_ours() {
        assert_eq!("apply_remote".parse::<Resolution>().unwrap(), Resolution::ApplyNew);
        assert_eq!("keep_local".parse::<Resolution>().unwrap(), Resolution::KeepOld);
    }

    #[test]
    fn other_words_are_refused_with_what_to_use() {
        let all = "use apply_new, keep_old, hold, skip, last_update_wins, first_update_wins, column_merge or coalesce";
        for word in NOT_YET {
            assert_eq!(
                format!("{:?}", word.parse::<Resolution>().unwrap_err()),
                format!("Usage: read the resolution; the resolution `{word}` is not supported by this version; {all}")
            );
        }
        let cases = [
            ("delta", "`delta` is said of single columns, beside a resolution: columns = { total = \"delta\" }".to_owned()),
            ("custom", "`custom` is said of single columns, beside a resolution: compute = { total = \"SQL\" }".to_owned()),
            ("keepold", "unknown resolution `keepold`; did you mean `keep_old`?".to_owned()),
            ("Hold", "unknown resolution `Hold`; did you mean `hold`?".to_owned()),
            ("yes", format!("unknown resolution `yes`; {all}")),
            ("", format!("unknown resolution ``; {all}")),
        ];
        for (word, sentence) in cases {
            assert_eq!(
                format!("{:?}", word.parse::<Resolution>().unwrap_err()),
                format!("Usage: read the resolution; {sentence}")
            );
        }
    }

    #[test]
    fn only_last_update_wins_carries_a_note() {
        let noted: Vec<_> = Resolution::ALL.into_iter().filter(|resolution| resolution.note().is_some()).collect();
        assert_eq!(noted, [Resolution::LastUpdateWins]);
    }
}
