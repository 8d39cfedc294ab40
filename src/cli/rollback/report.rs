//! What a rollback's commands print: the plan, where it is, where it stopped, the post-mortem.

use serde::Serialize;

use super::super::page::Page;
use super::super::paint::tame;
use super::super::settings::Settings;
use super::super::step::Step as Next;
use super::super::table::Table;
use super::super::{Call, Exit};
use super::at_stake;
use super::awaited;
use super::folder::Rollback;
use super::stands::{self, NotTakenBack};
use super::surroundings;

use crate::config::Contact;
use crate::error::Result;
use crate::phases::RowsAtStake;
use crate::phases::account::{Account, End};
use crate::phases::course::Stopped;
use crate::phases::finish::{self, Finish};
use crate::phases::losses;
use crate::phases::not_before::NotBefore;
use crate::phases::plan::Plan;
use crate::phases::postmortem;
use crate::phases::standing;
use crate::phases::state::{Effect, State};
use crate::phases::taken::TakenFrom;
use crate::text::amount;

/// One step, as a document has it.
#[derive(Serialize)]
struct StepReport<'a> {
    id: &'a str,
    title: &'a str,
    effect: &'static str,
    state: &'static str,
    commands: Vec<String>,
    consent: Option<String>,
    /// When it may begin at the earliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<&'a NotBefore>,
    /// Which secrets it takes, from where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<TakenFrom>,
    /// Whether it takes rows of NEW: those that the plan counts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    moves_rows: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    facts: std::collections::BTreeMap<String, String>,
}

/// A rollback, as a document has it.
#[derive(Serialize)]
pub(super) struct RollbackReport<'a> {
    environment: &'a str,
    runbook: &'a str,
    plan: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// What stands of a rollback of which something was taken back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) not_taken_back: Vec<NotTakenBack>,
    /// Whose word is waited for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    awaited: Vec<Contact>,
    /// What NEW had taken when the plan was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_at_stake: Option<RowsAtStake>,
    steps: Vec<StepReport<'a>>,
}

/// Shows a plan to the letter; `how` is what begins it on the command line, `rows` what it is about, where that was counted.
pub(super) fn plan(call: &Call, settings: &Settings, plan: &Plan, how: &str, rows: Option<RowsAtStake>) -> Result<Exit> {
    let (account, secrets) = (Account::default(), surroundings::secrets(call, settings)?);
    let mut page = call.printer.page();
    let (title, name) = (tame(&plan.runbook.title), tame(&plan.runbook.name));
    page.line(format!("{title} ({name}), {} steps; nothing was begun", plan.runbook.steps.len()));
    page.line(tame(&plan.runbook.summary));
    for (at, step) in plan.runbook.steps.iter().enumerate() {
        let effect = step.kind.effect();
        let effect = if effect <= Effect::People { String::new() } else { format!(" [{effect}]") };
        page.heading(&format!("{}. {}: {}{effect}", at + 1, step.id, step.title));
        for line in step.kind.show() {
            page.command(&tame(&secrets.hide(&line)), 4);
        }
        if let Some(at) = &step.not_before {
            page.line(format!("    not before {}", tame(&at.to_string())));
        }
        for taken in surroundings::taken(call, settings, step, &secrets) {
            page.hanging(
                &format!("    takes {}, as {}, from {}", tame(&taken.name), tame(&taken.as_what), tame(&taken.from)),
                8,
            );
        }
        if let Some(consent) = &step.consent {
            page.line(format!("    waits for {}", tame(&consent.text())));
            for contact in awaited::of_step(settings, step) {
                page.hanging(&format!("      {}", tame(&contact.told())), 8);
            }
        }
        if let Some(rows) = rows.as_ref().filter(|_| step.kind.moves_rows()) {
            at_stake::tell(&mut page, rows);
        }
    }
    page.line(format!("plan {}", &plan.digest()?[..16]));
    page.next(next(settings, how, &["--env", &plan.environment]));
    let mut document = document((call, settings), plan, &account, "planned".to_owned(), None)?;
    document.rows_at_stake = rows;
    call.printer.result(&document, &page)?;
    Ok(Exit::Done)
}

/// Says where a rollback is.
pub(super) fn status(call: &Call, settings: &Settings, rollback: &Rollback) -> Result<Exit> {
    let account = rollback.account()?;
    let mut page = call.printer.page();
    let state = state(&rollback.plan, &account);
    page.line(tame(&sentence(rollback, &account, &state)));
    lay_out(&mut page, rollback, &account);
    awaited::tell(&mut page, &awaited::now(settings, rollback, &account));
    if account.end.is_none() {
        page.next(next(settings, "resume", &["--env", &rollback.plan.environment]));
    }
    call.printer.result(&document((call, settings), &rollback.plan, &account, state, Some(rollback))?, &page)?;
    Ok(Exit::Done)
}

