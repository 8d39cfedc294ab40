//! What a person meets: verbs, their arguments, what they print, and the exit code.
//!
//! Comes in: the command line, the process's environment, `failback.toml`. Goes out: the result on stdout (text, or one JSON
//! document), narration and errors on stderr, an exit code.
//! Never: decides what a row means or what is written (see `engine`), shows a password, or shows a row's values unless they are
//! asked for (`show`, `plan --show-values`) and not masked.

mod addition;
mod approve;
mod arm;
mod assess;
mod assessed;
mod audit;
mod bars;
mod completions;
mod conditions;
mod config;
mod confirm;
mod cost;
mod coverage;
mod decide;
mod demo;
mod diff;
mod disarm;
mod discover;
mod environment;
mod exit;
mod explain;
mod export;
mod failure;
mod fence;
mod fold;
mod fragment;
mod frame;
mod grants;
mod held_log;
mod horizons;
mod lacking;
mod left_rows;
mod log;
mod log_line;
mod mark;
mod mark_file;
mod merge;
mod options;
mod page;
mod paint;
mod picks_file;
mod plan;
mod preflight;
mod printer;
mod quiescence;
mod recover;
mod report;
mod resolved;
mod restore;
mod review;
mod rollback;
mod ruling;
mod run;
mod runs;
mod sequences;
mod settings;
mod show;
mod signals;
mod status;
mod step;
mod table;
mod taken;
mod tally;
mod terminal;
mod undo;
mod usage;
mod verify;
mod waiting;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing::{error, info, warn};

use self::environment::Environment;
use self::exit::{Exit, INTERRUPTED};
use self::options::Given;
use self::printer::Printer;
use self::signals::Signals;
use crate::defect;
use crate::engine::Stop;
use crate::error::{Error, ErrorKind, OldState, Result};
use crate::pg::{OldWrites, farewell, sqlstate};
use crate::text::amount;

/// Bring a PostgreSQL estate home after a migration that went wrong
#[derive(Parser)]
#[command(name = "failback", version = env!("FAILBACK_VERSION"), help_template = usage::OVERVIEW, after_help = exit::TABLE)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// The verbs. One more is a file of its own, a line here and in each `match` below, and one in `usage::OVERVIEW`.
#[derive(Subcommand)]
enum Verb {
    Assess(assess::Arguments),
    Discover(discover::Arguments),
    Export(export::Arguments),
    Diff(diff::Arguments),
    Show(show::Arguments),
    Review(review::Arguments),
    Decide(decide::Arguments),
    Plan(plan::Arguments),
    Approve(approve::Approve),
    Deny(approve::Deny),
    Merge(merge::Arguments),
    Verify(verify::Arguments),
    Undo(undo::Arguments),
    Recover(recover::Arguments),
    Report(report::Arguments),
    Status(status::Arguments),
    Grants(grants::Arguments),
    Preflight(preflight::Arguments),
    Mark(mark::Arguments),
    Arm(arm::Arguments),
    Disarm(disarm::Arguments),
    Sequences(sequences::Arguments),
    Fence(fence::Arguments),
    Runs(runs::Arguments),
    Config(config::Arguments),
    Explain(explain::Arguments),
    Completions(completions::Completions),
    Man(completions::Man),
    Rollback(rollback::Arguments),
    Restore(restore::Arguments),
    Demo(demo::Arguments),
}

