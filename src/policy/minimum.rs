//! The least evidence that a class needs before OLD is written for it: what the verdict of each class rests on, what is asked
//! of it without a decision, and the sections of `decisions.toml` that ask for more or less.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::decision::{SIGNATURE, Signature};
use super::keys::{Entry, Section, nearest};
use super::{Origin, Setting};
use crate::delta::{Class, Evidence};
use crate::error::Result;
use crate::name::Sided;

/// The least evidence that a class needs in one table, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minimum {
    /// What its verdict must rest on, or on something better.
    pub evidence: Evidence,
    /// Where that was said.
    pub origin: Origin,
    /// Who said so, when and why.
    #[serde(flatten)]
    pub signature: Signature,
}

impl Minimum {
    /// Whether what a verdict rests on is enough.
    #[must_use]
    pub fn admits(&self, found: Evidence) -> bool {
        found <= self.evidence
    }
}

impl Class {
    /// Returns the evidence that a verdict of this class rests on: that of the side whose row has to be known, and the weaker
    /// of the two where both have.
    ///
    /// Whether OLD's row may go, or may be overwritten, is decided by what is known of OLD's row; whether NEW's is a new one,
    /// by what is known of NEW's.
    #[must_use]
    pub fn rests_on(self, evidence: Sided<Evidence>) -> Evidence {
        match self {
            Self::Insert | Self::AmbiguousMissingOnOld | Self::AmbiguousDeletedOnOld | Self::UpdateMissing => evidence.new,
            Self::Update | Self::Delete | Self::AmbiguousMissingOnNew | Self::UpdateDeleted | Self::DeleteOriginDiffers => {
                evidence.old
            }
            Self::OldOnly
            | Self::AmbiguousDiffers
            | Self::Drift
            | Self::InsertExists
            | Self::UpdateOriginDiffers
            | Self::Convergent
            | Self::Unchanged => evidence.old.max(evidence.new),
        }
    }

    /// Returns the least evidence that is enough without a decision.
    #[must_use]
    pub const fn least_evidence(self) -> Evidence {
        match self {
            // A deleted row is seen by nobody any more, so that nobody misses it in time.
            Self::Delete | Self::Drift => Evidence::Xid,
            Self::Insert | Self::Update => Evidence::Column,
            // A person has decided what is to be done although nothing is proven.
            Self::OldOnly
            | Self::AmbiguousMissingOnOld
            | Self::AmbiguousDeletedOnOld
            | Self::AmbiguousMissingOnNew
            | Self::AmbiguousDiffers
            | Self::InsertExists
            | Self::UpdateOriginDiffers
            | Self::UpdateDeleted
            | Self::UpdateMissing
            | Self::DeleteOriginDiffers
            | Self::Convergent
            | Self::Unchanged => Evidence::TwoWay,
        }
    }
}

/// One section with minimums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Minimums {
    set: BTreeMap<Setting, (Evidence, Signature)>,
}

impl Minimums {
    /// Reads the section under a key, if there is one.
    pub(super) fn read_under(parent: &Section<'_>, key: &str) -> Result<Self> {
        parent.section(key)?.map_or_else(|| Ok(Self::default()), |section| Self::read(&section))
    }

    fn read(section: &Section<'_>) -> Result<Self> {
        let settings: BTreeMap<_, _> = settings().map(|setting| (setting.word(), setting)).collect();
        let known: Vec<_> = settings.keys().copied().chain(SIGNATURE).collect();
        section.check(&known)?;
        let signature = Signature::read(section)?;
        let mut set = BTreeMap::new();
        for entry in section.entries() {
            if let Some(setting) = settings.get(entry.key()) {
                set.insert(*setting, read_one(&entry, &signature)?);
            }
        }
        Ok(Self { set })
    }

    /// Returns what is set for a class.
    pub(super) fn get(&self, class: Class) -> Option<&(Evidence, Signature)> {
        Setting::that_mean(class).find_map(|setting| self.set.get(&setting))
    }
}

/// Checks that evidence can be asked of what a key stands for; the error is a sentence.
pub(super) fn check(setting: Setting) -> Result<(), String> {
    if settings().any(|known| known == setting) {
        return Ok(());
    }
    Err(format!("`{setting}` needs no evidence: NEW has nothing to apply"))
}

/// The classes of which evidence can be asked: those for which OLD may be written.
fn settings() -> impl Iterator<Item = Setting> {
    Setting::all().filter(|setting| setting.classes().iter().all(|class| class.applying().is_some()))
}

/// Reads a kind of evidence, which its section signs, or a table with a signature of its own.
fn read_one(entry: &Entry<'_>, section: &Signature) -> Result<(Evidence, Signature)> {
    if !entry.is_section() {
        return Ok((evidence(entry)?, section.clone()));
    }
    let own = entry.section()?;
    own.check(&["evidence", "why", "by", "at"])?;
    let word = own.entry("evidence").ok_or_else(|| entry.value_error(format!("`{}` has no `evidence`", entry.key())))?;
    Ok((evidence(&word)?, Signature::read(&own)?))
}

fn evidence(entry: &Entry<'_>) -> Result<Evidence> {
    let word = entry.value().and_then(toml_edit::Value::as_str).ok_or_else(|| entry.wants("a kind of evidence, in quotes"))?;
    read_evidence(word).map_err(|cause| entry.value_error(cause))
}

