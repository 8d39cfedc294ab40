//! `kind = "checklist"`: what has to be so, item by item: each looked at by a check of its own, or answered by a person, by
//! name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::{Ended, Facts};
use crate::phases::state::{Answer, Effect};
use crate::phases::taken::{self, Taken};
use crate::phases::work::Work;

/// A list of items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checklist {
    items: Vec<Item>,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Its name in answers.
    pub id: String,
    /// What has to be so.
    pub text: String,
    /// How that is looked at; by a person where there is none.
    pub checks: Vec<Check>,
}

/// One look at an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Which of several names it is for.
    of: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    secrets: BTreeMap<String, String>,
    does: Kind,
}

impl Checklist {
    pub(super) const KEYS: &[&str] = &["item"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let items = fields.each_below("item")?.iter().map(Item::read).collect::<Result<Vec<_>>>()?;
        if items.is_empty() {
            return Err(fields.error("item", "a checklist has items, each under [[step.item]]"));
        }
        for (at, item) in items.iter().enumerate() {
            if items[..at].iter().any(|other| other.id == item.id) {
                return Err(fields.error("item", format!("two items are called `{}`", item.id)));
            }
        }
        Ok(Self { items })
    }

    /// The items.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    pub(super) fn show(&self) -> Vec<String> {
        self.items.iter().map(Item::show).collect()
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        let (mut facts, mut wrong, mut open) = (Facts::new(), Vec::new(), Vec::new());
        for item in &self.items {
            let found = if item.checks.is_empty() { item.answered(work) } else { item.look(work).await? };
            let said = match &found {
                Ended::Done(_) => "yes".to_owned(),
                Ended::Failed(cause) => format!("no: {cause}"),
                Ended::Unknown(cause) => format!("unknown: {cause}"),
                Ended::Waiting(_) => "nobody has answered".to_owned(),
            };
            match found {
                Ended::Done(_) => {}
                Ended::Waiting(_) => open.push(item.id.as_str()),
                _ => wrong.push(item.id.as_str()),
            }
            facts.insert(item.id.clone(), said);
        }
        if !wrong.is_empty() {
            let said: Vec<_> = wrong.iter().map(|id| format!("{id} ({})", facts[*id])).collect();
            return Ok(Ended::Failed(format!("not as it has to be: {}", said.join("; "))));
        }
        Ok(if open.is_empty() {
            Ended::Done(facts)
        } else {
            Ended::Waiting(format!("nobody has answered {}", open.join(", ")))
        })
    }
}

impl Item {
    const KEYS: &[&str] = &["id", "text", "if_set", "check"];

    fn read(fields: &Fields<'_>) -> Result<Self> {
        fields.check(Self::KEYS)?;
        let is_made = fields.texts("if_set")?.iter().all(|name| fields.is_set(name));
        let checks = match fields.below("check")? {
            Some(below) if is_made => below.for_each(Check::read)?,
            _ => Vec::new(),
        };
        Ok(Self { id: fields.required("id")?, text: fields.required("text")?, checks })
    }

    fn show(&self) -> String {
        let looks: Vec<_> = self.checks.iter().flat_map(|check| check.does.show()).collect();
        let how = if looks.is_empty() { "answered by a person".to_owned() } else { looks.join("; ") };
        format!("{}: {how}", self.text)
    }

    /// Looks at it by all of its checks: done where each is, and else what the others lack.
    ///
    /// # Errors
    /// As [`Kind::act`].
    pub async fn look(&self, work: &Work<'_>) -> Result<Ended> {
        let (mut facts, mut wrong, mut hidden) = (Facts::new(), Vec::new(), Vec::new());
        for check in &self.checks {
            let named = |text: String| check.of.as_ref().map_or(text.clone(), |of| format!("{of}: {text}"));
            match Box::pin(check.does.act(&work.taking(&check.secrets))).await? {
                Ended::Done(found) => {
                    let of = check.of.as_ref().map_or_else(String::new, |of| format!("{of}."));
                    facts.extend(found.into_iter().map(|(key, value)| (format!("{of}{key}"), value)));
                }
                Ended::Failed(cause) => wrong.push(named(cause)),
                Ended::Unknown(cause) | Ended::Waiting(cause) => hidden.push(named(cause)),
            }
        }
        Ok(match (wrong.is_empty(), hidden.is_empty()) {
            (true, true) => Ended::Done(facts),
            (false, _) => Ended::Failed(wrong.join("; ")),
            (true, false) => Ended::Unknown(hidden.join("; ")),
        })
    }

    fn answered(&self, work: &Work<'_>) -> Ended {
        match (work.answers)(&self.id) {
            Some(Answer::Yes) => Ended::done(),
            Some(Answer::No) => Ended::Failed("a person said no".to_owned()),
            None => Ended::Waiting(self.id.clone()),
        }
    }
}

impl Check {
    fn read(fields: &Fields<'_>, each: Option<&str>) -> Result<Self> {
        let does = Kind::read(fields, &["for_each"])?;
        if does.effect() > Effect::Read {
            return Err(fields.error("kind", "a check of an item only looks; this would change something"));
        }
        Ok(Self { of: each.map(str::to_owned), secrets: taken::read(fields)?, does })
    }

    /// The secrets that it takes.
    pub(super) fn takes(&self) -> impl Iterator<Item = Taken<'_>> {
        taken::as_variables(&self.secrets).chain(self.does.takes())
    }

    /// What it asks.
    #[must_use]
    pub const fn kind(&self) -> &Kind {
        &self.does
    }
}
