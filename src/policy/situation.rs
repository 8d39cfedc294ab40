//! The situations for which a resolution can be set, what is done without one, and which resolutions make sense.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Resolution::{self, ApplyNew, FirstUpdateWins, Hold, KeepOld, LastUpdateWins, Skip};
use super::keys::nearest;
use super::resolution::words;
use crate::delta::{Class, ConflictType};
use crate::error::{Error, ErrorKind};
use crate::name::Side;

/// A kind of difference for which a resolution can be set: a class, a conflict type, or a sort of ambiguity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Situation {
    /// NEW created the row; OLD lacks it.
    Insert,
    /// NEW changed the row; OLD's is as it was.
    Update,
    /// NEW deleted the row; OLD's is as it was.
    Delete,
    /// OLD changed the row; NEW's is as it was.
    OldOnly,
    /// Only NEW has the row; nothing says whether NEW created it or OLD deleted it.
    AmbiguousMissingOnOld,
    /// Only OLD has the row; nothing says whether OLD created it or NEW deleted it.
    AmbiguousMissingOnNew,
    /// Both have the row with different values; nothing says who changed it.
    AmbiguousDiffers,
    /// Both created a row with this key, with different values.
    InsertExists,
    /// Both changed the row, differently.
    UpdateOriginDiffers,
    /// NEW changed the row, OLD is proven to have deleted it.
    UpdateDeleted,
    /// NEW changed the row, OLD lacks it; the delete is not proven.
    UpdateMissing,
    /// NEW deleted the row, OLD changed it.
    DeleteOriginDiffers,
}

/// What holds for one situation.
struct Rule {
    situation: Situation,
    word: &'static str,
    builtin: Resolution,
    allowed: &'static [Resolution],
    /// What `apply_new` does to OLD; `None` where NEW has nothing to apply.
    applying: Option<&'static str>,
}

/// OLD's row can stay as it is in every situation, as a decision or until one is made.
const LEAVE: &[Resolution] = &[KeepOld, Hold, Skip];
/// NEW's state differs from OLD's in one way only: the row is there, or it is not.
const ONE_ROW: &[Resolution] = &[ApplyNew, KeepOld, Hold, Skip];
/// Both sides have a row, so that their times can be compared.
const TWO_ROWS: &[Resolution] = &[ApplyNew, KeepOld, Hold, Skip, LastUpdateWins, FirstUpdateWins];

const INSERT: Option<&str> = Some("insert NEW's row");
const OVERWRITE: Option<&str> = Some("overwrite OLD's row with NEW's");
const DELETE: Option<&str> = Some("delete OLD's row");

/// One line per situation, in the order of the enum, which is checked below.
const RULES: [Rule; 12] = [
    rule(Situation::Insert, "insert", ApplyNew, ONE_ROW, INSERT),
    // OLD's row did not change since the cutover, so which of the two is later is no question.
    rule(Situation::Update, "update", ApplyNew, ONE_ROW, OVERWRITE),
    rule(Situation::Delete, "delete", Hold, ONE_ROW, DELETE),
    // NEW's row is the state at the cutover: applying it would only undo what OLD's users did, or bring back what they deleted.
    rule(Situation::OldOnly, "old_only", KeepOld, LEAVE, None),
    rule(Situation::AmbiguousMissingOnOld, "ambiguous_missing_on_old", Hold, ONE_ROW, INSERT),
    rule(Situation::AmbiguousMissingOnNew, "ambiguous_missing_on_new", KeepOld, ONE_ROW, DELETE),
    rule(Situation::AmbiguousDiffers, "ambiguous_differs", Hold, TWO_ROWS, OVERWRITE),
    rule(Situation::InsertExists, "insert_exists", Hold, TWO_ROWS, OVERWRITE),
    rule(Situation::UpdateOriginDiffers, "update_origin_differs", Hold, TWO_ROWS, OVERWRITE),
    rule(Situation::UpdateDeleted, "update_deleted", Hold, ONE_ROW, INSERT),
    rule(Situation::UpdateMissing, "update_missing", Hold, ONE_ROW, INSERT),
    rule(Situation::DeleteOriginDiffers, "delete_origin_differs", Hold, ONE_ROW, DELETE),
];

/// Rules are found by position, so a line out of order must not compile.
const _: () = {
    let mut index = 0;
    while index < RULES.len() {
        assert!(RULES[index].situation as usize == index, "a rule is out of order");
        index += 1;
    }
};

const fn rule(
    situation: Situation,
    word: &'static str,
    builtin: Resolution,
    allowed: &'static [Resolution],
    applying: Option<&'static str>,
) -> Rule {
    Rule { situation, word, builtin, allowed, applying }
}

impl Situation {
    /// Every situation, in the order of screens and reports.
    pub const ALL: [Self; 12] = [
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::OldOnly,
        Self::AmbiguousMissingOnOld,
        Self::AmbiguousMissingOnNew,
        Self::AmbiguousDiffers,
        Self::InsertExists,
        Self::UpdateOriginDiffers,
        Self::UpdateDeleted,
        Self::UpdateMissing,
        Self::DeleteOriginDiffers,
    ];

