//! Beginning a rollback, going on with it, taking it back: whatever carries out steps.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::super::confirm::confirm_name;
use super::super::options::Carrying;
use super::super::settings::Settings;
use super::super::{Call, Exit, decide};
use super::at_stake;
use super::folder::{self, Rollback};
use super::onlooker::Onlooker;
use super::report;
use super::surroundings::{tools, vars};
use super::taken_back;
use crate::engine::{Claim, Servers};
use crate::error::{Error, ErrorKind, OldState, Result};
use crate::name::Side;
use crate::phases::course::{Course, Event, Stopped};
use crate::phases::journal::Record;
use crate::phases::messenger::Messenger;
use crate::phases::not_before::NotBefore;
use crate::phases::plan::Plan;
use crate::phases::rest::{self, TrafficRest};
use crate::phases::runbook::Runbook;
use crate::phases::shipped::Shipped;
use crate::phases::state::Effect;
use crate::phases::step::Step;
use crate::phases::tools::Tools;
use crate::store::host_files;
use crate::text::shell_word;

/// How a phase begins.
#[derive(Args)]
pub(super) struct Begin {
    /// What happened, for the journal and for notices
    #[arg(long, value_name = "TEXT", default_value = "not stated")]
    incident: String,
    /// Who leads [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    commander: Option<String>,
    /// Which way through the runbook, where it has several
    #[arg(long, value_name = "NAME")]
    option: Option<String>,
    /// Put the recovery of rows off to then: a moment with its zone, as 2026-11-23T02:00[Europe/Berlin]
    #[arg(long, value_name = "TIME")]
    recover_at: Option<String>,
    /// Show every step to the letter, and begin nothing
    #[arg(long)]
    dry_run: bool,
    /// Confirm by name: the environment's
    #[arg(long, value_name = "ENV")]
    confirm: Option<String>,
    #[command(flatten)]
    pub(super) options: Carrying,
}

/// How a runbook of one's own begins.
#[derive(Args)]
pub(super) struct Own {
    /// The runbook's file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    pub(super) begin: Begin,
}

/// How a rollback goes on.
#[derive(Args)]
pub(super) struct Resume {
    /// Confirm by name: the environment's
    #[arg(long, value_name = "ENV")]
    confirm: Option<String>,
    #[command(flatten)]
    pub(super) options: Carrying,
}

/// What is taken back.
#[derive(Args)]
pub(super) struct Undo {
    /// The step, or the step that several were made of [default: all that can be]
    #[arg(value_name = "STEP")]
    step: Option<String>,
    /// Show what would be taken back, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Confirm by name: the environment's
    #[arg(long, value_name = "ENV")]
    confirm: Option<String>,
    #[command(flatten)]
    pub(super) options: Carrying,
}

/// Begins a phase.
pub(super) async fn phase(call: &Call, begin: &Begin, phase: Shipped) -> Result<Exit> {
    go(call, begin, phase.word(), || Ok((phase.runbook().to_owned(), phase.file()))).await
}

/// Begins a runbook of the user's own.
pub(super) async fn own(call: &Call, own: &Own) -> Result<Exit> {
    let file = own.file.display().to_string();
    go(call, &own.begin, &format!("run {}", shell_word(&file)), || Ok((host_files::read_text(&own.file)?, file.clone()))).await
}

