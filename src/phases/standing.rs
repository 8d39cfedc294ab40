//! Where a step is, for who looks: as the journal has it, or waiting, and for whom. The journal holds no line of a step that
//! waits: whom it waits for is worked out anew, since people's word may have come meanwhile, or expired.

use jiff::Timestamp;

use super::account::Account;
use super::consent::Standing;
use super::kind::Kind;
use super::put_off;
use super::runbook::{Runbook, is_called};
use super::state::State;
use super::step::Step;

/// Where a step of a runbook is, and, where it waits, for whom.
#[must_use]
pub fn of(runbook: &Runbook, account: &Account, step: &Step) -> (State, Option<String>) {
    let state = account.state(&step.id);
    let is_open = |step: &&Step| {
        let state = account.state(&step.id);
        !(state.is_over() || (state == State::Failed && step.optional))
    };
    if let (None, Some(at)) = (&account.end, put_off::until(step, runbook, account)) {
        return (State::Waiting, Some(put_off::cause(at)));
    }
    let is_open = |step: &&Step| is_open(step) && put_off::until(step, runbook, account).is_none();
    let is_next = runbook.steps.iter().find(is_open).is_some_and(|open| open.id == step.id);
    if account.end.is_some() || !is_next || !matches!(state, State::Pending | State::Running) {
        return (state, None);
    }
    let is_over = |need: &String| runbook.steps.iter().filter(|other| is_called(other, need)).all(|step| !is_open(&step));
    if !step.needs.iter().all(is_over) {
        return (state, None);
    }
    match lacks_consent(step, account).or_else(|| lacks_answers(step, account)) {
        Some(cause) => (State::Waiting, Some(cause)),
        None => (state, None),
    }
}

/// Says whose consent a step lacks.
pub(super) fn lacks_consent(step: &Step, account: &Account) -> Option<String> {
    let votes = account.steps.get(&step.id).map(|step| step.votes.as_slice()).unwrap_or_default();
    Some(match step.consent.as_ref()?.standing(votes, Timestamp::now()) {
        Standing::Given => return None,
        Standing::Denied { by, role } => format!("{by} denied it as {role}"),
        Standing::Missing { roles, people } if roles.is_empty() => format!("{people} more people have to approve"),
        Standing::Missing { roles, .. } => format!("nobody has approved as {}", roles.join(", ")),
    })
}

/// Lists the roles whose word a step waits for.
#[must_use]
pub fn roles_awaited(step: &Step, account: &Account) -> Vec<String> {
    let votes = account.steps.get(&step.id).map(|step| step.votes.as_slice()).unwrap_or_default();
    let Some(consent) = &step.consent else { return Vec::new() };
    match consent.standing(votes, Timestamp::now()) {
        Standing::Given => Vec::new(),
        Standing::Denied { role, .. } => vec![role],
        Standing::Missing { roles, .. } if roles.is_empty() => consent.roles.clone(),
        Standing::Missing { roles, .. } => roles,
    }
}

/// Says which items of a checklist that has begun nobody has answered.
fn lacks_answers(step: &Step, account: &Account) -> Option<String> {
    let (Kind::Checklist(list), Some(known)) = (&step.kind, account.steps.get(&step.id)) else { return None };
    let is_missing = |id: &str| !known.answers.contains_key(id);
    let of_people = list.items().iter().filter(|item| item.checks.is_empty());
    let missing: Vec<_> = of_people.map(|item| item.id.as_str()).filter(|id| is_missing(id)).collect();
    (known.state == Some(State::Running) && !missing.is_empty()).then(|| format!("nobody has answered {}", missing.join(", ")))
}
