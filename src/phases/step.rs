//! One step of a runbook: what it does, whose consent it needs, what has to be done before it, and what follows where it fails.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::consent::Consent;
use super::fields::Fields;
use super::kind::Kind;
use super::not_before::NotBefore;
use super::state::Effect;
use super::taken::{self, Taken};
use crate::error::Result;

/// How long a step may take where the runbook does not say.
const TIMEOUT: Duration = Duration::from_mins(10);

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name in the journal and on the command line; those of one `for_each` have `id/each`.
    pub id: String,
    /// What it is for, in a few words.
    pub title: String,
    /// The step that it was made of, where that was made for each of some names.
    pub group: Option<String>,
    /// Whether the rollback goes on where it fails.
    pub optional: bool,
    /// Whether those of its group that are done are taken back where it fails.
    pub compensate: bool,
    /// The steps that have to be done before it, by id or group.
    pub needs: Vec<String>,
    /// The options of the runbook under which it is carried out; all, if empty.
    pub only: Vec<String>,
    /// Whose consent it needs.
    pub consent: Option<Consent>,
    /// How many seconds it may take.
    pub timeout: u64,
    /// How often it is tried again where it fails; only ever a step that reads.
    pub retries: u32,
    /// When it may begin at the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<NotBefore>,
    /// Which variables its programs see that are secrets: the secret's name by the variable's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
    /// What it does.
    #[serde(rename = "does")]
    pub kind: Kind,
}

impl Step {
    /// Keys that steps of all kinds have.
    const COMMON: &[&str] =
        &["id", "title", "optional", "compensate", "needs", "only", "approval", "timeout", "retries", "for_each", "not_before"];

    /// Reads a step; `group` is the step's own id where it is made for `each` of some names.
    ///
    /// # Errors
    /// `Config` at the place of what makes no sense.
    pub fn read(fields: &Fields<'_>, each: Option<&str>) -> Result<Self> {
        let kind = Kind::read(fields, Self::COMMON)?;
        let id = fields.required("id")?;
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(fields.error("id", "`id` is made of small letters, digits and hyphens"));
        }
        let step = Self {
            title: fields.required("title")?,
            group: each.map(|_| id.clone()),
            id: each.map_or_else(|| id.clone(), |each| format!("{id}/{each}")),
            optional: fields.flag("optional")?,
            compensate: fields.flag("compensate")?,
            needs: fields.texts("needs")?,
            only: fields.texts("only")?,
            consent: fields.below("approval")?.map(|below| Consent::read(&below)).transpose()?,
            timeout: fields.duration("timeout")?.unwrap_or(TIMEOUT).as_secs().max(1),
            retries: fields.count("retries")?.unwrap_or(0),
            not_before: not_before(fields)?,
            secrets: taken::read(fields)?,
            kind,
        };
        step.expect_sense(fields)?;
        Ok(step)
    }

    fn expect_sense(&self, fields: &Fields<'_>) -> Result<()> {
        let effect = self.kind.effect();
        if self.retries > 0 && effect > Effect::People {
            return Err(
                fields.error("retries", "a step that changes something is not tried again blindly: leave `retries` out")
            );
        }
        if effect == Effect::Destructive && self.consent.is_none() {
            return Err(fields.error("kind", "a step that destroys needs `approval = { roles = […] }`"));
        }
        if effect >= Effect::Traffic && self.optional {
            return Err(fields.error("optional", "a step that moves traffic or destroys cannot be optional"));
        }
        if self.compensate && !self.kind.can_undo() {
            return Err(
                fields.error("compensate", "what the step does cannot be taken back, so that nothing can be compensated")
            );
        }
        if matches!(self.kind, Kind::Approval(_)) && self.consent.is_none() {
            return Err(fields.error("kind", "an approval needs `approval = { roles = […] }`"));
        }
        Ok(())
    }

    /// The secrets that it takes, those of its checks included, each once.
    #[must_use]
    pub fn takes(&self) -> Vec<Taken<'_>> {
        let mut all: Vec<_> = taken::as_variables(&self.secrets).chain(self.kind.takes()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// How long it may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

fn not_before(fields: &Fields<'_>) -> Result<Option<NotBefore>> {
    let text = fields.text_or_none("not_before")?;
    text.map(|text| NotBefore::read(&text).map_err(|cause| fields.error("not_before", cause))).transpose()
}
