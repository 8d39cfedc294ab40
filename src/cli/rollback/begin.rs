//! Beginning a rollback, going on with it, taking it back: whatever carries out steps.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::confirm::confirm_name;
use super::super::options::WithBoth;
use super::super::settings::Settings;
use super::super::{Call, Exit, decide};
use super::folder::{self, Rollback};
use super::{live, report};
use crate::engine::{Claim, Servers};
use crate::error::{Error, ErrorKind, OldState, Result};
use crate::name::Side;
use crate::phases::course::{Course, Event, Stopped};
use crate::phases::journal::Record;
use crate::phases::messenger::Messenger;
use crate::phases::plan::Plan;
use crate::phases::rest::{self, TrafficRest};
use crate::phases::runbook::Runbook;
use crate::phases::secrets::{Secrets, is_secret_name};
use crate::phases::shipped::Shipped;
use crate::phases::state::Effect;
use crate::phases::tools::{OWN, Tools};
use crate::phases::vars::Vars;
use crate::store::host_files;
use crate::text::shell_word;

/// Variables that every tool sees: where things are, how to speak, how to reach the network. Credentials are among them only
/// where a tool has no other way to get them.
const SEEN: [&str; 25] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "AZURE_CONFIG_DIR",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_TENANT_ID",
    "ARM_SUBSCRIPTION_ID",
    "ARM_USE_OIDC",
    "ARM_USE_MSI",
    "TF_CLI_CONFIG_FILE",
    "TF_DATA_DIR",
    "PGPASSFILE",
    "PGSERVICEFILE",
];

/// Variables whose values nothing may show.
const SECRET: [&str; 3] = ["ARM_CLIENT_SECRET", "OLD_PGPASSWORD", "NEW_PGPASSWORD"];

/// What every tool is told: not to ask, not to paint, not to call home.
const SET: [(&str, &str); 7] = [
    ("NO_COLOR", "1"),
    ("TF_IN_AUTOMATION", "1"),
    ("TF_INPUT", "0"),
    ("CHECKPOINT_DISABLE", "1"),
    ("AZURE_CORE_COLLECT_TELEMETRY", "false"),
    ("AZURE_CORE_ONLY_SHOW_ERRORS", "true"),
    ("AZURE_CORE_NO_COLOR", "true"),
];

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
    /// Show every step to the letter, and begin nothing
    #[arg(long)]
    dry_run: bool,
    /// Confirm by name: the environment's
    #[arg(long, value_name = "ENV")]
    confirm: Option<String>,
    #[command(flatten)]
    pub(super) options: WithBoth,
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
    pub(super) options: WithBoth,
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
    pub(super) options: WithBoth,
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
    let runbook = Runbook::parse(&text, &file, &vars)?.with_option(begin.option.as_deref())?;
    let (config, protected) = (settings.config_text()?, settings.config.rollback().is_protected());
    let plan = Plan::new(&environment, protected, begin.option.as_deref(), &config, runbook);
    if begin.dry_run {
        return report::plan(call, &settings, &plan, how);
    }
    let lock = folder::lock(&settings)?;
    agree(call, &plan, "--dry-run", begin.confirm.as_deref()).await?;
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
    let stopped = carry_out(call, &settings, &rollback).await;
    drop(lock);
    report::stopped(call, &settings, &rollback, &stopped?)
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
    let stopped = carry_out(call, &settings, &rollback).await;
    drop(lock);
    report::stopped(call, &settings, &rollback, &stopped?)
}

/// Takes back what steps of the newest rollback did.
pub(super) async fn undo(call: &Call, undo: &Undo) -> Result<Exit> {
    let settings = Settings::read(call, &undo.options, None)?;
    let rollback = folder::newest(&settings)?;
    if undo.dry_run {
        return report::would_undo(call, &settings, &rollback, undo.step.as_deref());
    }
    let _lock = folder::lock(&settings)?;
    rollback.plan.expect_config(&settings.config_text()?)?;
    let deed = ("take steps of the rollback back", "--dry-run");
    confirm_name(call, &rollback.plan.environment, deed, undo.confirm.as_deref()).await?;
    let tools = tools(call, &settings, &rollback).await?;
    let means = Means::of(call, &settings, &rollback)?;
    let watch = |event: &Event<'_>| live::tell(call, event);
    let taken =
        means.course(&rollback, &tools, &watch).undo(undo.step.as_deref()).await.map_err(|error| match error.kind() {
            ErrorKind::Usage => error,
            _ => error.state(OldState::Steps),
        })?;
    report::undone(call, &settings, &rollback, &taken)
}

