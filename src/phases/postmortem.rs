//! The post-mortem: the lessons-learned form of the procedure that this tool grew from, filled in from the journal. What nobody
//! can know but people is left as a question, never as a guess.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::account::{Account, End};
use super::finish::{self, Finish};
use super::journal::{Line, Record};
use super::losses::Losses;
use super::plan::Plan;
use super::state::{Effect, State};
use crate::config::Contact;

/// Writes it as Markdown.
#[must_use]
pub fn write(plan: &Plan, lines: &[Line], losses: &Losses, contacts: &[Contact]) -> String {
    let account = Account::of(lines);
    let mut text = String::new();
    head(&mut text, plan, &account);
    timeline(&mut text, plan, lines);
    text.push_str("\n## Root cause\n\n_To be written by people._\n");
    impact(&mut text, plan, &account, losses);
    losses.write(&mut text);
    deviations(&mut text, plan, &account, lines);
    text.push_str("\n## What went well\n\n- \n\n## What went wrong\n\n- \n");
    text.push_str("\n## Action items\n\n| Action | Owner | Due date | Priority |\n|---|---|---|---|\n");
    for action in ["Document the incident", "Find the root cause", "Change the migration's plan", "Set a new date"] {
        let _ = writeln!(text, "| {action} |  |  |  |");
    }
    text.push_str("\n## Process improvements\n\n- \n");
    people(&mut text, contacts);
    text
}

/// Who could be called.
fn people(text: &mut String, contacts: &[Contact]) {
    if contacts.is_empty() {
        return;
    }
    text.push_str("\n## Emergency contacts\n\n| Role | Name | How to reach |\n|---|---|---|\n");
    for contact in contacts {
        let (name, reach) = (contact.name.as_deref().unwrap_or_default(), contact.reach.as_deref().unwrap_or_default());
        let _ = writeln!(text, "| {} | {} | {} |", cell(&contact.role), cell(name), cell(reach));
    }
}

fn head(text: &mut String, plan: &Plan, account: &Account) {
    let declared = account.declared.as_ref();
    let _ = writeln!(text, "# Rollback post-mortem\n");
    let _ = writeln!(text, "**Date**: {}", declared.map_or_else(String::new, |declared| minute(declared.at)));
    let _ = writeln!(text, "**Environment**: {}", plan.environment);
    let _ = writeln!(text, "**Rollback type**: {}", plan.runbook.title);
    if let Some(declared) = declared {
        let _ = writeln!(text, "**Incident**: {}", inline(&declared.incident));
        let _ = writeln!(text, "**Incident commander**: {}", inline(&declared.commander));
    }
    let how = match &account.end {
        Some(End::Finished { .. }) => match finish::in_doubt(&plan.runbook, account) {
            Some(step) => format!("nobody can tell whether {} was taken back", inline(&step.title)),
            None => match Finish::of(&plan.runbook, account) {
                Finish::Done => "all steps done".to_owned(),
                finish => format!("{finish} (see below)"),
            },
        },
        Some(End::Aborted { by, why, .. }) => {
            format!("ended by {}: {}{}", inline(by), inline(why), finish::aside(&plan.runbook, account))
        }
        None => format!("still under way{}", finish::aside(&plan.runbook, account)),
    };
    let _ = writeln!(text, "**Outcome**: {how}");
    for step in &plan.runbook.steps {
        let Some(at) = &step.not_before else { continue };
        let known = account.steps.get(&step.id);
        let became = match known.and_then(|known| known.began) {
            Some(began) => format!("begun at {}, {}", minute(began), account.state(&step.id)),
            None => "not begun".to_owned(),
        };
        let _ = writeln!(text, "**Put off**: {}, until {at}: {became}", inline(&step.title));
    }
}

fn timeline(text: &mut String, plan: &Plan, lines: &[Line]) {
    text.push_str("\n## Timeline\n\n| Time (UTC) | Event |\n|---|---|\n");
    for line in lines {
        if let Some(event) = event(plan, &line.record) {
            let _ = writeln!(text, "| {} | {} |", second(line.at), cell(&event));
        }
    }
}