impl Verb {
    const fn name(&self) -> &'static str {
        match self {
            Self::Assess(_) => "assess",
            Self::Discover(_) => "discover",
            Self::Export(_) => "export",
            Self::Diff(_) => "diff",
            Self::Show(_) => "show",
            Self::Review(_) => "review",
            Self::Decide(_) => "decide",
            Self::Plan(_) => "plan",
            Self::Approve(_) => "approve",
            Self::Deny(_) => "deny",
            Self::Merge(_) => "merge",
            Self::Verify(_) => "verify",
            Self::Undo(_) => "undo",
            Self::Recover(_) => "recover",
            Self::Report(_) => "report",
            Self::Status(_) => "status",
            Self::Grants(_) => "grants",
            Self::Preflight(_) => "preflight",
            Self::Mark(_) => "mark",
            Self::Arm(_) => "arm",
            Self::Disarm(_) => "disarm",
            Self::Sequences(_) => "sequences",
            Self::Fence(_) => "fence",
            Self::Runs(_) => "runs",
            Self::Config(_) => "config",
            Self::Explain(_) => "explain",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
            Self::Rollback(_) => "rollback",
            Self::Restore(_) => "restore",
            Self::Demo(_) => "demo",
        }
    }

    fn options(&self) -> &dyn Given {
        match self {
            Self::Assess(arguments) => &arguments.options,
            Self::Discover(arguments) => &arguments.options,
            Self::Export(arguments) => &arguments.options,
            Self::Diff(arguments) => &arguments.options,
            Self::Show(arguments) => &arguments.options,
            Self::Review(arguments) => &arguments.options,
            Self::Decide(arguments) => &arguments.options,
            Self::Plan(arguments) => &arguments.options,
            Self::Approve(arguments) => &arguments.options,
            Self::Deny(arguments) => &arguments.options,
            Self::Merge(arguments) => &arguments.options,
            Self::Verify(arguments) => &arguments.options,
            Self::Undo(arguments) => &arguments.options,
            Self::Recover(arguments) => &arguments.options,
            Self::Report(arguments) => &arguments.options,
            Self::Status(arguments) => &arguments.options,
            Self::Grants(arguments) => &arguments.options,
            Self::Preflight(arguments) => &arguments.options,
            Self::Mark(arguments) => &arguments.options,
            Self::Arm(arguments) => &arguments.options,
            Self::Disarm(arguments) => &arguments.options,
            Self::Runs(arguments) => arguments.options(),
            Self::Config(arguments) => arguments.options(),
            Self::Explain(arguments) => &arguments.options,
            Self::Completions(arguments) => &arguments.options,
            Self::Man(arguments) => &arguments.options,
            Self::Fence(arguments) => &arguments.options,
            Self::Sequences(arguments) => &arguments.options,
            Self::Rollback(arguments) => arguments.options(),
            Self::Restore(arguments) => arguments.options(),
            Self::Demo(arguments) => &arguments.options,
        }
    }

    async fn run(&self, call: &Call) -> Result<Exit> {
        match self {
            Self::Assess(arguments) => Box::pin(assess::run(call, arguments)).await,
            Self::Discover(arguments) => discover::run(call, arguments).await,
            Self::Export(arguments) => Box::pin(export::run(call, arguments)).await,
            Self::Diff(arguments) => diff::run(call, arguments).await,
            Self::Show(arguments) => show::run(call, arguments),
            Self::Review(arguments) => review::run(call, arguments),
            Self::Decide(arguments) => Box::pin(decide::run(call, arguments)).await,
            Self::Plan(arguments) => plan::run(call, arguments).await,
            Self::Approve(arguments) => approve::approve(call, arguments),
            Self::Deny(arguments) => approve::deny(call, arguments),
            Self::Merge(arguments) => merge::run(call, arguments).await,
            Self::Verify(arguments) => verify::run(call, arguments).await,
            Self::Undo(arguments) => undo::run(call, arguments).await,
            Self::Recover(arguments) => Box::pin(recover::run(call, arguments)).await,
            Self::Report(arguments) => report::run(call, arguments),
            Self::Status(arguments) => status::run(call, arguments).await,
            Self::Grants(arguments) => grants::run(call, arguments).await,
            Self::Preflight(arguments) => preflight::run(call, arguments).await,
            Self::Mark(arguments) => mark::run(call, arguments).await,
            Self::Arm(arguments) => Box::pin(arm::run(call, arguments)).await,
            Self::Disarm(arguments) => disarm::run(call, arguments).await,
            Self::Sequences(arguments) => Box::pin(sequences::run(call, arguments)).await,
            Self::Fence(arguments) => Box::pin(fence::run(call, arguments)).await,
            Self::Runs(arguments) => runs::run(call, arguments),
            Self::Config(arguments) => config::run(call, arguments),
            Self::Explain(arguments) => Box::pin(explain::run(call, arguments)).await,
            Self::Completions(arguments) => completions::completions(arguments),
            Self::Man(arguments) => completions::man(arguments),
            Self::Rollback(arguments) => Box::pin(rollback::run(call, arguments)).await,
            Self::Restore(arguments) => Box::pin(restore::run(call, arguments)).await,
            Self::Demo(arguments) => demo::run(call, arguments).await,
        }
    }

    /// Whether the verb may be writing to OLD at any moment.
    const fn writes_old(&self) -> bool {
        matches!(self, Self::Merge(_) | Self::Undo(_) | Self::Recover(_))
    }
}

