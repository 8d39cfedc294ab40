//! `failback rollback validate`: goes through the list of what has to be so after a rollback.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::super::options::WithBoth;
use super::super::paint::tame;
use super::super::settings::Settings;
use super::super::step::Step as Next;
use super::super::table::Table;
use super::super::{Call, Exit, decide};
use super::drill::seconds;
use super::folder::{self, Rollback};
use super::surroundings::{tools, vars};
use crate::error::{Error, ErrorKind, Result};
use crate::phases::draft::Draft;
use crate::phases::plan::Plan;
use crate::phases::runbook::Runbook;
use crate::phases::shipped::Shipped;
use crate::phases::state::{Answer, Finding, Purpose};
use crate::phases::validation::{Validated, Validation, expect_sense};
use crate::phases::vars::Vars;
use crate::store::host_files;
use crate::text::shell_word;
use crate::words::{Counts, Word as _};

/// How a list is gone through.
#[derive(Args)]
pub(super) struct Arguments {
    /// What a person answers to an item, as workflows=yes; may be repeated, or listed with commas between
    #[arg(long, value_name = "ITEM=ANSWER", value_delimiter = ',')]
    answer: Vec<String>,
    /// Who answers [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// A list of your own: a runbook of looks, with one checklist
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) options: WithBoth,
}

/// One item, as a document has it.
#[derive(Serialize)]
struct ItemReport<'a> {
    id: &'a str,
    text: &'a str,
    finding: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    facts: &'a BTreeMap<String, String>,
    evidence: &'a BTreeMap<String, String>,
    milliseconds: u64,
}

/// A validation, as a document has it.
#[derive(Serialize)]
struct Report<'a> {
    environment: &'a str,
    runbook: &'a str,
    folder: String,
    valid: bool,
    milliseconds: u64,
    findings: Counts<Finding>,
    items: Vec<ItemReport<'a>>,
}

/// Goes through the list.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let begun = Instant::now();
    let settings = Settings::read(call, &arguments.options, None)?;
    let environment = folder::environment(&settings)?.to_owned();
    let (text, file) = match &arguments.file {
        Some(path) => (host_files::read_text(path)?, path.display().to_string()),
        None => (Shipped::Validate.runbook().to_owned(), Shipped::Validate.file()),
    };
    let vars = vars(call, &settings, &environment)?;
    let answers = arguments.answer.iter().map(|text| answer(text)).collect::<Result<BTreeMap<_, _>>>()?;
    let runbook = read(&text, &file, &vars)?;
    let by = decide::signer(call, arguments.by.as_ref());
    let (config, protected) = (settings.config_text()?, settings.config.rollback().is_protected());
    let plan = Plan::new(&environment, protected, None, &config, runbook);
    expect_sense(&plan.runbook, &answers)?;
    let kept = folder::apart(&settings, Purpose::Validation, plan)?;
    let tools = tools(call, &settings, &kept.store).await?;
    let servers = settings.servers_of(call)?;
    let watch = |validated: &Validated| call.printer.note(&format!("{} {}", validated.item, validated.finding));
    let validation = Validation {
        runbook: &kept.plan.runbook,
        journal: &kept.journal,
        tools: &tools,
        servers: Some(&servers),
        answers: &answers,
        by: &by,
        watch: &watch,
    };
    let validated = validation.run().await?;
    tell(call, &settings, &kept, &validated, begun)
}

/// Reads the list, or says at once all that nothing is said of.
fn read(text: &str, file: &str, vars: &Vars) -> Result<Runbook> {
    let vars = vars.clone().with_text("incident", "none").with_text("commander", "nobody");
    let draft = Draft::read(text, file, &vars)?;
    let unset: Vec<_> = draft.flaws.iter().filter(|flaw| flaw.about == "variable").map(|flaw| flaw.name.as_str()).collect();
    if unset.is_empty() {
        return Runbook::parse(text, file, &vars);
    }
    Err(Error::new(ErrorKind::Config, "read what has to be so")
        .at(file)
        .because(format!("under [vars] in failback.toml there is no {}", unset.join(", ")))
        .next("set them, or go through a list of your own: `failback rollback runbook export validate`, then --file"))
}

fn answer(text: &str) -> Result<(String, Answer)> {
    let wrong = || {
        Error::new(ErrorKind::Usage, "read an answer")
            .at("--answer")
            .because(format!("`{text}` is no answer: write the item, =, and yes or no"))
    };
    let (item, word) = text.split_once('=').ok_or_else(wrong)?;
    Ok((item.trim().to_owned(), Answer::read(word.trim()).map_err(|_| wrong())?))
}

fn tell(call: &Call, settings: &Settings, kept: &Rollback, validated: &[Validated], begun: Instant) -> Result<Exit> {
    let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let findings: Counts<Finding> = validated.iter().map(|one| (one.finding, 1)).collect();
    let mut page = call.printer.page();
    page.line(format!("{}: {} items in {}", tame(&kept.plan.runbook.title), validated.len(), seconds(milliseconds)));
    let mut table = Table::new(&["item", "what has to be so", "finding", "took", "evidence"]);
    for one in validated {
        let took = if one.took.is_zero() { String::new() } else { seconds(one.took.as_millis()) };
        table.row([one.item.as_str(), &one.text, one.finding.word(), &took, &remarks(one)]);
    }
    page.table(&table);
    page.line(format!("evidence: {}", tame(&kept.store.folder().display().to_string())));
    let open: Vec<_> = validated.iter().filter(|one| one.finding == Finding::NotLooked).collect();
    if !open.is_empty() {
        let answers = open.iter().flat_map(|one| ["--answer".to_owned(), format!("{}=yes", one.item)]);
        let env = ["--env".to_owned(), shell_word(&kept.plan.environment), "--by".to_owned(), "NAME".to_owned()];
        page.next([Next::Run(settings.rollback_command("validate", &answers.chain(env).collect::<Vec<_>>()))]);
    }
    let items = validated.iter().map(ItemReport::of).collect();
    let valid = findings.get(Finding::Ready) == validated.len() as u64;
    let report = Report {
        environment: &kept.plan.environment,
        runbook: &kept.plan.runbook.name,
        folder: kept.store.folder().display().to_string(),
        valid,
        milliseconds,
        findings: findings.clone(),
        items,
    };
    call.printer.result(&report, &page)?;
    Ok(if findings.get(Finding::NotReady) > 0 {
        Exit::NotVerified
    } else if !open.is_empty() {
        Exit::Waiting
    } else if findings.get(Finding::CannotLook) > 0 {
        Exit::LeftAside
    } else {
        Exit::Done
    })
}

/// What speaks for the finding: a cause, who said it, what was measured.
fn remarks(one: &Validated) -> String {
    let by = one.by.as_ref().map(|by| format!("says {by}"));
    let facts = one.facts.iter().map(|(key, value)| format!("{key} {value}"));
    one.cause.iter().cloned().chain(by).chain(facts).collect::<Vec<_>>().join(", ")
}

impl<'a> ItemReport<'a> {
    fn of(one: &'a Validated) -> Self {
        Self {
            id: &one.item,
            text: &one.text,
            finding: one.finding.word(),
            cause: one.cause.as_deref(),
            by: one.by.as_deref(),
            facts: &one.facts,
            evidence: &one.evidence,
            milliseconds: u64::try_from(one.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
