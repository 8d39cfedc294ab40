//! The classes for which a resolution can be set, what is done without one, and which resolutions make sense.

use std::fmt;
use std::str::FromStr;

use super::Resolution::{self, ApplyNew, Coalesce, ColumnMerge, FirstUpdateWins, Hold, KeepOld, LastUpdateWins, Skip};
use super::keys::nearest;
use super::resolution::words;
use crate::delta::Class;
use crate::error::{Error, ErrorKind};

/// What holds for one class.
struct Rule {
    class: Class,
    builtin: Resolution,
    allowed: &'static [Resolution],
    /// What `apply_new` does to OLD; `None` where NEW has nothing to apply.
    applying: Option<&'static str>,
}

/// OLD's row can stay as it is in every class, as a decision or until one is made.
const LEAVE: &[Resolution] = &[KeepOld, Hold, Skip];
/// NEW's state differs from OLD's in one way only: the row is there, or it is not.
const ONE_ROW: &[Resolution] = &[ApplyNew, KeepOld, Hold, Skip];
/// Both sides have a row, so that their times can be compared, and one can fill the other's gaps.
const TWO_ROWS: &[Resolution] = &[ApplyNew, KeepOld, Hold, Skip, LastUpdateWins, FirstUpdateWins, Coalesce];
/// Both sides have changed one row, each perhaps other columns of it.
const ONE_CHANGED_TWICE: &[Resolution] =
    &[ApplyNew, KeepOld, Hold, Skip, LastUpdateWins, FirstUpdateWins, ColumnMerge, Coalesce];

const INSERT: Option<&str> = Some("insert NEW's row");
const OVERWRITE: Option<&str> = Some("overwrite OLD's row with NEW's");
const DELETE: Option<&str> = Some("delete OLD's row");

/// One line per class, in the order of the enum, which is checked below.
const RULES: [Rule; 16] = [
    rule(Class::Insert, ApplyNew, ONE_ROW, INSERT),
    // OLD's row did not change since the cutover, so which of the two is later is no question.
    rule(Class::Update, ApplyNew, ONE_ROW, OVERWRITE),
    rule(Class::Delete, Hold, ONE_ROW, DELETE),
    // NEW's row is the state at the cutover: applying it would only undo what OLD's users did, or bring back what they deleted.
    rule(Class::OldOnly, KeepOld, LEAVE, None),
    rule(Class::AmbiguousMissingOnOld, Hold, ONE_ROW, INSERT),
    rule(Class::AmbiguousDeletedOnOld, Hold, ONE_ROW, INSERT),
    rule(Class::AmbiguousMissingOnNew, KeepOld, ONE_ROW, DELETE),
    rule(Class::AmbiguousDiffers, Hold, TWO_ROWS, OVERWRITE),
    // Neither side's users are waiting for it, and which of the two is right nobody has asked yet.
    rule(Class::Drift, KeepOld, ONE_ROW, OVERWRITE),
    rule(Class::InsertExists, Hold, TWO_ROWS, OVERWRITE),
    rule(Class::UpdateOriginDiffers, Hold, ONE_CHANGED_TWICE, OVERWRITE),
    rule(Class::UpdateDeleted, Hold, ONE_ROW, INSERT),
    rule(Class::UpdateMissing, Hold, ONE_ROW, INSERT),
    rule(Class::DeleteOriginDiffers, Hold, ONE_ROW, DELETE),
    // Both sides say the same: no decision changes anything.
    rule(Class::Convergent, KeepOld, &[], None),
    rule(Class::Unchanged, KeepOld, &[], None),
];

/// Rules are found by position, so a line out of order must not compile.
const _: () = {
    let mut index = 0;
    while index < RULES.len() {
        assert!(RULES[index].class as usize == index, "a rule is out of order");
        index += 1;
    }
};

const fn rule(class: Class, builtin: Resolution, allowed: &'static [Resolution], applying: Option<&'static str>) -> Rule {
    Rule { class, builtin, allowed, applying }
}

impl Class {
    /// The classes about which something is to be decided, in the order of screens and reports.
    pub const DECIDABLE: [Self; 14] = [
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::OldOnly,
        Self::AmbiguousMissingOnOld,
        Self::AmbiguousDeletedOnOld,
        Self::AmbiguousMissingOnNew,
        Self::AmbiguousDiffers,
        Self::Drift,
        Self::InsertExists,
        Self::UpdateOriginDiffers,
        Self::UpdateDeleted,
        Self::UpdateMissing,
        Self::DeleteOriginDiffers,
    ];

    const fn rule(self) -> &'static Rule {
        &RULES[self as usize]
    }

    /// Returns what is done without a decision.
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

/// A key under which a resolution is set: one class, or several at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Setting {
    /// One class.
    One(Class),
    /// `conflict`: every conflict type that is not set on its own in the same section.
    Conflict,
    /// `ambiguous`: every sort of ambiguity that is not set on its own in the same section.
    Ambiguous,
}