    /// Returns the situation of a classified row. `missing` is the side that lacks the row, if one does.
    ///
    /// `None` where there is nothing to decide (`convergent`, `unchanged`) and for a conflict without its type.
    #[must_use]
    pub const fn of(class: Class, conflict: Option<ConflictType>, missing: Option<Side>) -> Option<Self> {
        match (class, conflict, missing) {
            (Class::Insert, ..) => Some(Self::Insert),
            (Class::Update, ..) => Some(Self::Update),
            (Class::Delete, ..) => Some(Self::Delete),
            (Class::OldOnly, ..) => Some(Self::OldOnly),
            (Class::Ambiguous, _, Some(Side::Old)) => Some(Self::AmbiguousMissingOnOld),
            (Class::Ambiguous, _, Some(Side::New)) => Some(Self::AmbiguousMissingOnNew),
            (Class::Ambiguous, _, None) => Some(Self::AmbiguousDiffers),
            (Class::Conflict, Some(conflict), _) => Some(Self::of_conflict(conflict)),
            (Class::Conflict, None, _) | (Class::Convergent | Class::Unchanged, ..) => None,
        }
    }

    /// Returns the situation that a conflict type is.
    #[must_use]
    pub const fn of_conflict(conflict: ConflictType) -> Self {
        match conflict {
            ConflictType::InsertExists => Self::InsertExists,
            ConflictType::UpdateOriginDiffers => Self::UpdateOriginDiffers,
            ConflictType::UpdateDeleted => Self::UpdateDeleted,
            ConflictType::UpdateMissing => Self::UpdateMissing,
            ConflictType::DeleteOriginDiffers => Self::DeleteOriginDiffers,
        }
    }

    const fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }

    /// Returns the key in `decisions.toml`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.rule().word
    }

    /// Returns what is done where nobody decided anything.
    #[must_use]
    pub const fn builtin(self) -> Resolution {
        self.rule().builtin
    }

    /// Returns the resolutions that make sense here.
    #[must_use]
    pub const fn allowed(self) -> &'static [Resolution] {
        self.rule().allowed
    }

    /// Says what `apply_new` does to OLD here; `None` where NEW has nothing to apply.
    #[must_use]
    pub const fn applying(self) -> Option<&'static str> {
        self.rule().applying
    }

    /// Whether `apply_new` deletes a row of OLD here.
    #[must_use]
    pub const fn applying_deletes(self) -> bool {
        matches!(self, Self::Delete | Self::AmbiguousMissingOnNew | Self::DeleteOriginDiffers)
    }
}

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Situation {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|known| known.word() == word);
        found.ok_or_else(|| unknown(word, &Self::ALL.map(Self::word)))
    }
}

/// A key under which a resolution is set: one situation, or several at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Setting {
    /// One situation.
    One(Situation),
    /// `conflict`: every conflict type that is not set on its own in the same section.
    Conflict,
    /// `ambiguous`: every sort of ambiguity that is not set on its own in the same section.
    Ambiguous,
}

impl Setting {
    /// Lists every key, those for one situation first.
    pub fn all() -> impl Iterator<Item = Self> {
        Situation::ALL.into_iter().map(Self::One).chain([Self::Conflict, Self::Ambiguous])
    }

    /// Returns the key in `decisions.toml`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::One(situation) => situation.word(),
            Self::Conflict => "conflict",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// Returns the situations that the key stands for.
    #[must_use]
    pub const fn situations(&self) -> &[Situation] {
        match self {
            Self::One(situation) => std::slice::from_ref(situation),
            Self::Conflict => &[
                Situation::InsertExists,
                Situation::UpdateOriginDiffers,
                Situation::UpdateDeleted,
                Situation::UpdateMissing,
                Situation::DeleteOriginDiffers,
            ],
            Self::Ambiguous => {
                &[Situation::AmbiguousMissingOnOld, Situation::AmbiguousMissingOnNew, Situation::AmbiguousDiffers]
            }
        }
    }

    /// Lists the resolutions that make sense for every situation of the key.
    #[must_use]
    pub fn allowed(self) -> Vec<Resolution> {
        let everywhere = |resolution: &Resolution| self.situations().iter().all(|one| one.allowed().contains(resolution));
        Resolution::ALL.into_iter().filter(everywhere).collect()
    }