/// Begins the runbook that `read` returns, with what errors call it; `how` is what begins it on the command line.
async fn go(call: &Call, begin: &Begin, how: &str, read: impl FnOnce() -> Result<(String, String)>) -> Result<Exit> {
    let settings = Settings::read(call, &begin.options, None)?;
    let (text, file) = read()?;
    let environment = folder::environment(&settings)?.to_owned();
    let commander = decide::signer(call, begin.commander.as_ref());
    let vars = vars(call, &settings, &environment)?.with_text("incident", &begin.incident).with_text("commander", &commander);
    let vars = match &begin.recover_at {
        Some(at) => vars.with_text("recover_at", to_come(at)?),
        None => vars,
    };
    let runbook = Runbook::parse(&text, &file, &vars)?.with_option(begin.option.as_deref())?;
    if begin.recover_at.is_some() && runbook.steps.iter().all(|step| step.not_before.is_none()) {
        return Err(not_put_off(format!("no step of {} is put off by it", runbook.name)));
    }
    let (config, protected) = (settings.config_text()?, settings.config.rollback().is_protected());
    let plan = Plan::new(&environment, protected, begin.option.as_deref(), &config, runbook);
    if begin.dry_run {
        let rows = Box::pin(at_stake::count(call, &settings, &plan)).await?;
        return report::plan(call, &settings, &plan, how, rows);
    }
    let lock = folder::lock(&settings)?;
    agree(call, &plan, "--dry-run", begin.confirm.as_deref()).await?;
    // What another machine has the claim to is not declared.
    let claim = claim(call, &settings, &environment)?;
    let claim = match &claim {
        Some(asked) if asked.hold().await?.is_none() => claim,
        _ => None,
    };
    let rollback = folder::make(&settings, plan)?;
    rollback.journal.append(&Record::Declared {
        environment,
        runbook: rollback.plan.runbook.name.clone(),
        plan: rollback.plan.digest()?,
        incident: begin.incident.clone(),
        commander,
        by: host_files::acting_user(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    })?;
    let stopped = Box::pin(carry_out(call, &settings, &rollback, claim)).await;
    drop(lock);
    report::stopped(call, &settings, &rollback, &stopped?)
}

/// A moment to come, with its zone.
fn to_come(text: &str) -> Result<&str> {
    match NotBefore::read(text) {
        Ok(at) if at.has_come() => Err(not_put_off(format!("{at} is past"))),
        Ok(_) => Ok(text),
        Err(cause) => Err(not_put_off(cause)),
    }
}

fn not_put_off(cause: String) -> Error {
    Error::new(ErrorKind::Usage, "put the recovery off").at("--recover-at").because(cause)
}

/// Goes on with the newest rollback.
pub(super) async fn resume(call: &Call, resume: &Resume) -> Result<Exit> {
    let settings = Settings::read(call, &resume.options, None)?;
    let rollback = folder::newest(&settings)?;
    let lock = folder::lock(&settings)?;
    rollback.plan.expect_config(&settings.config_text()?)?;
    if rollback.account()?.end.is_none() {
        agree(call, &rollback.plan, "failback rollback status", resume.confirm.as_deref()).await?;
        rollback.journal.append(&Record::Resumed { by: host_files::acting_user() })?;
    }
    let stopped = Box::pin(carry_out(call, &settings, &rollback, None)).await;
    drop(lock);
    report::stopped(call, &settings, &rollback, &stopped?)
}

/// Takes back what steps of the newest rollback did.
pub(super) async fn undo(call: &Call, undo: &Undo) -> Result<Exit> {
    let settings = Settings::read(call, &undo.options, None)?;
    let rollback = folder::newest(&settings)?;
    if undo.dry_run {
        return taken_back::would_undo(call, &settings, &rollback, undo.step.as_deref());
    }
    let _lock = folder::lock(&settings)?;
    rollback.plan.expect_config(&settings.config_text()?)?;
    let deed = ("take steps of the rollback back", "--dry-run");
    confirm_name(call, &rollback.plan.environment, deed, undo.confirm.as_deref()).await?;
    let onlooker = Onlooker::of(call, &settings, &rollback)?;
    let tools = tools(call, &settings, &rollback.store).await?.watched_by(Onlooker::of_programs(&onlooker));
    learn_again(&rollback, &tools).await?;
    let means = Means::of(call, &settings, &rollback, None)?;
    let watch = onlooker.of_course();
    let taken = means.course(&rollback, &tools, &watch).undo(undo.step.as_deref()).await;
    let taken = taken.map_err(|error| match error.kind() {
        ErrorKind::Usage => error,
        _ => error.state(OldState::Steps),
    })?;
    onlooker.finish()?;
    taken_back::undone(call, &settings, &rollback, (undo.step.as_deref(), &taken))
}

/// Has the environment's name typed, where the plan changes what decides about users, or the environment is protected.
async fn agree(call: &Call, plan: &Plan, shown_by: &str, given: Option<&str>) -> Result<()> {
    if plan.protected || plan.runbook.most_effect() >= Effect::Traffic {
        let what = format!("carry out {}", plan.runbook.name);
        return confirm_name(call, &plan.environment, (&what, shown_by), given).await;
    }
    Ok(())
}

/// The claim to an environment, not made yet; nothing where nobody has named an OLD to make it on.
fn claim(call: &Call, settings: &Settings, environment: &str) -> Result<Option<Claim>> {
    let is_named = settings.address(call, Side::Old)?.is_some();
    is_named.then(|| settings.servers_of(call).map(|servers| Claim::new(environment, servers))).transpose()
}

/// What a course needs beside the rollback's files and tools.
struct Means {
    servers: Servers,
    claim: Option<Claim>,
    rest: TrafficRest,
}

impl Means {
    /// Works with the claim that is held already, or with one that is made as soon as something is done.
    fn of(call: &Call, settings: &Settings, rollback: &Rollback, held: Option<Claim>) -> Result<Self> {
        let servers = settings.servers_of(call)?;
        let claim = held.map_or_else(|| claim(call, settings, &rollback.plan.environment), |held| Ok(Some(held)))?;
        let length = settings.config.rollback().traffic_rest().unwrap_or(rest::USUAL);
        Ok(Self { servers, claim, rest: TrafficRest { length, moved_before: folder::moved_before(settings, rollback)? } })
    }

    fn course<'a>(
        &'a self,
        rollback: &'a Rollback,
        tools: &'a Tools,
        watch: &'a (dyn Fn(&Event<'_>) + Send + Sync),
    ) -> Course<'a> {
        Course {
            plan: &rollback.plan,
            journal: &rollback.journal,
            tools,
            servers: Some(&self.servers),
            claim: self.claim.as_ref(),
            rest: self.rest,
            watch,
        }
    }
}