/// Reads a word; the error is a sentence for whoever knows the place.
///
/// # Errors
/// The sentence, with the nearest word or all of them.
pub fn read_evidence(word: &str) -> Result<Evidence, String> {
    let all = || Evidence::ALL.iter().map(|known| known.word());
    word.parse().map_err(|_| match nearest(word, all()) {
        Some(name) => format!("unknown evidence `{word}`; did you mean `{name}`?"),
        None => {
            format!(
                "unknown evidence `{word}`; from the strongest to the weakest there are {}",
                all().collect::<Vec<_>>().join(", ")
            )
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::Decisions;
    use super::*;

    const fn builtin(evidence: Evidence) -> Minimum {
        Minimum { evidence, origin: Origin::Builtin, signature: Signature { why: None, by: None, at: None } }
    }

    fn needs(text: &str, class: Class) -> (Evidence, Origin) {
        let decisions = Decisions::parse(text, "decisions.toml").unwrap();
        let found = decisions.minimum("shop", "public.orders", class);
        (found.evidence, found.origin)
    }

    #[test]
    fn what_a_server_proves_is_enough_for_everything_and_nothing_is_enough_for_a_plain_class() {
        for class in Class::DECIDABLE {
            let least = builtin(class.least_evidence());
            assert!(least.admits(Evidence::Xid) && least.admits(Evidence::Log), "{class}");
            let is_plain = matches!(class, Class::Insert | Class::Update | Class::Delete | Class::Drift);
            assert_eq!(least.admits(Evidence::TwoWay), !is_plain, "{class}");
        }
        let delete = builtin(Class::Delete.least_evidence());
        assert!(!delete.admits(Evidence::Column) && !delete.admits(Evidence::XidByHand));
    }

    #[test]
    fn a_verdict_rests_on_the_side_that_has_to_be_known() {
        let evidence = Sided { old: Evidence::Xid, new: Evidence::Column };
        let of = |class: Class| class.rests_on(evidence);
        assert_eq!([Class::Update, Class::Delete, Class::DeleteOriginDiffers].map(of), [Evidence::Xid; 3]);
        assert_eq!([Class::Insert, Class::UpdateMissing].map(of), [Evidence::Column; 2]);
        assert_eq!([Class::UpdateOriginDiffers, Class::Drift, Class::InsertExists].map(of), [Evidence::Column; 3]);
    }

    #[test]
    fn the_nearest_section_wins_and_an_own_key_beats_its_shorthand() {
        let text = "[evidence]\ndelete = \"column\"\nconflict = \"xid\"\ninsert_exists = \"log\"\n\
                    [tables.\"public.orders\".evidence]\ndelete = { evidence = \"xid_by_hand\", by = \"ada\" }\n\
                    [databases.other.tables.\"public.orders\".evidence]\ndelete = \"two_way\"\n";
        assert_eq!(needs(text, Class::Delete), (Evidence::XidByHand, Origin::Table));
        assert_eq!(needs(text, Class::InsertExists), (Evidence::Log, Origin::Default));
        assert_eq!(needs(text, Class::UpdateMissing), (Evidence::Xid, Origin::Default));
        assert_eq!(needs(text, Class::Update), (Evidence::Column, Origin::Builtin));
        let decisions = Decisions::parse(text, "decisions.toml").unwrap();
        assert_eq!(decisions.minimum("other", "public.orders", Class::Delete).evidence, Evidence::TwoWay);
        assert_eq!(decisions.minimum("shop", "public.users", Class::Delete).evidence, Evidence::Column);
        assert_eq!(decisions.minimum("shop", "public.orders", Class::Delete).signature.by.as_deref(), Some("ada"));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let cases = [
            ("[evidence]\ndelte = \"xid\"", "2:1", "unknown key `delte` in [evidence]; did you mean `delete`?"),
            ("[evidence]\ndelete = \"colum\"", "2:10", "unknown evidence `colum`; did you mean `column`?"),
            (
                "[evidence]\ndelete = \"proof\"",
                "2:10",
                "unknown evidence `proof`; from the strongest to the weakest there are log, base, baseline, ledger, \
                 xid, xid_by_hand, xid_estimated, column, two_way",
            ),
            ("[evidence]\ndelete = 1", "2:10", "`delete` must be a kind of evidence, in quotes; found an integer"),
            ("[evidence]\ndelete = { why = \"x\" }", "2:10", "`delete` has no `evidence`"),
            ("[evidense]", "1:2", "unknown key `evidense`; did you mean `evidence`?"),
            (
                "[tables.\"a.b\".evidence]\nudpate = \"xid\"",
                "2:1",
                "unknown key `udpate` in [tables.\"a.b\".evidence]; did you mean `update`?",
            ),
        ];
        for (text, place, cause) in cases {
            let fault = format!("{:?}", Decisions::parse(text, "decisions.toml").unwrap_err());
            assert_eq!(fault, format!("Config: read the decisions (decisions.toml:{place}); {cause}"), "{text}");
        }
        let none = Decisions::parse("[evidence]\nold_only = \"xid\"", "decisions.toml").unwrap_err();
        assert!(format!("{none:?}").contains("unknown key `old_only` in [evidence]"), "NEW has nothing to apply: {none:?}");
    }
}
