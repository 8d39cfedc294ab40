//! What `undo` has taken back of a rollback, or would take back.

use super::super::paint::tame;
use super::super::settings::Settings;
use super::super::{Call, Exit, amount};
use super::folder::Rollback;
use super::report::{document, lay_out, next, state};
use super::stands::{stands, tell};
use crate::error::Result;
use crate::phases::finish;
use crate::phases::runbook::is_called;
use crate::phases::state::{Effect, State};
use crate::phases::step::Step;

/// Says what `undo` would take back, the last first, and what it cannot.
pub(super) fn would_undo(call: &Call, settings: &Settings, rollback: &Rollback, only: Option<&str>) -> Result<Exit> {
    let account = rollback.account()?;
    let env = rollback.plan.environment.as_str();
    let mut page = call.printer.page();
    page.line("would be taken back, in this order; nothing was changed:");
    for step in finish::taken_back(&rollback.plan.runbook, &account, only) {
        page.line(tame(&format!("  {} ({}): {}", step.id, account.state(&step.id), step.title)));
    }
    let mut left = stands(rollback, &account);
    left.retain(|one| !one.can_be);
    tell(&mut page, &left);
    page.next(next(settings, "undo", &only.into_iter().chain(["--env", env]).collect::<Vec<_>>()));
    let state = state(&rollback.plan, &account);
    call.printer.result(&document((call, settings), &rollback.plan, &account, state, Some(rollback))?, &page)?;
    Ok(Exit::Done)
}

/// Says what was taken back, and what stands.
pub(super) fn undone(
    call: &Call,
    settings: &Settings,
    rollback: &Rollback,
    (only, taken): (Option<&str>, &[(String, Option<String>)]),
) -> Result<Exit> {
    let account = rollback.account()?;
    let runbook = &rollback.plan.runbook;
    let failed: Vec<_> = taken.iter().filter_map(|(step, cause)| Some(format!("{step}: {}", cause.as_ref()?))).collect();
    let is_gone = |id: &String| taken.iter().any(|(step, cause)| step == id && cause.is_none());
    let needs_gone = |step: &&Step| {
        let needs_it = |other: &&Step| is_gone(&other.id) && step.needs.iter().any(|need| is_called(other, need));
        account.state(&step.id) == State::Done
            && step.kind.effect() >= Effect::Write
            && runbook.steps.iter().any(|other| needs_it(&other))
    };
    let in_need: Vec<_> = runbook.steps.iter().filter(needs_gone).map(|step| step.id.clone()).collect();
    let stands_too = finish::stands(runbook, &account)
        .into_iter()
        .filter(|step| only.is_none_or(|only| is_called(step, only)) && !taken.iter().any(|(taken, _)| *taken == step.id));
    let meant = amount::plural((taken.len() + stands_too.count()) as u64, "step", "steps");
    let mut page = call.printer.page();
    page.line(format!("taken back: {} of {meant} that changed something, or may have", taken.len() - failed.len()));
    let state = state(&rollback.plan, &account);
    page.line(tame(&format!("{}: {state}", runbook.title)));
    page.list("not taken back:", &failed);
    page.list("done still, and in need of what was taken back:", &in_need);
    lay_out(&mut page, rollback, &account);
    let mut document = document((call, settings), &rollback.plan, &account, state, Some(rollback))?;
    // Where nothing could be taken back at all, it is said here, and nowhere else.
    if document.not_taken_back.is_empty() {
        document.not_taken_back = stands(rollback, &account);
        tell(&mut page, &document.not_taken_back);
    }
    let is_all = document.not_taken_back.is_empty();
    page.next(next(settings, "status", &["--env", &rollback.plan.environment]));
    call.printer.result(&document, &page)?;
    Ok(if !failed.is_empty() {
        Exit::Partly
    } else if is_all {
        Exit::Done
    } else {
        Exit::LeftAside
    })
}
