//! The validation of a rollback: a list of items that is gone through once, each looked at by a check with evidence, or
//! answered by a person by name. It needs no rollback, and changes nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::glance::Glances;
use super::journal::{JournalFile, Record};
use super::kind::{Item, Kind};
use super::outcome::{Ended, Facts};
use super::runbook::Runbook;
use super::state::{Answer, Effect, Finding};
use super::step::Step;
use super::tools::Tools;
use crate::engine::Servers;
use crate::error::{Error, ErrorKind, Result};

/// How long one look may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Goes through a list.
pub struct Validation<'a> {
    /// Steps that only look, the last of them a checklist.
    pub runbook: &'a Runbook,
    /// Where it is written down.
    pub journal: &'a JournalFile,
    /// Runs programs.
    pub tools: &'a Tools,
    /// The servers, where the configuration names them.
    pub servers: Option<&'a Servers>,
    /// What people say, by item, and who.
    pub answers: &'a BTreeMap<String, Answer>,
    /// Who says it.
    pub by: &'a str,
    /// Is told what each item came to.
    pub watch: &'a (dyn Fn(&Validated) + Send + Sync),
}

/// What one item came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validated {
    /// The item's id.
    pub item: String,
    /// What has to be so.
    pub text: String,
    /// What was found.
    pub finding: Finding,
    /// Why it is not so, or what is not known.
    pub cause: Option<String>,
    /// Who answered, where a person did.
    pub by: Option<String>,
    /// What was measured.
    pub facts: Facts,
    /// The files with what programs printed, each with its digest.
    pub evidence: BTreeMap<String, String>,
    /// How long the look took.
    pub took: Duration,
}

impl Validation<'_> {
    /// Goes through it.
    ///
    /// # Errors
    /// `Interrupted` where the user asks to stop, what keeps evidence from being kept.
    pub async fn run(&self) -> Result<Vec<Validated>> {
        let (mut glances, mut all) = (Glances::new(self.tools, self.servers), Vec::new());
        for step in &self.runbook.steps {
            if let Kind::Checklist(list) = &step.kind {
                for item in list.items() {
                    let validated = self.item(step, item, &glances).await?;
                    (self.watch)(&validated);
                    all.push(validated);
                }
                continue;
            }
            // What a step before the list lacks, the items that need it lack; they say so.
            let ended = glances.look(&step.id, PATIENCE, async |work| step.kind.act(&work.taking(&step.secrets)).await).await?;
            if let Ok(Ended::Done(found)) = ended {
                glances.learn(&step.id, &found);
            }
        }
        Ok(all)
    }

    async fn item(&self, step: &Step, item: &Item, glances: &Glances<'_>) -> Result<Validated> {
        let begun = Instant::now();
        let before = self.journal.read()?.0.len();
        let mut validated = Validated {
            item: item.id.clone(),
            text: item.text.clone(),
            finding: Finding::NotLooked,
            cause: None,
            by: None,
            facts: Facts::new(),
            evidence: BTreeMap::new(),
            took: Duration::ZERO,
        };
        if item.checks.is_empty() {
            return self.answered(step, validated);
        }
        let ended = glances.look(&item.id, PATIENCE, async |work| item.look(&work).await).await?;
        (validated.finding, validated.cause) = match ended.unwrap_or_else(Ended::Unknown) {
            Ended::Done(found) => {
                validated.facts = found;
                (Finding::Ready, None)
            }
            Ended::Failed(cause) => (Finding::NotReady, Some(cause)),
            Ended::Unknown(cause) | Ended::Waiting(cause) => (Finding::CannotLook, Some(cause)),
        };
        validated.cause = validated.cause.map(|cause| self.tools.secrets().hide(&cause));
        validated.took = begun.elapsed();
        for line in self.journal.read()?.0.into_iter().skip(before) {
            if let Record::Command { evidence, .. } = line.record {
                validated.evidence.extend(evidence);
            }
        }
        self.journal.append(&Record::Looked {
            step: item.id.clone(),
            finding: validated.finding,
            facts: validated.facts.clone(),
            cause: validated.cause.clone(),
            milliseconds: u64::try_from(validated.took.as_millis()).unwrap_or(u64::MAX),
        })?;
        Ok(validated)
    }

    fn answered(&self, step: &Step, validated: Validated) -> Result<Validated> {
        let Some(answer) = self.answers.get(&validated.item) else {
            return Ok(Validated { cause: Some("nobody has answered".to_owned()), ..validated });
        };
        self.journal.append(&Record::Answered {
            step: step.id.clone(),
            item: validated.item.clone(),
            answer: *answer,
            by: self.by.to_owned(),
            comment: String::new(),
        })?;
        let (finding, cause) = match answer {
            Answer::Yes => (Finding::Ready, None),
            Answer::No => (Finding::NotReady, Some(format!("{} says no", self.by))),
        };
        Ok(Validated { finding, cause, by: Some(self.by.to_owned()), ..validated })
    }
}

/// Checks that a runbook only looks, and that people were asked what they answer.
///
/// # Errors
/// `Config` where a step would change something, `Usage` where an answer is to no item that people answer.
pub fn expect_sense(runbook: &Runbook, answers: &BTreeMap<String, Answer>) -> Result<()> {
    let wrong = |cause: String| Error::new(ErrorKind::Config, "validate").at(&runbook.name).because(cause);
    if let Some(step) = runbook.steps.iter().find(|step| step.kind.effect() > Effect::Read) {
        return Err(wrong(format!("step {} does more than to look", step.id)));
    }
    if runbook.checklists().count() != 1 {
        return Err(wrong("a validation has one checklist".to_owned()));
    }
    let items = runbook.checklists().flat_map(|step| if let Kind::Checklist(list) = &step.kind { list.items() } else { &[] });
    let open: Vec<_> = items.filter(|item| item.checks.is_empty()).map(|item| item.id.as_str()).collect();
    match answers.keys().find(|item| !open.contains(&item.as_str())) {
        Some(item) => Err(Error::new(ErrorKind::Usage, "take down an answer")
            .at(item)
            .because(format!("people answer {}", if open.is_empty() { "nothing of it".to_owned() } else { open.join(", ") }))),
        None => Ok(()),
    }
}
