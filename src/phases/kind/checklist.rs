//! `kind = "checklist"`: what has to be so, item by item: each looked at by a check of its own, or answered by a person, by
//! name.

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::error::Result;
use crate::phases::fields::Fields;
use crate::phases::outcome::{Ended, Facts};
use crate::phases::state::{Answer, Effect};
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
    pub check: Option<Box<Kind>>,
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
        let shown = |item: &Item| match &item.check {
            Some(check) => format!("{}: {}", item.text, check.show().join("; ")),
            None => format!("{}: answered by a person", item.text),
        };
        self.items.iter().map(shown).collect()
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        let (mut facts, mut wrong, mut open) = (Facts::new(), Vec::new(), Vec::new());
        for item in &self.items {
            let found = match &item.check {
                Some(check) => Box::pin(check.act(work)).await?,
                None => item.answered(work),
            };
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
    const KEYS: &[&str] = &["id", "text", "check"];

    fn read(fields: &Fields<'_>) -> Result<Self> {
        fields.check(Self::KEYS)?;
        let check = fields.below("check")?.map(|below| {
            let kind = Kind::read(&below, &[])?;
            if kind.effect() > Effect::Read {
                return Err(below.error("kind", "a check of an item only looks; this would change something"));
            }
            Ok(Box::new(kind))
        });
        Ok(Self { id: fields.required("id")?, text: fields.required("text")?, check: check.transpose()? })
    }

    fn answered(&self, work: &Work<'_>) -> Ended {
        match (work.answers)(&self.id) {
            Some(Answer::Yes) => Ended::done(),
            Some(Answer::No) => Ended::Failed("a person said no".to_owned()),
            None => Ended::Waiting(self.id.clone()),
        }
    }
}
