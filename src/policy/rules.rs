//! One section of `decisions.toml`: what is to be done about each class, by whose decision.

use std::collections::BTreeMap;

use super::decision::{Decision, SIGNATURE, Signature};
use super::keys::Section;
use super::minimum::Minimums;
use super::{Resolution, Setting};
use crate::delta::{Class, Evidence};
use crate::error::Result;

/// One section of the file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Rules {
    set: BTreeMap<Setting, Decision>,
    pub(super) minimums: Minimums,
}

/// One resolution per class, and the least evidence that it needs, in the order of [`Class::DECIDABLE`].
pub(super) type Effect = [(Resolution, Evidence); Class::DECIDABLE.len()];

/// The key of the section of a table that says which evidence is needed.
pub(super) const EVIDENCE: &str = "evidence";

impl Rules {
    /// Reads what is set for one table.
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let minimums = Minimums::read_under(section, EVIDENCE)?;
        Ok(Self { minimums, ..Self::read_with(section, &[EVIDENCE])? })
    }

    fn read_with(section: &Section<'_>, beside: &[&'static str]) -> Result<Self> {
        let settings: BTreeMap<_, _> = Setting::all().map(|setting| (setting.word(), setting)).collect();
        let known: Vec<_> = Setting::all().map(Setting::word).chain(SIGNATURE).chain(beside.iter().copied()).collect();
        section.check(&known)?;
        let signature = Signature::read(section)?;
        let mut set = BTreeMap::new();
        for entry in section.entries() {
            if let Some(setting) = settings.get(entry.key()) {
                set.insert(*setting, Decision::read(&entry, *setting, &signature)?);
            }
        }
        Ok(Self { set, minimums: Minimums::default() })
    }

    /// Reads what is set for all tables alike: `[defaults]`, and `[evidence]` beside it.
    pub(super) fn read_for_all(root: &Section<'_>) -> Result<Self> {
        let minimums = Minimums::read_under(root, EVIDENCE)?;
        let Some(section) = root.section("defaults")? else { return Ok(Self { minimums, ..Self::default() }) };
        let rules = Self { minimums, ..Self::read_with(&section, &[])? };
        for entry in section.entries() {
            let set = rules.iter().find(|(setting, _)| setting.word() == entry.key());
            if let Some((setting, resolution)) = set {
                setting.check_for_all(resolution).map_err(|cause| entry.value_error(cause))?;
            }
        }
        Ok(rules)
    }

    /// Lists what is set, the shorthands last.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Setting, Resolution)> {
        self.set.iter().map(|(setting, decision)| (*setting, decision.resolution))
    }

    /// Returns the decision about a class.
    pub(super) fn get(&self, class: Class) -> Option<&Decision> {
        Setting::that_mean(class).find_map(|setting| self.set.get(&setting))
    }

    /// Lays the section over what weaker ones come to.
    pub(super) fn over(&self, below: Effect) -> Effect {
        let mut effect = below;
        for (place, class) in effect.iter_mut().zip(Class::DECIDABLE) {
            *place = (
                self.get(class).map_or(place.0, |decision| decision.resolution),
                self.minimums.get(class).map_or(place.1, |(evidence, _)| *evidence),
            );
        }
        effect
    }

    /// Lists the classes in which a shorthand, which names no deletion, deletes.
    pub(super) fn deleting(&self, setting: Setting, resolution: Resolution) -> Vec<&'static str> {
        if resolution != Resolution::ApplyNew || matches!(setting, Setting::One(_)) {
            return Vec::new();
        }
        let own = |class: &Class| self.set.contains_key(&Setting::One(*class));
        let classes = setting.classes().iter().filter(|class| class.applying_deletes() && !own(class));
        classes.map(|class| class.word()).collect()
    }
}
