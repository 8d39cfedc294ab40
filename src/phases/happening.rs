//! What happens in a rollback, for programs that look on: the lines of its journal with what the plan says of their steps, and
//! what is over too soon to be written down. Secrets are taken out of both before they come here.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::journal::{Line, Record};
use super::plan::Plan;
use super::runbook::Runbook;
use super::state::Verdict;
use super::step::Step;
use crate::words::words;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// A rollback began.
    Declared,
    /// A process goes on with it.
    Resumed,
    /// A step is about to act.
    Begun,
    /// A program was started.
    Running,
    /// A program is over.
    Ran,
    /// The world is as a step wants it.
    Done,
    /// It was before the step did anything.
    AlreadyDone,
    /// It is not.
    Failed,
    /// Nobody can tell.
    Unknown,
    /// What a step does is about to be taken back.
    Undoing,
    /// It was taken back.
    Undone,
    /// A step waits for people.
    Waiting,
    /// Somebody said what became of a step.
    Settled,
    /// Somebody left a step out.
    Skipped,
    /// Somebody approved of a step.
    Approved,
    /// Somebody denied it.
    Denied,
    /// Somebody answered an item of a checklist.
    Answered,
    /// A message was due.
    Notice,
    /// Somebody wrote something down.
    Note,
    /// No further step is to begin.
    Paused,
    /// Somebody ended the rollback before its end.
    Aborted,
    /// All steps are over.
    Finished,
}

words!(Happening {
    Declared => "declared",
    Resumed => "resumed",
    Begun => "begun",
    Running => "running",
    Ran => "ran",
    Done => "done",
    AlreadyDone => "already_done",
    Failed => "failed",
    Unknown => "unknown",
    Undoing => "undoing",
    Undone => "undone",
    Waiting => "waiting",
    Settled => "settled",
    Skipped => "skipped",
    Approved => "approved",
    Denied => "denied",
    Answered => "answered",
    Notice => "notice",
    Note => "note",
    Paused => "paused",
    Aborted => "aborted",
    Finished => "finished",
});

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    event: &'static str,
    at: Timestamp,
    /// Which line of the journal says it; none where the journal does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Told {
    /// Tells a line of the journal; nothing of one that a newer failback wrote.
    #[must_use]
    pub fn of(line: &Line, plan: &Plan) -> Option<Self> {
        let (event, step, more) = told(&line.record, &plan.runbook)?;
        Some(Self { line: Some(line.seq), at: line.at, ..Self::now(event, step, &plan.runbook, more) })
    }

    /// Tells that a program was started for a step.
    #[must_use]
    pub fn running(step: &str, argv: &[String], runbook: &Runbook) -> Self {
        Self::now(Happening::Running, Some(step), runbook, json!({ "argv": argv }))
    }

    /// Tells what a step waits for.
    #[must_use]
    pub fn waiting(step: &str, cause: &str, runbook: &Runbook) -> Self {
        Self::now(Happening::Waiting, Some(step), runbook, json!({ "cause": cause }))
    }

    fn now(event: Happening, step: Option<&str>, runbook: &Runbook, more: Value) -> Self {
        let kind = step.and_then(|step| found(runbook, step)).map(|(_, step)| step.kind.word().word());
        let mut more = if let Value::Object(more) = more { more } else { Map::new() };
        more.retain(|_, value| !value.is_null());
        Self { event: event.word(), at: Timestamp::now(), line: None, step: step.map(str::to_owned), kind, more }
    }
}

fn found<'a>(runbook: &'a Runbook, id: &str) -> Option<(usize, &'a Step)> {
    runbook.steps.iter().enumerate().find(|(_, step)| step.id == id)
}

/// What a record says: the event, the step that it is of, and the rest.
fn told<'a>(record: &'a Record, runbook: &Runbook) -> Option<(Happening, Option<&'a str>, Value)> {
    let none = || Value::Null;
    Some(match record {
        Record::Declared { environment, runbook, plan, incident, commander, by, .. } => {
            let more = json!({ "environment": environment, "runbook": runbook, "plan": plan, "incident": incident,
                               "commander": commander, "by": by });
            (Happening::Declared, None, more)
        }
        Record::Intent { step } => {
            let begun = found(runbook, step).map_or_else(none, |(at, step)| {
                json!({ "title": step.title, "effect": step.kind.effect().word(), "shows": step.kind.show(),
                        "number": at + 1, "of": runbook.steps.len() })
            });
            (Happening::Begun, Some(step), begun)
        }
        Record::Command { step, argv, exit, milliseconds, evidence } => {
            let more = json!({ "argv": argv, "exit": exit, "milliseconds": milliseconds, "evidence": evidence });
            (Happening::Ran, Some(step), more)
        }
        Record::Ended { step, verdict, facts, cause } => (of(*verdict), Some(step), json!({ "facts": facts, "cause": cause })),
        Record::UndoIntent { step } => (Happening::Undoing, Some(step), none()),
        Record::Settled { step, verdict, by, why } => {
            (Happening::Settled, Some(step), json!({ "verdict": verdict.word(), "by": by, "why": why }))
        }
        Record::Skipped { step, by, why } => (Happening::Skipped, Some(step), json!({ "by": by, "why": why })),
        Record::Voted { step, approved, role, by, comment } => {
            let event = if *approved { Happening::Approved } else { Happening::Denied };
            (event, Some(step), json!({ "role": role, "by": by, "comment": comment }))
        }
        Record::Answered { step, item, answer, by, comment } => {
            let more = json!({ "item": item, "answer": answer.word(), "by": by, "comment": comment });
            (Happening::Answered, Some(step), more)
        }
        Record::Notified { notice, channel, due, sent, cause } => {
            let more = json!({ "notice": notice, "channel": channel, "due": due, "sent": sent.word(), "cause": cause });
            (Happening::Notice, None, more)
        }
        Record::Noted { by, text } => (Happening::Note, None, json!({ "by": by, "text": text })),
        Record::Paused { by, why } => (Happening::Paused, None, json!({ "by": by, "why": why })),
        Record::Resumed { by } => (Happening::Resumed, None, json!({ "by": by })),
        Record::Aborted { by, why } => (Happening::Aborted, None, json!({ "by": by, "why": why })),
        Record::Finished { exceptions } => (Happening::Finished, None, json!({ "exceptions": exceptions })),
        Record::Looking { .. } | Record::Looked { .. } | Record::Unknown => return None,
    })
}

const fn of(verdict: Verdict) -> Happening {
    match verdict {
        Verdict::Done => Happening::Done,
        Verdict::AlreadyDone => Happening::AlreadyDone,
        Verdict::Failed => Happening::Failed,
        Verdict::Unknown => Happening::Unknown,
        Verdict::Undone => Happening::Undone,
    }
}
