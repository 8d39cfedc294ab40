//! Steps that are put off to a stated time: until then they do not begin, what needs them waits as well, and nothing is
//! destroyed.

use super::account::Account;
use super::not_before::NotBefore;
use super::runbook::{Runbook, is_called};
use super::state::Effect;
use super::step::Step;

/// Until when a step is put off, by its own word or that of a step that it needs; `None` where it may begin.
#[must_use]
pub fn until<'a>(step: &'a Step, runbook: &'a Runbook, account: &Account) -> Option<&'a NotBefore> {
    if account.state(&step.id).is_over() {
        return None;
    }
    if let Some(at) = step.not_before.as_ref().filter(|at| !at.has_come()) {
        return Some(at);
    }
    let before = || runbook.steps.iter().take_while(|other| other.id != step.id);
    // What destroys takes away what is still to be brought home.
    if step.kind.effect() == Effect::Destructive
        && let Some(at) = runbook.steps.iter().filter(|other| other.id != step.id).find_map(|other| own(other, account))
    {
        return Some(at);
    }
    before()
        .filter(|other| step.needs.iter().any(|need| is_called(other, need)))
        .find_map(|other| until(other, runbook, account))
}

/// Until when a step is put off by its own word.
fn own<'a>(step: &'a Step, account: &Account) -> Option<&'a NotBefore> {
    step.not_before.as_ref().filter(|at| !at.has_come() && !account.state(&step.id).is_over())
}

/// Says why a step does not begin.
#[must_use]
pub fn cause(at: &NotBefore) -> String {
    format!("put off until {at}; until then nothing of NEW is destroyed")
}