    /// Checks that a resolution makes sense here; the error is a sentence.
    pub(super) fn check(self, resolution: Resolution) -> Result<(), String> {
        let allowed = self.allowed();
        if allowed.contains(&resolution) {
            return Ok(());
        }
        Err(format!("`{resolution}` makes no sense for `{}`; use {}", self.word(), words(&allowed)))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Setting {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let found = Self::all().find(|known| known.word() == word);
        found.ok_or_else(|| unknown(word, &Self::all().map(Self::word).collect::<Vec<_>>()))
    }
}

fn unknown(word: &str, known: &[&'static str]) -> Error {
    Error::new(ErrorKind::Usage, "read the situation").because(match nearest(word, known.iter().copied()) {
        Some(name) => format!("unknown situation `{word}`; did you mean `{name}`?"),
        None => format!("unknown situation `{word}`; known are {}", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, situation) in Situation::ALL.into_iter().enumerate() {
            assert_eq!(situation as usize, index);
            assert_eq!(RULES[index].situation, situation);
            assert_eq!(serde_json::to_string(&situation).unwrap(), format!("\"{situation}\""));
            assert_eq!(situation.word().parse::<Situation>().unwrap(), situation);
        }
    }

    #[test]
    fn defaults_are_those_of_the_design() {
        let expected = [
            ("insert", ApplyNew),
            ("update", ApplyNew),
            ("delete", Hold),
            ("old_only", KeepOld),
            ("ambiguous_missing_on_old", Hold),
            ("ambiguous_missing_on_new", KeepOld),
            ("ambiguous_differs", Hold),
            ("insert_exists", Hold),
            ("update_origin_differs", Hold),
            ("update_deleted", Hold),
            ("update_missing", Hold),
            ("delete_origin_differs", Hold),
        ];
        assert_eq!(Situation::ALL.map(|situation| (situation.word(), situation.builtin())), expected);
    }

    #[test]
    fn every_situation_allows_its_default_and_to_leave_old_alone() {
        for situation in Situation::ALL {
            assert!(situation.allowed().contains(&situation.builtin()), "{situation}");
            assert!(LEAVE.iter().all(|leave| situation.allowed().contains(leave)), "{situation}");
            assert_eq!(situation.allowed().contains(&ApplyNew), situation.applying().is_some(), "{situation}");
            assert_eq!(situation.applying_deletes(), situation.applying() == DELETE, "{situation}");
        }
    }

    #[test]
    fn times_decide_only_between_two_rows() {
        let by_time = Situation::ALL.into_iter().filter(|situation| situation.allowed().contains(&LastUpdateWins));
        let expected = [Situation::AmbiguousDiffers, Situation::InsertExists, Situation::UpdateOriginDiffers];
        assert_eq!(by_time.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn shorthands_allow_what_all_their_situations_allow() {
        for shorthand in [Setting::Conflict, Setting::Ambiguous] {
            assert_eq!(shorthand.allowed(), ONE_ROW);
        }
        let cases = [
            ("old_only", ApplyNew, "`apply_new` makes no sense for `old_only`; use keep_old, hold or skip"),
            ("insert", LastUpdateWins, "`last_update_wins` makes no sense for `insert`; use apply_new, keep_old, hold or skip"),
            (
                "conflict",
                LastUpdateWins,
                "`last_update_wins` makes no sense for `conflict`; use apply_new, keep_old, hold or skip",
            ),
        ];
        for (key, resolution, sentence) in cases {
            assert_eq!(key.parse::<Setting>().unwrap().check(resolution).unwrap_err(), sentence);
        }
    }

    #[test]
    fn keys_read_back_and_strangers_are_told() {
        for setting in Setting::all() {
            assert_eq!(setting.word().parse::<Setting>().unwrap(), setting);
        }
        assert_eq!(
            format!("{:?}", "conflicts".parse::<Setting>().unwrap_err()),
            "Usage: read the situation; unknown situation `conflicts`; did you mean `conflict`?"
        );
        assert_eq!(
            format!("{:?}", "conflict".parse::<Situation>().unwrap_err()),
            "Usage: read the situation; unknown situation `conflict`; known are insert, update, delete, old_only, \
             ambiguous_missing_on_old, ambiguous_missing_on_new, ambiguous_differs, insert_exists, update_origin_differs, \
             update_deleted, update_missing, delete_origin_differs"
        );
    }

    #[test]
    fn a_classified_row_has_one_situation_or_none() {
        let cases = [
            (Class::Insert, None, Some(Side::Old), Some(Situation::Insert)),
            (Class::OldOnly, None, Some(Side::Old), Some(Situation::OldOnly)),
            (Class::Ambiguous, None, Some(Side::Old), Some(Situation::AmbiguousMissingOnOld)),
            (Class::Ambiguous, None, Some(Side::New), Some(Situation::AmbiguousMissingOnNew)),
            (Class::Ambiguous, None, None, Some(Situation::AmbiguousDiffers)),
            (Class::Conflict, Some(ConflictType::UpdateDeleted), Some(Side::Old), Some(Situation::UpdateDeleted)),
            (Class::Conflict, None, None, None),
            (Class::Convergent, None, None, None),
            (Class::Unchanged, None, None, None),
        ];
        for (class, conflict, missing, expected) in cases {
            assert_eq!(Situation::of(class, conflict, missing), expected, "{class}");
        }
        for &conflict in ConflictType::ALL {
            assert_eq!(Situation::of_conflict(conflict).word(), conflict.word());
        }
    }
}