/// What every verb works with, besides its arguments.
#[derive(Clone)]
struct Call {
    printer: Printer,
    environment: Environment,
    stop: Stop,
    /// What the command's transactions have done to OLD: an error that does not know it, says this.
    old_writes: OldWrites,
}

impl Call {
    fn tell(&self, error: &Error) {
        let kind = error.kind();
        // Neither its words nor its places: they may name a row by its key.
        error!(kind = kind.word(), sqlstate = sqlstate(error), exit = kind.exit_code(), "failed");
        self.printer.error(error, &self.old_writes.state());
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    defect::listen();
    let verb = match Cli::try_parse() {
        Ok(cli) => cli.verb,
        Err(error) => return usage::tell(&error, std::env::args_os()),
    };
    let environment = Environment::of_process();
    let output = verb.options().given().output;
    let printer = Printer::new(verb.name(), &output, &environment);
    let call = Call { printer, environment, stop: Stop::default(), old_writes: OldWrites::default() };
    match log::start(&output, &call.printer).and_then(|()| execute(&verb, &call)) {
        Ok(exit) => {
            info!(exit = exit.code(), "done");
            ExitCode::from(exit.code())
        }
        Err(error) => {
            call.tell(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

fn execute(verb: &Verb, call: &Call) -> Result<Exit> {
    info!(verb = verb.name(), version = env!("FAILBACK_VERSION"), process = std::process::id(), "started");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(ErrorKind::Storage, "start the program's threads").because(error))?;
    let signals = {
        let _within = runtime.enter();
        Signals::listen()?
    };
    let watch = runtime.spawn(heed(signals, call.clone(), (verb.writes_old(), matches!(verb, Verb::Rollback(_)))));
    let done = defect::caught(verb.name(), || runtime.block_on(verb.run(call)));
    watch.abort();
    if done.is_ok() && call.stop.is_asked() {
        warn!("finished before it could be stopped");
        call.printer.note(&too_late(verb, &call.old_writes.state()));
    }
    runtime.block_on(farewell());
    // A thread may still wait for a line from the terminal.
    runtime.shutdown_background();
    done
}

/// Says that a step was done although a stop was asked for; its exit code says how it ended, as ever.
fn too_late(verb: &Verb, state: &OldState) -> String {
    match (verb, state) {
        (Verb::Merge(_) | Verb::Undo(_), OldState::Committed(_)) => {
            format!("the stop came when COMMIT was under way, and the {} stands: {state}", verb.name())
        }
        _ => format!("the stop came too late: {} is finished; {state}", verb.name()),
    }
}

/// Asks for an orderly end at the first signal; ends the process at the second.
async fn heed(mut signals: Signals, call: Call, (writes_old, in_steps): (bool, bool)) {
    let signal = signals.next().await;
    call.stop.ask();
    warn!(signal, "interrupted");
    call.printer.note(&format!("interrupted by {signal}: ending in good order; {signal} once more ends at once"));
    signals.next().await;
    review::give_back();
    rollback::give_back();
    let error = Error::new(ErrorKind::Interrupted, "stop at once").because("asked twice");
    let error = if in_steps { error.state(OldState::Steps) } else { error };
    let error = if writes_old { error.next("see `failback status`: it asks OLD's ledger what was committed") } else { error };
    call.tell(&error);
    #[expect(clippy::exit, reason = "the user asked twice; what is going on does not listen")]
    std::process::exit(INTERRUPTED.into());
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_make_sense() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_is_in_the_overview_and_has_examples() {
        for verb in Cli::command().get_subcommands_mut() {
            assert!(usage::OVERVIEW.contains(&format!("\n  {:<9} ", verb.get_name())), "{}", verb.get_name());
            let help = verb.render_long_help().to_string();
            assert!(help.contains("\nExamples:\n"), "{help}");
        }
    }
}
