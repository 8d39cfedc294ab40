//! `failback rollback drill`: rehearses a phase.

use std::path::Path;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::super::options::WithBoth;
use super::super::page::Page;
use super::super::paint::tame;
use super::super::settings::Settings;
use super::super::step::Step as Next;
use super::super::{Call, Exit, decide};
use super::folder::{self, Rollback};
use super::surroundings::{tools, vars};
use crate::error::{Error, ErrorKind, Result};
use crate::phases::draft::{Draft, Flaw};
use crate::phases::drill::{Drill, Looked};
use crate::phases::outcome::Facts;
use crate::phases::plan::Plan;
use crate::phases::readiness::lacking;
use crate::phases::shipped::Shipped;
use crate::phases::state::{Finding, Purpose};
use crate::store::host_files;
use crate::text::shell_word;
use crate::words::{Counts, Word as _};

/// What is rehearsed.
#[derive(Args)]
pub(super) struct Arguments {
    /// The phase, or the file of a runbook of your own
    #[arg(value_name = "PHASE")]
    phase: String,
    /// Which way through the runbook, where it has several
    #[arg(long, value_name = "NAME")]
    option: Option<String>,
    #[command(flatten)]
    pub(super) options: WithBoth,
}

/// One step, as a document has it.
#[derive(Serialize)]
struct StepReport<'a> {
    id: &'a str,
    title: &'a str,
    finding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    looked_at: &'a [String],
    left_alone: &'a [String],
    facts: &'a Facts,
    milliseconds: u64,
}

/// A drill, as a document has it.
#[derive(Serialize)]
struct Report<'a> {
    environment: &'a str,
    runbook: &'a str,
    folder: String,
    ready: bool,
    carried_out: bool,
    milliseconds: u64,
    flaws: &'a [Flaw],
    findings: Counts<Finding>,
    steps: Vec<StepReport<'a>>,
}

/// Rehearses.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let begun = Instant::now();
    let settings = Settings::read(call, &arguments.options, None)?;
    let environment = folder::environment(&settings)?.to_owned();
    let (text, file) = runbook(&arguments.phase)?;
    let vars = vars(call, &settings, &environment)?
        .with_text("incident", "a drill")
        .with_text("commander", decide::signer(call, None));
    let mut draft = Draft::read(&text, &file, &vars)?.with_option(arguments.option.as_deref())?;
    let (config, protected) = (settings.config_text()?, settings.config.rollback().is_protected());
    let plan = Plan::new(&environment, protected, arguments.option.as_deref(), &config, draft.runbook.clone());
    let drill = folder::apart(&settings, Purpose::Drill, plan)?;
    let tools = tools(call, &settings, &drill.store).await?;
    draft.flaws.extend(lacking(&draft, &tools, settings.config.rollback().channels()).await?);
    let servers = settings.servers_of(call)?;
    let watch = |looked: &Looked| {
        let cause = looked.cause.as_ref().map_or_else(String::new, |cause| format!(": {cause}"));
        call.printer.note(&format!("{} {}{cause}", looked.step, looked.finding));
    };
    let course = Drill { draft: &draft, journal: &drill.journal, tools: &tools, servers: Some(&servers), watch: &watch };
    let looked = course.run().await?;
    tell(call, &settings, &drill, &draft.flaws, &looked, milliseconds(begun))
}

