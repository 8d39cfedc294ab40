//! What a rollback has come to, by its journal and nothing else: where each step is, what was found out, who said what.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Serialize;

use super::consent::Vote;
use super::journal::{Line, Record};
use super::outcome::Facts;
use super::state::{Answer, State, Verdict};

/// Where a rollback is.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What was declared.
    pub declared: Option<Declared>,
    /// The steps that anything is known of, by id.
    pub steps: BTreeMap<String, StepAccount>,
    /// How it ended, if it did.
    pub end: Option<End>,
    /// Who paused it, and why, unless it was resumed since.
    pub paused: Option<(String, String)>,
    /// What people wrote down.
    pub notes: Vec<(Timestamp, String, String)>,
}

/// What was declared at the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Declared {
    /// When.
    pub at: Timestamp,
    /// The environment's name.
    pub environment: String,
    /// The runbook's name.
    pub runbook: String,
    /// The plan's digest.
    pub plan: String,
    /// What happened.
    pub incident: String,
    /// Who leads.
    pub commander: String,
}

/// How a rollback ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps are over.
    Finished {
        /// When.
        at: Timestamp,
        /// Whether steps were skipped or failed that may.
        exceptions: bool,
    },
    /// Somebody ended it before.
    Aborted {
        /// When.
        at: Timestamp,
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

/// What is known of one step.
#[derive(Clone, Debug, Default)]
pub struct StepAccount {
    /// Where it is.
    pub state: Option<State>,
    /// When it first began to act.
    pub began: Option<Timestamp>,
    /// When its work was last over.
    pub ended: Option<Timestamp>,
    /// Whether taking it back began, and nothing says how that ended.
    pub undoing: bool,
    /// Why it is not done.
    pub cause: Option<String>,
    /// What it found out.
    pub facts: Facts,
    /// What people said of it.
    pub votes: Vec<Vote>,
    /// What people answered of its items, the latest of each.
    pub answers: BTreeMap<String, (Answer, String)>,
    /// Who left it out, and why.
    pub skipped: Option<(String, String)>,
    /// How many programs it ran.
    pub commands: usize,
}

impl Account {
    /// Reads what the lines of a journal come to.
    #[must_use]
    pub fn of(lines: &[Line]) -> Self {
        lines.iter().fold(Self::default(), |mut account, line| {
            account.add(line);
            account
        })
    }

    /// Where a step is.
    #[must_use]
    pub fn state(&self, step: &str) -> State {
        self.steps.get(step).and_then(|step| step.state).unwrap_or(State::Pending)
    }

    /// What a step found out.
    #[must_use]
    pub fn fact(&self, step: &str, key: &str) -> Option<String> {
        self.steps.get(step)?.facts.get(key).cloned()
    }

    /// When a step first began, or now.
    #[must_use]
    pub fn begun(&self, step: &str) -> SystemTime {
        self.steps.get(step).and_then(|step| step.began).map_or_else(SystemTime::now, SystemTime::from)
    }

    fn add(&mut self, line: &Line) {
        match &line.record {
            Record::Declared { environment, runbook, plan, incident, commander, .. } => {
                self.declared = Some(Declared {
                    at: line.at,
                    environment: environment.clone(),
                    runbook: runbook.clone(),
                    plan: plan.clone(),
                    incident: incident.clone(),
                    commander: commander.clone(),
                });
            }
            Record::Noted { by, text } => self.notes.push((line.at, by.clone(), text.clone())),
            Record::Paused { by, why } => self.paused = Some((by.clone(), why.clone())),
            Record::Resumed { .. } => self.paused = None,
            Record::Aborted { by, why } => self.end = Some(End::Aborted { at: line.at, by: by.clone(), why: why.clone() }),
            Record::Finished { exceptions } => self.end = Some(End::Finished { at: line.at, exceptions: *exceptions }),
            Record::Notified { .. } | Record::Looking { .. } | Record::Looked { .. } | Record::Unknown => {}
            of_step => self.add_of_step(line, of_step),
        }
    }

    fn add_of_step(&mut self, line: &Line, record: &Record) {
        let Some(id) = step_of(record) else { return };
        let step = self.steps.entry(id.to_owned()).or_default();
        match record {
            Record::Intent { .. } => {
                step.began = step.began.or(Some(line.at));
                (step.state, step.cause, step.skipped) = (Some(State::Running), None, None);
            }
            Record::Command { .. } => step.commands += 1,
            Record::Ended { verdict, facts, cause, .. } => {
                // What is found out later, as when it is taken back, does not take away what was found out before.
                step.facts.extend(facts.iter().map(|(key, value)| (key.clone(), value.clone())));
                step.settle(*verdict, cause.clone(), line.at);
            }
            Record::Settled { verdict, by, why, .. } => step.settle(*verdict, Some(format!("{by} says so: {why}")), line.at),
            Record::UndoIntent { .. } => (step.state, step.undoing) = (Some(State::Running), true),
            Record::Skipped { by, why, .. } => {
                (step.state, step.skipped) = (Some(State::Skipped), Some((by.clone(), why.clone())));
            }
            Record::Voted { approved, role, by, .. } => {
                step.votes.push(Vote { approved: *approved, role: role.clone(), by: by.clone(), at: line.at });
            }
            Record::Answered { item, answer, by, .. } => {
                step.answers.insert(item.clone(), (*answer, by.clone()));
            }
            _ => {}
        }
    }
}

impl StepAccount {
    fn settle(&mut self, verdict: Verdict, cause: Option<String>, at: Timestamp) {
        // An attempt to take it back that failed leaves it done; one of which nobody can tell is still an attempt.
        let failed_undo = self.undoing && verdict == Verdict::Failed;
        let state = if failed_undo { State::Done } else { verdict.into() };
        self.undoing &= verdict == Verdict::Unknown;
        (self.state, self.ended, self.cause) = (Some(state), Some(at), cause);
    }
}

fn step_of(record: &Record) -> Option<&str> {
    match record {
        Record::Intent { step }
        | Record::Command { step, .. }
        | Record::Ended { step, .. }
        | Record::UndoIntent { step }
        | Record::Settled { step, .. }
        | Record::Skipped { step, .. }
        | Record::Voted { step, .. }
        | Record::Answered { step, .. } => Some(step),
        _ => None,
    }
}