/// What a line is for who was not there; nothing where it is a detail.
fn event(plan: &Plan, record: &Record) -> Option<String> {
    let title =
        |id: &str| plan.runbook.steps.iter().find(|step| step.id == id).map_or(id, |step| step.title.as_str()).to_owned();
    let effect = |id: &str| plan.runbook.steps.iter().find(|step| step.id == id).map(|step| step.kind.effect());
    Some(match record {
        Record::Declared { incident, commander, .. } => format!("Rollback declared by {commander}: {incident}"),
        Record::Ended { step, verdict, cause, .. } => match cause {
            Some(cause) => format!("{}: {verdict} ({cause})", title(step)),
            None => format!("{}: {verdict}", title(step)),
        },
        Record::Intent { step } if effect(step) >= Some(Effect::Traffic) => format!("{}: begun", title(step)),
        Record::UndoIntent { step } => format!("{}: being taken back", title(step)),
        Record::Settled { step, verdict, by, why } => format!("{}: {verdict}, says {by}: {why}", title(step)),
        Record::Skipped { step, by, why } => format!("{}: left out by {by}: {why}", title(step)),
        Record::Voted { step, approved, role, by, .. } => {
            let said = if *approved { "approved" } else { "denied" };
            format!("{}: {said} by {by} as {role}", title(step))
        }
        Record::Answered { step, item, answer, by, .. } => format!("{}, {item}: {answer}, says {by}", title(step)),
        Record::Notified { notice, channel, sent, .. } => format!("Notice {notice} to {channel}: {sent}"),
        Record::Noted { by, text } => format!("{by}: {text}"),
        Record::Paused { by, why } => format!("Paused by {by}: {why}"),
        Record::Resumed { by, .. } => format!("Resumed by {by}"),
        Record::Aborted { by, why } => format!("Ended by {by}: {why}"),
        Record::Finished { .. } => "Rollback complete: every step was over".to_owned(),
        // Looks are of a journal that carries nothing out.
        Record::Intent { .. } | Record::Command { .. } | Record::Looking { .. } | Record::Looked { .. } | Record::Unknown => {
            return None;
        }
    })
}

fn impact(text: &mut String, plan: &Plan, account: &Account, losses: &Losses) {
    text.push_str("\n## Impact\n\n- **Users affected**: _to be found out_\n");
    let begun = account.declared.as_ref().map(|declared| declared.at);
    let traffic = plan.runbook.steps.iter().filter(|step| step.kind.effect() == Effect::Traffic);
    let moved = traffic.filter_map(|step| account.steps.get(&step.id)?.ended).max();
    match (begun, moved) {
        (Some(begun), Some(moved)) => {
            let _ = writeln!(text, "- **From the declaration until traffic was back**: {}", length(begun, moved));
        }
        _ => text.push_str("- **Downtime**: traffic was not moved by this rollback\n"),
    }
    let _ = writeln!(text, "- **Data loss**: {}", losses.in_short());
    text.push_str("- **Financial impact**: _to be found out_\n");
}

fn deviations(text: &mut String, plan: &Plan, account: &Account, lines: &[Line]) {
    let mut found = Vec::new();
    let is_taken_back = Finish::taken(&plan.runbook, account).is_some();
    let stands = finish::stands(&plan.runbook, account);
    for step in &plan.runbook.steps {
        let known = account.steps.get(&step.id);
        match account.state(&step.id) {
            State::Skipped => {
                let (by, why) = known.and_then(|known| known.skipped.clone()).unwrap_or_default();
                found.push(format!("{} was left out by {by}: {why}", step.title));
            }
            State::Failed | State::Unknown | State::Undone => {
                let cause = known.and_then(|known| known.cause.clone()).unwrap_or_default();
                found.push(format!("{}: {} {cause}", step.title, account.state(&step.id)));
            }
            State::Pending | State::Running | State::Waiting => found.push(format!("{} was not done", step.title)),
            State::Done if is_taken_back && stands.iter().any(|one| one.id == step.id) => {
                let why = if step.kind.can_undo() { "was not taken back" } else { "cannot be taken back" };
                found.push(format!("{}: done, and {why}", step.title));
            }
            State::Done | State::AlreadyDone => {}
        }
    }
    let resumed = lines.iter().filter(|line| matches!(line.record, Record::Resumed { .. })).count();
    if resumed > 0 {
        found.push(format!("the rollback stopped and was resumed {resumed} times"));
    }
    text.push_str("\n## Deviations from the plan\n\n");
    if found.is_empty() {
        text.push_str("None: every step of the plan is done.\n");
    }
    for deviation in found {
        let _ = writeln!(text, "- {}", inline(deviation.trim_end()));
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn length(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    format!("{} min {} s", seconds / 60, seconds % 60)
}

/// A text within one line.
fn inline(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text within a cell of a table.
fn cell(text: &str) -> String {
    inline(text).replace('|', "\\|")
}