fn milliseconds(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The runbook of a phase, or a file; with what errors call it.
fn runbook(phase: &str) -> Result<(String, String)> {
    if let Ok(shipped) = Shipped::read(phase) {
        return Ok((shipped.runbook().to_owned(), shipped.file()));
    }
    if !host_files::exists(Path::new(phase)) {
        let known: Vec<_> = Shipped::ALL.iter().map(|phase| phase.word()).collect();
        return Err(Error::new(ErrorKind::Usage, "choose a phase")
            .because(format!("neither a phase nor a file is called `{phase}`; phases are {}", known.join(", "))));
    }
    Ok((host_files::read_text(Path::new(phase))?, phase.to_owned()))
}

fn tell(
    call: &Call,
    settings: &Settings,
    drill: &Rollback,
    flaws: &[Flaw],
    looked: &[Looked],
    milliseconds: u64,
) -> Result<Exit> {
    let findings: Counts<Finding> = looked.iter().map(|looked| (looked.finding, 1)).collect();
    let is_ready = flaws.is_empty() && findings.get(Finding::NotReady) + findings.get(Finding::CannotLook) == 0;
    let mut page = call.printer.page();
    let runbook = &drill.plan.runbook;
    page.line(format!(
        "drill of {} ({}): {} steps were looked at in {}, and none was carried out",
        tame(&runbook.title),
        tame(&runbook.name),
        looked.len(),
        seconds(milliseconds)
    ));
    for (at, looked) in looked.iter().enumerate() {
        lay_out(&mut page, at + 1, looked);
    }
    let counts: Vec<_> = findings.iter().map(|(finding, number)| format!("{number} {finding}")).collect();
    page.heading(&counts.join(", "));
    page.list("missing:", flaws.iter().map(|flaw| format!("{} {}: {}", flaw.about, flaw.name, flaw.cause)));
    let wrong = looked.iter().filter(|looked| matches!(looked.finding, Finding::NotReady | Finding::CannotLook));
    let wrong = wrong.map(|looked| format!("{} {}: {}", looked.step, looked.finding, looked.cause.as_deref().unwrap_or("")));
    page.list("not as it has to be:", wrong);
    page.line(if is_ready { "what was looked at is ready" } else { "the phase cannot be carried out as things are" });
    page.line(format!("evidence: {}", tame(&drill.store.folder().display().to_string())));
    let env = shell_word(&drill.plan.environment);
    if is_ready && Shipped::read(&runbook.name).is_ok() {
        let more = ["--env".to_owned(), env, "--dry-run".to_owned()];
        page.next([Next::Run(settings.rollback_command(&runbook.name, &more))]);
    }
    let steps = looked.iter().map(StepReport::of).collect();
    let report = Report {
        environment: &drill.plan.environment,
        runbook: &runbook.name,
        folder: drill.store.folder().display().to_string(),
        ready: is_ready,
        carried_out: false,
        milliseconds,
        flaws,
        findings,
        steps,
    };
    call.printer.result(&report, &page)?;
    Ok(if is_ready { Exit::Done } else { Exit::Failed })
}

impl<'a> StepReport<'a> {
    fn of(looked: &'a Looked) -> Self {
        Self {
            id: &looked.step,
            title: &looked.title,
            finding: looked.finding.word(),
            cause: looked.cause.as_deref(),
            looked_at: &looked.looked_at,
            left_alone: &looked.left_alone,
            facts: &looked.facts,
            milliseconds: u64::try_from(looked.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn lay_out(page: &mut Page, number: usize, looked: &Looked) {
    let took = if looked.took.is_zero() { String::new() } else { format!(", {}", seconds(looked.took.as_millis())) };
    page.heading(&format!("{number}. {}: {}{took}", looked.step, looked.finding));
    if let Some(cause) = &looked.cause {
        page.hanging(&format!("    {}", tame(cause)), 4);
    }
    for line in &looked.looked_at {
        page.hanging(&format!("    {:<12}{}", "looked at", tame(line)), 16);
    }
    for (key, value) in &looked.facts {
        page.hanging(&format!("    {:<12}{}", "found", tame(&format!("{key} {value}"))), 16);
    }
    for line in &looked.left_alone {
        page.hanging(&format!("    {:<12}{}", "left alone", tame(line)), 16);
    }
}

/// Spells a length of time in seconds.
pub(super) fn seconds(milliseconds: impl TryInto<u64>) -> String {
    let milliseconds = milliseconds.try_into().unwrap_or(u64::MAX);
    format!("{}.{:02} s", milliseconds / 1000, milliseconds % 1000 / 10)
}