/// What steps took in a process before this one, this one hides as well.
async fn learn_again(rollback: &Rollback, tools: &Tools) -> Result<()> {
    let account = rollback.account()?;
    let begun = rollback.plan.runbook.steps.iter().filter(|step| account.steps.contains_key(&step.id));
    let names: BTreeSet<_> = begun.flat_map(Step::takes).map(|taken| taken.name).collect();
    tools.learn_again(names).await
}

async fn carry_out(call: &Call, settings: &Settings, rollback: &Rollback, claim: Option<Claim>) -> Result<Stopped> {
    let onlooker = Onlooker::of(call, settings, rollback)?;
    let stopped = attended(call, settings, rollback, &onlooker, claim).await;
    // What happened before an error is told before it.
    onlooker.finish()?;
    stopped
}

async fn attended(
    call: &Call,
    settings: &Settings,
    rollback: &Rollback,
    onlooker: &Arc<Onlooker>,
    claim: Option<Claim>,
) -> Result<Stopped> {
    let tools = tools(call, settings, &rollback.store).await?.watched_by(Onlooker::of_programs(onlooker));
    learn_again(rollback, &tools).await?;
    let means = Means::of(call, settings, rollback, claim)?;
    let watch = onlooker.of_course();
    let course = means.course(rollback, &tools, &watch);
    let messenger = Messenger {
        notices: &rollback.plan.runbook.notices,
        channels: settings.config.rollback().channels(),
        journal: &rollback.journal,
        tools: &tools,
    };
    let stopped = tokio::select! {
        // What was begun before the error is for the journal to say, not for this process, which writes to no server itself.
        stopped = course.run() => stopped.map_err(|error| error.state(OldState::Steps))?,
        () = messenger.attend() => unreachable!("it attends until it is dropped"),
        () = onlooker.attend() => unreachable!("it attends until it is dropped"),
    };
    messenger.finish().await?;
    Ok(stopped)
}
