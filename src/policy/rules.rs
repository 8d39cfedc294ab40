//! One section of `decisions.toml`: what is to be done about each class, by whose decision.

use std::collections::BTreeMap;

use super::decision::{Decision, SIGNATURE, Signature};
use super::keys::Section;
use super::{Resolution, Setting};
use crate::delta::Class;
use crate::error::Result;

/// One section of the file.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Rules {
    set: BTreeMap<Setting, Decision>,
}

/// One resolution per class, in the order of [`Class::DECIDABLE`].
pub(super) type Effect = [Resolution; Class::DECIDABLE.len()];

impl Rules {
    pub(super) fn read(section: &Section<'_>) -> Result<Self> {
        let settings: BTreeMap<_, _> = Setting::all().map(|setting| (setting.word(), setting)).collect();
        let known: Vec<_> = Setting::all().map(Setting::word).chain(SIGNATURE).collect();
        section.check(&known)?;
        let signature = Signature::read(section)?;
        let mut set = BTreeMap::new();
        for entry in section.entries() {
            if let Some(setting) = settings.get(entry.key()) {
                set.insert(*setting, Decision::read(&entry, *setting, &signature)?);
            }
        }
        Ok(Self { set })
    }

    /// Reads what is set for all tables alike.
    pub(super) fn read_defaults(section: &Section<'_>) -> Result<Self> {
        let rules = Self::read(section)?;
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
        let shorthand = || {
            let shorthands = [Setting::Conflict, Setting::Ambiguous];
            shorthands.into_iter().find(|setting| setting.classes().contains(&class)).and_then(|one| self.set.get(&one))
        };
        self.set.get(&Setting::One(class)).or_else(shorthand)
    }

    /// Lays the section over what weaker ones come to.
    pub(super) fn over(&self, below: Effect) -> Effect {
        let mut effect = below;
        for (place, class) in effect.iter_mut().zip(Class::DECIDABLE) {
            *place = self.get(class).map_or(*place, |decision| decision.resolution);
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
