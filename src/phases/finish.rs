//! What a rollback that went through its steps has come to since: what was taken back afterwards counts.

use std::fmt;

use super::account::Account;
use super::runbook::{Runbook, is_called};
use super::state::{Effect, State};
use super::step::Step;

/// What it has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finish {
    /// Every step is done.
    Done,
    /// Steps were left out, or failed that may.
    WithExceptions,
    /// Some of what was done has been taken back.
    PartlyTakenBack,
    /// Nothing that steps did stands any more.
    TakenBack,
}

impl fmt::Display for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::WithExceptions => "done, with exceptions",
            Self::PartlyTakenBack => "done, and partly taken back",
            Self::TakenBack => "taken back",
        })
    }
}

impl Finish {
    /// Reads it from where the steps are.
    #[must_use]
    pub fn of(runbook: &Runbook, account: &Account) -> Self {
        if let Some(taken) = Self::taken(runbook, account) {
            return taken;
        }
        let is_exception = |step: &Step| matches!(account.state(&step.id), State::Skipped | State::Failed);
        if runbook.steps.iter().any(is_exception) { Self::WithExceptions } else { Self::Done }
    }

    /// Whether, and how far, what steps did has been taken back, wherever the rollback is; nothing where none of it was.
    #[must_use]
    pub fn taken(runbook: &Runbook, account: &Account) -> Option<Self> {
        let is_any = runbook.steps.iter().any(|step| account.state(&step.id) == State::Undone);
        let all_or_some = || if stands(runbook, account).is_empty() { Self::TakenBack } else { Self::PartlyTakenBack };
        is_any.then(all_or_some)
    }
}

/// What is added to how a rollback is that has not come to its end: how far it was taken back.
#[must_use]
pub fn aside(runbook: &Runbook, account: &Account) -> &'static str {
    match Finish::taken(runbook, account) {
        Some(Finish::TakenBack) => ", and taken back",
        Some(_) => ", and partly taken back",
        None => "",
    }
}

/// The steps of which something stands, or may: they did what changes the world, or began to, and nobody has taken it back.
#[must_use]
pub fn stands<'a>(runbook: &'a Runbook, account: &Account) -> Vec<&'a Step> {
    let is_begun = |step: &&Step| {
        matches!(account.state(&step.id), State::Done | State::Unknown | State::Running | State::Failed)
            && step.kind.effect() >= Effect::Write
    };
    runbook.steps.iter().filter(is_begun).collect()
}

/// The first step of which nothing says how its work, or taking it back, ended.
#[must_use]
pub fn in_doubt<'a>(runbook: &'a Runbook, account: &Account) -> Option<&'a Step> {
    runbook.steps.iter().find(|step| matches!(account.state(&step.id), State::Running | State::Unknown))
}

/// The steps that `undo` takes back, the last first: those that did something, or may have, and can take it back; with `only`,
/// those that are called so.
#[must_use]
pub fn taken_back<'a>(runbook: &'a Runbook, account: &Account, only: Option<&str>) -> Vec<&'a Step> {
    let did = |step: &&Step| matches!(account.state(&step.id), State::Done | State::Unknown | State::Running);
    let is_meant = |step: &&Step| only.is_none_or(|only| is_called(step, only));
    runbook.steps.iter().rev().filter(is_meant).filter(did).filter(|step| step.kind.can_undo()).collect()
}
