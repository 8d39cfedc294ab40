//! Whom a rollback waits for, and how they are reached: who is named in `[contacts]` and `[roles]`.

use super::super::page::Page;
use super::super::settings::Settings;
use super::folder::Rollback;
use crate::config::Contact;
use crate::phases::account::Account;
use crate::phases::standing;
use crate::phases::state::State;
use crate::phases::step::Step;

/// Lists who can give the consent that a step needs.
pub(super) fn of_step(settings: &Settings, step: &Step) -> Vec<Contact> {
    let roles = step.consent.as_ref().map(|consent| consent.roles.as_slice()).unwrap_or_default();
    of_roles(settings, roles)
}

/// Lists whose word is waited for now.
pub(super) fn now(settings: &Settings, rollback: &Rollback, account: &Account) -> Vec<Contact> {
    let runbook = &rollback.plan.runbook;
    let waiting = runbook.steps.iter().find(|step| standing::of(runbook, account, step).0 == State::Waiting);
    waiting.map_or_else(Vec::new, |step| of_roles(settings, &standing::roles_awaited(step, account)))
}

fn of_roles(settings: &Settings, roles: &[String]) -> Vec<Contact> {
    let config = &settings.config;
    roles.iter().flat_map(|role| config.contacts().of_role(role, config.roles())).collect()
}

/// Says whose word is waited for.
pub(super) fn tell(page: &mut Page, awaited: &[Contact]) {
    page.list("who is waited for:", awaited.iter().map(Contact::told));
}
