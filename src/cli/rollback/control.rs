//! What people say while a rollback is under way: lines of its journal, which whoever carries out steps reads before each.

use clap::Args;

use super::super::options::{Configured, Following};
use super::super::settings::Settings;
use super::super::{Call, Exit, decide};
use super::folder::{self, Rollback};
use super::onlooker::Onlooker;
use super::report;
use crate::error::{Error, ErrorKind, Result};
use crate::phases::account::End;
use crate::phases::journal::Record;
use crate::phases::kind::Kind;
use crate::phases::runbook::is_called;
use crate::phases::state::{Answer, State, Verdict};
use crate::phases::step::Step;
use crate::words::Word as _;

/// Which rollback: the environment's newest.
#[derive(Args)]
pub(super) struct Which {
    #[command(flatten)]
    pub(super) options: Configured,
}

/// Which rollback is told: the environment's newest.
#[derive(Args)]
pub(super) struct Status {
    #[command(flatten)]
    pub(super) options: Following,
}

/// Something that is said of the whole rollback.
#[derive(Args)]
pub(super) struct Say {
    /// Why, or what
    #[arg(value_name = "TEXT")]
    text: String,
    /// Who [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    pub(super) options: Configured,
}

/// Something that is said of a step.
#[derive(Args)]
pub(super) struct OfStep {
    /// The step
    #[arg(value_name = "STEP")]
    step: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Who [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    pub(super) options: Configured,
}

/// What became of a step.
#[derive(Args)]
pub(super) struct Settle {
    /// The step
    #[arg(value_name = "STEP")]
    step: String,
    /// What became of it: done, failed, or, where it was to be taken back, done or undone
    #[arg(value_name = "VERDICT", value_parser = ["done", "failed", "undone"])]
    verdict: String,
    /// How that is known
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Who [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    #[command(flatten)]
    pub(super) options: Configured,
}

/// Consent, or none.
#[derive(Args)]
pub(super) struct Vote {
    /// The step, or the step that several were made of
    #[arg(value_name = "STEP")]
    step: String,
    /// In which role
    #[arg(long = "as", value_name = "ROLE")]
    role: String,
    /// Who [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// What is to be added
    #[arg(long, value_name = "TEXT", default_value = "")]
    comment: String,
    #[command(flatten)]
    pub(super) options: Configured,
}

/// An answer to an item.
#[derive(Args)]
pub(super) struct Answered {
    /// The checklist's step
    #[arg(value_name = "STEP")]
    step: String,
    /// The item
    #[arg(value_name = "ITEM")]
    item: String,
    /// Whether it is so: yes, or no
    #[arg(value_name = "ANSWER", value_parser = ["yes", "no"])]
    answer: String,
    /// Who [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// What is to be added
    #[arg(long, value_name = "TEXT", default_value = "")]
    comment: String,
    #[command(flatten)]
    pub(super) options: Configured,
}

/// Says where the rollback is.
pub(super) fn status(call: &Call, status: &Status) -> Result<Exit> {
    let settings = Settings::read(call, &status.options, None)?;
    let rollback = folder::newest(&settings)?;
    Onlooker::of_all(call, &settings, &rollback)?.finish()?;
    report::status(call, &settings, &rollback)
}

/// Writes the post-mortem.
pub(super) fn postmortem(call: &Call, which: &Which) -> Result<Exit> {
    let settings = Settings::read(call, &which.options, None)?;
    report::postmortem(call, &settings, &folder::newest(&settings)?)
}

/// Lets no further step begin.
pub(super) fn pause(call: &Call, say: &Say) -> Result<Exit> {
    said(call, &say.options, |_| Ok(vec![Record::Paused { by: decide::signer(call, say.by.as_ref()), why: say.text.clone() }]))
}

/// Ends the rollback.
pub(super) fn abort(call: &Call, say: &Say) -> Result<Exit> {
    said(call, &say.options, |_| Ok(vec![Record::Aborted { by: decide::signer(call, say.by.as_ref()), why: say.text.clone() }]))
}

/// Writes something down.
pub(super) fn note(call: &Call, say: &Say) -> Result<Exit> {
    let settings = Settings::read(call, &say.options, None)?;
    let rollback = folder::newest(&settings)?;
    // Something may be remembered after the end, too.
    rollback.journal.append(&Record::Noted { by: decide::signer(call, say.by.as_ref()), text: say.text.clone() })?;
    report::status(call, &settings, &rollback)
}

/// Leaves a step out.
pub(super) fn skip(call: &Call, skip: &OfStep) -> Result<Exit> {
    let by = decide::signer(call, skip.by.as_ref());
    said(call, &skip.options, |rollback| {
        let account = rollback.account()?;
        let record = |step: &Step| {
            let state = account.state(&step.id);
            if !matches!(state, State::Pending | State::Failed) {
                let cause = format!("it is {state}: only what is pending or failed can be left out");
                return Err(refused("leave a step out", &step.id, cause));
            }
            Ok(Record::Skipped { step: step.id.clone(), by: by.clone(), why: skip.why.clone() })
        };
        steps(rollback, &skip.step)?.into_iter().map(record).collect()
    })
}

/// Says what became of a step.
pub(super) fn settle(call: &Call, settle: &Settle) -> Result<Exit> {
    let records = |rollback: &Rollback| {
        let account = rollback.account()?;
        let by = decide::signer(call, settle.by.as_ref());
        let record = |step: &Step| {
            let state = account.state(&step.id);
            if !matches!(state, State::Unknown | State::Running) {
                let cause = format!("it is {state}: there is nothing to be settled");
                return Err(refused("settle a step", &step.id, cause));
            }
            let undoing = account.steps.get(&step.id).is_some_and(|step| step.undoing);
            let verdict = match (settle.verdict.as_str(), undoing) {
                ("done", _) => Verdict::Done,
                ("failed", false) => Verdict::Failed,
                ("undone", true) => Verdict::Undone,
                (_, true) => {
                    let cause = "it was to be taken back: say `undone`, or `done` where what it did is still there";
                    return Err(refused("settle a step", &step.id, cause.to_owned()));
                }
                (_, false) => {
                    let cause = "nobody took it back: say `done`, or `failed` where nothing of it is there";
                    return Err(refused("settle a step", &step.id, cause.to_owned()));
                }
            };
            Ok(Record::Settled { step: step.id.clone(), verdict, by: by.clone(), why: settle.why.clone() })
        };
        steps(rollback, &settle.step)?.into_iter().map(record).collect()
    };
    // What was being taken back after the end may be in doubt, too.
    write_down(call, &settle.options, records)
}

/// Takes down consent, or none.
pub(super) fn vote(call: &Call, vote: &Vote, approved: bool) -> Result<Exit> {
    said(call, &vote.options, |rollback| {
        let by = decide::signer(call, vote.by.as_ref());
        let record = |step: &Step| {
            let roles = step.consent.as_ref().map(|consent| consent.roles.as_slice()).unwrap_or_default();
            let role = roles.iter().find(|role| crate::config::is_same(role, &vote.role));
            let role = role.ok_or_else(|| {
                let cause = match roles {
                    [] => "it waits for nobody's consent".to_owned(),
                    roles => format!("it waits for {}, and not for `{}`", roles.join(", "), vote.role),
                };
                refused("take down what was said of a step", &step.id, cause)
            })?;
            Ok(Record::Voted {
                step: step.id.clone(),
                approved,
                role: role.clone(),
                by: by.clone(),
                comment: vote.comment.clone(),
            })
        };
        steps(rollback, &vote.step)?.into_iter().map(record).collect()
    })
}

/// Takes down an answer.
pub(super) fn answer(call: &Call, answered: &Answered) -> Result<Exit> {
    said(call, &answered.options, |rollback| {
        let by = decide::signer(call, answered.by.as_ref());
        let record = |step: &Step| {
            let items = if let Kind::Checklist(list) = &step.kind { list.items() } else { &[] };
            let item = items.iter().find(|item| item.id == answered.item);
            if item.is_none_or(|item| !item.checks.is_empty()) {
                let open: Vec<_> = items.iter().filter(|item| item.checks.is_empty()).map(|item| item.id.as_str()).collect();
                let cause =
                    format!("people answer {}", if open.is_empty() { "nothing of it".to_owned() } else { open.join(", ") });
                return Err(refused("take down an answer", &step.id, cause));
            }
            Ok(Record::Answered {
                step: step.id.clone(),
                item: answered.item.clone(),
                answer: Answer::read(&answered.answer).unwrap_or(Answer::No),
                by: by.clone(),
                comment: answered.comment.clone(),
            })
        };
        steps(rollback, &answered.step)?.into_iter().map(record).collect()
    })
}

/// Writes down what is said while the rollback is under way.
fn said(call: &Call, options: &Configured, records: impl FnOnce(&Rollback) -> Result<Vec<Record>>) -> Result<Exit> {
    write_down(call, options, |rollback| match rollback.account()?.end {
        Some(End::Finished { .. } | End::Aborted { .. }) => {
            Err(refused("write into the journal", &rollback.plan.runbook.name, "the rollback has ended".to_owned()))
        }
        None => records(rollback),
    })
}

fn write_down(call: &Call, options: &Configured, records: impl FnOnce(&Rollback) -> Result<Vec<Record>>) -> Result<Exit> {
    let settings = Settings::read(call, options, None)?;
    let rollback = folder::newest(&settings)?;
    for record in records(&rollback)? {
        rollback.journal.append(&record)?;
    }
    report::status(call, &settings, &rollback)
}

fn steps<'a>(rollback: &'a Rollback, name: &str) -> Result<Vec<&'a Step>> {
    let steps: Vec<_> = rollback.plan.runbook.steps.iter().filter(|step| is_called(step, name)).collect();
    if steps.is_empty() {
        let known: Vec<_> = rollback.plan.runbook.steps.iter().map(|step| step.id.as_str()).collect();
        let cause = format!("no step is called `{name}`; known are {}", known.join(", "));
        return Err(Error::new(ErrorKind::Usage, "find a step").because(cause));
    }
    Ok(steps)
}

fn refused(what: &str, step: &str, cause: String) -> Error {
    Error::new(ErrorKind::Refused, what).at(step).because(cause).next("see `failback rollback status`")
}