/// Says where a rollback stopped, and how to go on.
pub(super) fn stopped(call: &Call, settings: &Settings, rollback: &Rollback, stopped: &Stopped) -> Result<Exit> {
    let account = rollback.account()?;
    let mut page = call.printer.page();
    let env = rollback.plan.environment.as_str();
    let (verdict, steps, exit) = match stopped {
        Stopped::Finished(finish) => {
            let exit = if *finish == Finish::Done { Exit::Done } else { Exit::LeftAside };
            (finish.to_string(), next(settings, "postmortem", &["--env", env]), exit)
        }
        Stopped::Waiting { step, cause } => {
            let is_list = rollback.plan.runbook.checklists().any(|list| list.id == *step);
            let (deed, more) = if is_list { ("answer", ["ITEM", "yes"]) } else { ("approve", ["--as", "ROLE"]) };
            let steps = next(settings, deed, &[&[step.as_str()], &more[..], &["--env", env]].concat());
            (format!("waits at {step}: {cause}"), steps, Exit::Waiting)
        }
        Stopped::Failed { step, cause } => {
            let mut steps = next(settings, "resume", &["--env", env]);
            steps.push(Next::Say("or, if it has to be left out or taken back:".to_owned()));
            steps.extend(next(settings, "skip", &[step, "--why", "TEXT", "--env", env]));
            steps.extend(next(settings, "undo", &["--env", env]));
            (format!("stopped at {step}, which failed: {cause}"), steps, changed(rollback, &account))
        }
        Stopped::Unknown { step, cause } => {
            let undoing = account.steps.get(step).is_some_and(|step| step.undoing);
            let (verdict, or) = if undoing { ("undone", "done") } else { ("done", "failed") };
            let say = format!("look at the world, then say what became of the step (`{verdict}` or `{or}`):");
            let mut steps = vec![Next::Say(say)];
            steps.extend(next(settings, "settle", &[step, verdict, "--why", "TEXT", "--env", env]));
            (format!("stopped at {step}: nobody can tell how it ended: {cause}"), steps, Exit::Partly)
        }
        Stopped::PutOff { step, cause } => {
            let mut steps = vec![Next::Say("once that time has come:".to_owned())];
            steps.extend(next(settings, "resume", &["--env", env]));
            (format!("waits at {step}: {cause}"), steps, Exit::Waiting)
        }
        Stopped::Paused { cause } => (format!("paused: {cause}"), next(settings, "resume", &["--env", env]), Exit::Waiting),
        Stopped::Aborted { cause } => (
            format!("over: {cause}{}", finish::aside(&rollback.plan.runbook, &account)),
            next(settings, "postmortem", &["--env", env]),
            Exit::Waiting,
        ),
    };
    page.line(tame(&format!("{}: {verdict}", rollback.plan.runbook.title)));
    lay_out(&mut page, rollback, &account);
    awaited::tell(&mut page, &awaited::now(settings, rollback, &account));
    page.next(steps);
    let mut document = document((call, settings), &rollback.plan, &account, verdict, Some(rollback))?;
    if let Stopped::Failed { step, cause }
    | Stopped::Unknown { step, cause }
    | Stopped::Waiting { step, cause }
    | Stopped::PutOff { step, cause } = stopped
    {
        (document.stopped_at, document.cause) = (Some(step.clone()), Some(cause.clone()));
    }
    call.printer.result(&document, &page)?;
    Ok(exit)
}

/// Prints the post-mortem.
pub(super) fn postmortem(call: &Call, settings: &Settings, rollback: &Rollback) -> Result<Exit> {
    let (lines, _) = rollback.journal.read()?;
    let (config, folder) = (&settings.config, rollback.store.folder());
    let losses = losses::gather(&rollback.plan, folder, config.mask(), config.quorum());
    let text = postmortem::write(&rollback.plan, &lines, &losses, &config.contacts().all());
    let mut page = call.printer.page();
    page.verbatim(&text);
    call.printer.result(&serde_json::json!({ "markdown": text }), &page)?;
    Ok(Exit::Done)
}

