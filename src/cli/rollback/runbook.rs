//! `failback rollback runbook`: the phases' runbooks, to be read, copied and checked.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::super::options::{Configured, Given, Speaking};
use super::super::printer::Printer;
use super::super::settings::Settings;
use super::super::{Call, Exit};
use super::surroundings::vars;
use super::{folder, report};
use crate::error::{Error, ErrorKind, Result};
use crate::phases::plan::Plan;
use crate::phases::runbook::Runbook;
use crate::phases::shipped::Shipped;
use crate::store::host_files;
use crate::text::shell_word;
use crate::words::Word as _;

/// What an editor knows a runbook by.
const SCHEMA: &str = include_str!("../../../docs/runbook.schema.json");

/// Show, export or check runbooks.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Subcommand)]
enum Deed {
    /// Show every step of a phase, as it would be carried out in an environment
    Show(Of),
    /// Print a phase's runbook, to be copied and edited
    Export(Of),
    /// Check a runbook of your own against an environment
    Lint(Lint),
    /// Print the JSON Schema of runbooks
    Schema(Schema),
}

#[derive(Args)]
struct Of {
    /// The phase
    #[arg(value_name = "PHASE")]
    phase: String,
    #[command(flatten)]
    options: Configured,
}

#[derive(Args)]
struct Schema {
    #[command(flatten)]
    options: Speaking,
}

#[derive(Args)]
struct Lint {
    /// The runbook's file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    options: Configured,
}

impl Arguments {
    pub(super) fn options(&self) -> &dyn Given {
        match &self.deed {
            Deed::Show(of) | Deed::Export(of) => &of.options,
            Deed::Lint(lint) => &lint.options,
            Deed::Schema(schema) => &schema.options,
        }
    }
}

#[derive(Serialize)]
struct Exported<'a> {
    phase: &'a str,
    runbook: &'a str,
}

/// Shows, exports or checks.
pub(super) fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    match &arguments.deed {
        Deed::Show(of) => {
            let phase = phase(&of.phase)?;
            show(call, &of.options, phase.word(), (phase.runbook(), &phase.file()))
        }
        Deed::Export(of) => {
            let phase = phase(&of.phase)?;
            let mut page = call.printer.page();
            let runbook = phase.whole();
            page.verbatim(&runbook);
            call.printer.result(&Exported { phase: phase.word(), runbook: &runbook }, &page)?;
            Ok(Exit::Done)
        }
        Deed::Schema(_) => Printer::piece(SCHEMA).map(|()| Exit::Done),
        Deed::Lint(lint) => {
            let file = lint.file.display().to_string();
            show(call, &lint.options, &format!("run {}", shell_word(&file)), (&host_files::read_text(&lint.file)?, &file))
        }
    }
}

/// Shows a runbook; `how` is what begins it on the command line.
fn show(call: &Call, options: &Configured, how: &str, (text, file): (&str, &str)) -> Result<Exit> {
    let settings = Settings::read(call, options, None)?;
    let environment = folder::environment(&settings)?;
    let vars = vars(call, &settings, environment)?.with_text("incident", "INCIDENT").with_text("commander", "COMMANDER");
    let runbook = Runbook::parse(text, file, &vars)?;
    let plan = Plan::new(environment, settings.config.rollback().is_protected(), None, &settings.config_text()?, runbook);
    report::plan(call, &settings, &plan, how, None)
}

fn phase(word: &str) -> Result<Shipped> {
    Shipped::read(word).map_err(|_| {
        let known: Vec<_> = Shipped::ALL.iter().map(|phase| phase.word()).collect();
        Error::new(ErrorKind::Usage, "choose a phase")
            .because(format!("no phase is called `{word}`; known are {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::config::Var;
    use crate::phases::kind::Kind;
    use crate::phases::vars::Vars;

    fn vars() -> Vars {
        let lists = ["services", "databases", "dns_servers", "allow", "new_groups"];
        let list = || Var::List(vec!["one".to_owned(), "two".to_owned()]);
        let vars = lists.into_iter().fold(Vars::default(), |vars, name| vars.with(name, list()));
        let texts = [
            "env",
            "config",
            "incident",
            "commander",
            "old_server",
            "new_server",
            "subscription",
            "zone",
            "dns_group",
            "namespace",
            "ingress",
            "old_group",
            "old_cluster",
            "old_address",
            "terraform",
            "recovery",
        ];
        let vars = vars.with_text("moment", "2026-11-22T10:00:00Z");
        texts.into_iter().fold(vars, |vars, name| vars.with_text(name, name))
    }

    /// What a runbook would run at three in the morning is a command line that this program takes.
    #[test]
    fn every_verb_that_a_shipped_runbook_runs_is_one_that_there_is() {
        let mut seen = 0;
        for shipped in Shipped::ALL {
            let runbook = Runbook::parse(shipped.runbook(), &shipped.file(), &vars()).unwrap();
            assert_eq!(runbook.name, shipped.word());
            // What is exported is the whole.
            assert_eq!(Runbook::parse(&shipped.whole(), &shipped.file(), &vars()).unwrap(), runbook);
            assert!(!shipped.whole().contains("include ="), "{shipped}");
            for step in &runbook.steps {
                let Kind::Engine(engine) = &step.kind else { continue };
                for command in engine.commands() {
                    seen += 1;
                    let parsed = Cli::try_parse_from(command);
                    assert!(parsed.is_ok(), "{shipped} {}: {}", step.id, parsed.err().unwrap());
                }
            }
        }
        assert!(seen > 10, "{seen}");
    }
}
