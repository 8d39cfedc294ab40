//! What a rollback that went through its steps has come to since: what was taken back afterwards counts.

use std::fmt;

use super::account::Account;
use super::runbook::{Runbook, is_called};
use super::state::State;
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
    /// All that could be has been taken back.
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
        let any = |is: &dyn Fn(&Step, State) -> bool| runbook.steps.iter().any(|step| is(step, account.state(&step.id)));
        if any(&|_, state| state == State::Undone) {
            let stands = any(&|step, state| state == State::Done && step.kind.can_undo());
            return if stands { Self::PartlyTakenBack } else { Self::TakenBack };
        }
        let is_exception = |_: &Step, state| matches!(state, State::Skipped | State::Failed);
        if any(&is_exception) { Self::WithExceptions } else { Self::Done }
    }
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