/// Has the environment's name typed, where the plan changes what decides about users, or the environment is protected.
async fn agree(call: &Call, plan: &Plan, shown_by: &str, given: Option<&str>) -> Result<()> {
    if plan.protected || plan.runbook.most_effect() >= Effect::Traffic {
        let what = format!("carry out {}", plan.runbook.name);
        return confirm_name(call, &plan.environment, (&what, shown_by), given).await;
    }
    Ok(())
}

/// What a course needs beside the rollback's files and tools.
struct Means {
    servers: Servers,
    claim: Option<Claim>,
    rest: TrafficRest,
}

impl Means {
    fn of(call: &Call, settings: &Settings, rollback: &Rollback) -> Result<Self> {
        let servers = settings.servers_of(call)?;
        let is_named = settings.address(call, Side::Old)?.is_some();
        let claim = is_named.then(|| Claim::new(&rollback.plan.environment, servers.clone()));
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

async fn carry_out(call: &Call, settings: &Settings, rollback: &Rollback) -> Result<Stopped> {
    let tools = tools(call, settings, rollback).await?;
    let means = Means::of(call, settings, rollback)?;
    let watch = |event: &Event<'_>| live::tell(call, event);
    let course = means.course(rollback, &tools, &watch);
    let variable = |name: &str| call.environment.get(name).map(str::to_owned);
    let messenger = Messenger {
        notices: &rollback.plan.runbook.notices,
        channels: settings.config.rollback().channels(),
        journal: &rollback.journal,
        tools: &tools,
        variable: &variable,
    };
    let stopped = tokio::select! {
        // What was begun before the error is for the journal to say, not for this process, which writes to no server itself.
        stopped = course.run() => stopped.map_err(|error| error.state(OldState::Steps))?,
        () = messenger.attend() => unreachable!("it attends until it is dropped"),
    };
    messenger.finish().await?;
    Ok(stopped)
}

async fn tools(call: &Call, settings: &Settings, rollback: &Rollback) -> Result<Tools> {
    let secrets = Secrets::default();
    let passed = settings.config.rollback().environment().iter().map(String::as_str).filter(|name| is_secret_name(name));
    for name in SECRET.into_iter().chain(passed) {
        call.environment.get(name).iter().for_each(|value| secrets.learn(value));
    }
    let servers = settings.servers_of(call)?;
    Side::BOTH.iter().filter_map(|side| servers.endpoint(*side).secret_to_hide()).for_each(|secret| secrets.learn(secret));
    let mut paths = settings.config.rollback().tools().clone();
    if let Ok(own) = std::env::current_exe() {
        paths.entry(OWN.to_owned()).or_insert_with(|| own.display().to_string());
    }
    let seen = SEEN.iter().copied().chain(settings.config.rollback().environment().iter().map(String::as_str));
    let mut environment: Vec<_> =
        seen.filter_map(|name| call.environment.get(name).map(|value| (name.to_owned(), value.to_owned()))).collect();
    environment.extend(SET.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let cache = rollback.store.folder().join("kube-cache");
    environment.push(("KUBECACHEDIR".to_owned(), cache.display().to_string()));
    let servers = call.environment.of_servers().collect();
    Tools::new(paths, (environment, servers), rollback.store.clone(), secrets, call.stop.clone()).await
}

/// What a runbook's placeholders stand for in an environment.
pub(super) fn vars(call: &Call, settings: &Settings, environment: &str) -> Result<Vars> {
    let mut vars = Vars::default();
    for (name, value) in settings.config.rollback().vars() {
        vars = vars.with(name, value.clone());
    }
    let config = std::path::absolute(settings.config_path()).unwrap_or_else(|_| settings.config_path().to_path_buf());
    vars = vars.with_text("env", environment).with_text("config", config.display().to_string());
    for (name, side) in [("old_server", Side::Old), ("new_server", Side::New)] {
        if let Some(address) = settings.address(call, side)? {
            vars = vars.with_text(name, address);
        }
    }
    // Texts of the configuration may name each other, and the environment.
    vars.settled().map_err(|cause| {
        Error::new(ErrorKind::Config, "read what runbooks' names stand for")
            .at(Path::new(settings.config_path()).display())
            .because(cause)
    })
}