/// How a rollback that stopped ends the command: whether anything was changed by then.
fn changed(rollback: &Rollback, account: &Account) -> Exit {
    let is_change = |step: &crate::phases::step::Step| {
        step.kind.effect() >= Effect::Write
            && !matches!(account.state(&step.id), State::Pending | State::AlreadyDone | State::Skipped)
    };
    if rollback.plan.runbook.steps.iter().any(is_change) { Exit::Partly } else { Exit::Failed }
}

pub(super) fn state(plan: &Plan, account: &Account) -> String {
    let aside = finish::aside(&plan.runbook, account);
    match (&account.end, &account.paused) {
        (Some(End::Finished { .. }), _) => finish::in_doubt(&plan.runbook, account).map_or_else(
            || Finish::of(&plan.runbook, account).to_string(),
            |step| format!("nobody can tell whether {} was taken back", step.id),
        ),
        (Some(End::Aborted { by, why, .. }), _) => format!("ended by {by}: {why}{aside}"),
        (None, Some((by, why))) => format!("paused by {by}: {why}{aside}"),
        (None, None) => format!("under way{aside}"),
    }
}

fn sentence(rollback: &Rollback, account: &Account, state: &str) -> String {
    let title = &rollback.plan.runbook.title;
    account.declared.as_ref().map_or_else(
        || format!("{title}: {state}"),
        |declared| {
            let (at, commander) = (amount::moment(&declared.at.to_string()), &declared.commander);
            format!("{title}: {state}; {}, led by {commander}, since {at}", declared.incident)
        },
    )
}

pub(super) fn lay_out(page: &mut Page, rollback: &Rollback, account: &Account) {
    let mut table = Table::new(&["step", "state", "took", "remarks"]);
    for step in &rollback.plan.runbook.steps {
        let known = account.steps.get(&step.id);
        let took = known.and_then(|known| Some(known.ended?.duration_since(known.began?).as_secs()));
        let took = took.map_or_else(String::new, |seconds| format!("{seconds} s"));
        let skipped = known.and_then(|known| known.skipped.as_ref()).map(|(by, why)| format!("left out by {by}: {why}"));
        let (state, waits) = standing::of(&rollback.plan.runbook, account, step);
        let cause = waits.or_else(|| known.and_then(|known| known.cause.clone()));
        let remarks: Vec<_> = cause.into_iter().chain(skipped).collect();
        table.row([step.id.clone(), state.word().to_owned(), took, remarks.join("; ")]);
    }
    page.table(&table);
    stands::tell(page, &stands::left(rollback, account));
}

pub(super) fn document<'a>(
    (call, settings): (&Call, &Settings),
    plan: &'a Plan,
    account: &Account,
    state: String,
    rollback: Option<&Rollback>,
) -> Result<RollbackReport<'a>> {
    let secrets = surroundings::secrets(call, settings)?;
    let step = |step: &'a crate::phases::step::Step| {
        let known = account.steps.get(&step.id);
        let (state, waits) =
            if rollback.is_some() { standing::of(&plan.runbook, account, step) } else { (account.state(&step.id), None) };
        StepReport {
            id: &step.id,
            title: &step.title,
            effect: step.kind.effect().word(),
            state: state.word(),
            commands: step.kind.show().iter().map(|line| secrets.hide(line)).collect(),
            consent: step.consent.as_ref().map(crate::phases::consent::Consent::text),
            not_before: step.not_before.as_ref(),
            secrets: surroundings::taken(call, settings, step, &secrets),
            moves_rows: step.kind.moves_rows(),
            began: known.and_then(|known| known.began).map(|at| at.to_string()),
            ended: known.and_then(|known| known.ended).map(|at| at.to_string()),
            cause: waits.or_else(|| known.and_then(|known| known.cause.clone())),
            facts: known.map(|known| known.facts.clone()).unwrap_or_default(),
        }
    };
    Ok(RollbackReport {
        environment: &plan.environment,
        runbook: &plan.runbook.name,
        plan: plan.digest()?,
        folder: rollback.map(|rollback| rollback.store.folder().display().to_string()),
        state,
        stopped_at: None,
        cause: None,
        not_taken_back: rollback.map_or_else(Vec::new, |rollback| stands::left(rollback, account)),
        awaited: rollback.map_or_else(Vec::new, |rollback| awaited::now(settings, rollback, account)),
        rows_at_stake: None,
        steps: plan.runbook.steps.iter().map(step).collect(),
    })
}

pub(super) fn next(settings: &Settings, verb: &str, more: &[&str]) -> Vec<Next> {
    let more: Vec<String> = more.iter().map(|word| crate::text::shell_word(word)).collect();
    vec![Next::Run(settings.rollback_command(verb, &more))]
}
