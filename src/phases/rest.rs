//! How long traffic rests where it is before it moves again: names that go to and fro leave users on both sides at once.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::account::Account;
use super::runbook::Runbook;
use super::state::{Effect, State};
use super::step::Step;

/// Between two moves, unless the configuration says otherwise.
pub const USUAL: Duration = Duration::from_mins(2);

/// How long traffic rests between two moves.
#[derive(Clone, Copy, Debug)]
pub struct TrafficRest {
    /// At least so long.
    pub length: Duration,
    /// When an earlier rollback of the environment moved it last.
    pub moved_before: Option<Timestamp>,
}

/// Until when a step may not move traffic: so long after the last move, be it of this rollback or of one before it in the same
/// environment. Steps of one group are one move. `None` where nothing is to be waited for.
#[must_use]
pub fn until(step: &Step, runbook: &Runbook, account: &Account, rest: TrafficRest) -> Option<Timestamp> {
    if step.kind.effect() != Effect::Traffic {
        return None;
    }
    let is_same_move = |other: &Step| other.id == step.id || (other.group.is_some() && other.group == step.group);
    let moves = runbook.steps.iter().filter_map(|other| {
        let counts = |state: State| state == State::Undone || !is_same_move(other);
        moved(other, account).filter(|_| counts(account.state(&other.id)))
    });
    let last = moves.chain(rest.moved_before).max()?;
    let rest = SignedDuration::try_from(rest.length).unwrap_or(SignedDuration::MAX);
    let until = last.saturating_add(rest).unwrap_or(last);
    (Timestamp::now() < until).then_some(until)
}

/// When a rollback moved traffic last, if it did.
#[must_use]
pub fn last_move(runbook: &Runbook, account: &Account) -> Option<Timestamp> {
    runbook.steps.iter().filter_map(|step| moved(step, account)).max()
}

fn moved(step: &Step, account: &Account) -> Option<Timestamp> {
    if step.kind.effect() != Effect::Traffic || !matches!(account.state(&step.id), State::Done | State::Undone) {
        return None;
    }
    account.steps.get(&step.id)?.ended
}