impl Setting {
    /// Lists every key, those for one class first.
    pub fn all() -> impl Iterator<Item = Self> {
        Class::DECIDABLE.into_iter().map(Self::One).chain([Self::Conflict, Self::Ambiguous])
    }

    /// Lists the keys that stand for a class, the strongest first: its own, then the shorthand that includes it.
    pub(super) fn that_mean(class: Class) -> impl Iterator<Item = Self> {
        let shorthands = [Self::Conflict, Self::Ambiguous].into_iter();
        std::iter::once(Self::One(class)).chain(shorthands.filter(move |setting| setting.classes().contains(&class)))
    }

    /// Returns the key in `decisions.toml`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::One(class) => class.word(),
            Self::Conflict => "conflict",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// Returns the classes that the key stands for.
    #[must_use]
    pub const fn classes(&self) -> &[Class] {
        match self {
            Self::One(class) => std::slice::from_ref(class),
            Self::Conflict => &[
                Class::InsertExists,
                Class::UpdateOriginDiffers,
                Class::UpdateDeleted,
                Class::UpdateMissing,
                Class::DeleteOriginDiffers,
            ],
            Self::Ambiguous => &[
                Class::AmbiguousMissingOnOld,
                Class::AmbiguousDeletedOnOld,
                Class::AmbiguousMissingOnNew,
                Class::AmbiguousDiffers,
            ],
        }
    }

    /// Lists the resolutions that make sense for every class of the key.
    #[must_use]
    pub fn allowed(self) -> Vec<Resolution> {
        let everywhere = |resolution: &Resolution| self.classes().iter().all(|one| one.allowed().contains(resolution));
        Resolution::ALL.into_iter().filter(everywhere).collect()
    }

    /// Checks that a resolution can be set for all tables alike; the error is a sentence. Two rows that differed before the
    /// cutover are none of a migration's: whoever lets NEW's win knows the table.
    pub(super) fn check_for_all(self, resolution: Resolution) -> Result<(), String> {
        if self != Self::One(Class::Drift) || resolution != ApplyNew {
            return Ok(());
        }
        let example = "[tables.\"public.orders\"]";
        Err(format!("`{resolution}` for `{}` is decided for a table by its name: under {example}", self.word()))
    }

    /// Checks that a resolution makes sense here; the error is a sentence.
    pub(crate) fn check(self, resolution: Resolution) -> Result<(), String> {
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
    Error::new(ErrorKind::Usage, "read the class").because(match nearest(word, known.iter().copied()) {
        Some(name) => format!("unknown class `{word}`; did you mean `{name}`?"),
        None => format!("unknown class `{word}`; known are {}", known.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, class) in Class::DECIDABLE.into_iter().enumerate() {
            assert_eq!(class as usize, index);
            assert_eq!(RULES[index].class, class);
            assert_eq!(serde_json::to_string(&class).unwrap(), format!("\"{class}\""));
            assert_eq!(class.word().parse::<Class>().unwrap(), class);
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
            ("ambiguous_deleted_on_old", Hold),
            ("ambiguous_missing_on_new", KeepOld),
            ("ambiguous_differs", Hold),
            ("drift", KeepOld),
            ("insert_exists", Hold),
            ("update_origin_differs", Hold),
            ("update_deleted", Hold),
            ("update_missing", Hold),
            ("delete_origin_differs", Hold),
        ];
        assert_eq!(Class::DECIDABLE.map(|class| (class.word(), class.builtin())), expected);
    }

    #[test]
    fn every_class_allows_its_default_and_to_leave_old_alone() {
        for class in Class::DECIDABLE {
            assert!(class.allowed().contains(&class.builtin()), "{class}");
            assert!(LEAVE.iter().all(|leave| class.allowed().contains(leave)), "{class}");
            assert_eq!(class.allowed().contains(&ApplyNew), class.applying().is_some(), "{class}");
            assert_eq!(class.applying_deletes(), class.applying() == DELETE, "{class}");
        }
    }

    #[test]
    fn times_decide_only_between_two_rows() {
        let by_time = Class::DECIDABLE.into_iter().filter(|class| class.allowed().contains(&LastUpdateWins));
        let expected = [Class::AmbiguousDiffers, Class::InsertExists, Class::UpdateOriginDiffers];
        assert_eq!(by_time.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn shorthands_allow_what_all_their_classes_allow() {
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
    fn keys_read_back_and_unknown_ones_are_named() {
        for setting in Setting::all() {
            assert_eq!(setting.word().parse::<Setting>().unwrap(), setting);
        }
        assert_eq!(
            format!("{:?}", "conflicts".parse::<Setting>().unwrap_err()),
            "Usage: read the class; unknown class `conflicts`; did you mean `conflict`?"
        );
        assert!("conflict".parse::<Class>().is_err(), "a shorthand is no class");
    }
}
