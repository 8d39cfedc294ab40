//! `failback demo`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::fold::fold;
use super::options::{Answering, Given as _, LEAST_WIDTH, Output};
use super::page::Page;
use super::paint::tame;
use super::printer::Printer;
use super::settings::shell_word;
use super::step::Step;
use super::{Call, Exit, amount};
use crate::demo::{self, ActTime, Audience, Binaries, Kept, PhaseOptions, PhaseReport, PlayOptions, PlayReport, PlayedPhase};
use crate::engine::Stop;
use crate::error::{Error, ErrorKind, Result};

/// How wide the narration runs where there is no terminal.
const WIDTH: usize = 80;

/// How far to the right stands what a verb prints.
const INDENT: usize = 4;

/// Where what is counted stands, behind its number.
const COUNTED: usize = 12;

/// Play an incident on throwaway servers, and recover from it
///
/// Starts two PostgreSQL servers on this machine, loads a sample estate, plays a migration that went wrong, and brings every
/// row home with the verbs that you would use, each explained before it is run. In the end plain SQL checks the result, and
/// everything is removed. Takes less than a minute, needs no configuration, and touches no server that it did not start.
///
/// With --phase, a whole phase of the rollback is played by its runbook: names, pods, fence, sequences, rows, the post-mortem;
/// or, in the emergency, databases that come back from backups. What no machine of yours has is played by programs in Python,
/// and it is said which; no cloud is talked to.
#[derive(Args)]
#[expect(clippy::doc_markdown, reason = "this is the help on a terminal, where backticks are noise")]
#[command(after_help = "\
Examples:
  failback demo
  failback demo --undo --json | jq .passed
  failback demo --phase quick
  failback demo --phase emergency --keep
  failback demo --keep
  failback demo --stop /tmp/failback-demo-1a2b3c4d")]
pub(super) struct Arguments {
    /// Play a phase of the rollback from the declaration to the post-mortem
    #[arg(long, value_enum, value_name = "PHASE", conflicts_with_all = ["undo", "stop"])]
    pub(super) phase: Option<Phase>,
    /// Take the merge back in the end, and show that OLD is what it was
    #[arg(long)]
    pub(super) undo: bool,
    /// Leave the servers and the run in place, to go on by hand
    #[arg(long)]
    pub(super) keep: bool,
    /// Stop and remove what --keep left
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["undo", "keep"])]
    pub(super) stop: Option<PathBuf>,
    /// Folder with PostgreSQL's server programs [else FAILBACK_PG_BIN, else what is installed]
    #[arg(long, value_name = "DIR")]
    pub(super) pg_bin: Option<PathBuf>,
    #[command(flatten)]
    pub(super) options: Answering,
}

/// A phase that can be played, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Phase {
    Quick,
    Evaluated,
    Emergency,
}

impl From<Phase> for PlayedPhase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Quick => Self::Quick,
            Phase::Evaluated => Self::Evaluated,
            Phase::Emergency => Self::Emergency,
        }
    }
}

/// Plays the demo, or removes what an earlier one left.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let binaries = tokio::task::block_in_place(|| find(call, arguments))?;
    if let Some(folder) = &arguments.stop {
        return stop(call, &binaries, folder);
    }
    let program =
        std::env::current_exe().map_err(|cause| Error::new(ErrorKind::Storage, "find the failback program").because(cause))?;
    let besides = besides(&arguments.options.given().output, call.printer.width())?;
    if let Some(phase) = arguments.phase {
        let path = call.environment.get("PATH").unwrap_or_default().to_owned();
        let options = PhaseOptions { phase: phase.into(), binaries, program, path, keep: arguments.keep, besides };
        return play_phase(call, &options).await;
    }
    let options = PlayOptions { binaries, program, keep: arguments.keep, undo: arguments.undo, besides };
    heed_hangup(&call.stop)?;
    let mut audience = Terminal { printer: call.printer.clone() };
    let report = call.stop.or(Box::pin(demo::play(&options, &mut audience))).await.and_then(|played| played);
    // Whatever a verb made of the same signal, it is not what failed.
    let report = report.map_err(|error| if call.stop.is_asked() { interrupted() } else { error })?;
    call.printer.result(&report, &ending(call, &report))?;
    Ok(if report.passed { Exit::Done } else { Exit::NotVerified })
}

async fn play_phase(call: &Call, options: &PhaseOptions) -> Result<Exit> {
    heed_hangup(&call.stop)?;
    let mut audience = Terminal { printer: call.printer.clone() };
    let report = call.stop.or(Box::pin(demo::play_phase(options, &mut audience))).await.and_then(|played| played);
    let report = report.map_err(|error| if call.stop.is_asked() { interrupted() } else { error })?;
    call.printer.result(&report, &ending_of_phase(call, options.phase, &report))?;
    Ok(if report.passed { Exit::Done } else { Exit::NotVerified })
}

fn lay_out_times(page: &mut Page, acts: &[ActTime], seconds: f64) {
    page.heading("How long each act took");
    for act in acts {
        page.line(format!("{:>8.2} s  {}", act.seconds, act.title));
    }
    page.line(format!("{seconds:>8.2} s  in all"));
    page.line("");
}

fn ending_of_phase(call: &Call, phase: PlayedPhase, report: &PhaseReport) -> Page {
    let mut page = call.printer.page();
    let paint = page.paint();
    lay_out_times(&mut page, &report.acts, report.seconds);
    page.line(if report.passed {
        paint.green(&format!("The check passed: {}.", phase.checked()))
    } else {
        paint.red("The check FAILED: see above.")
    });
    let Some(kept) = &report.kept else {
        page.line("The servers, the stand-ins and the rollback's files are removed; `failback demo --keep` leaves them.");
        return page;
    };
    lay_out_kept(&mut page, kept, "failback rollback status --env demo");
    page
}

/// Says where what was kept is, how to look at it, and how it is ended.
fn lay_out_kept(page: &mut Page, kept: &Kept, look: &str) {
    let folder = shell_word(&kept.folder.display().to_string());
    page.line(format!("OLD:  psql {}", shell_word(&kept.old)));
    page.line(format!("NEW:  psql {}", shell_word(&kept.new)));
    page.line(format!("configuration: {}", tame(&kept.config.display().to_string())));
    page.next([
        Step::Run(format!("cd {folder} && {look}")),
        Step::Say("when you are done:".to_owned()),
        Step::Run(format!("failback demo --stop {folder}")),
    ]);
}

fn find(call: &Call, arguments: &Arguments) -> Result<Binaries> {
    let given = arguments.pg_bin.as_ref().map(|folder| folder.display().to_string());
    Binaries::find(&|name| match (name, &given) {
        ("FAILBACK_PG_BIN", Some(folder)) => Some(folder.clone()),
        _ => call.environment.get(name).map(str::to_owned),
    })
}

/// The options that the demo's verbs get as we did: one log holds what all of them did, and what they print has room on our
/// terminal. Their folder is another one.
fn besides(output: &Output, width: Option<usize>) -> Result<Vec<String>> {
    let mut besides = Vec::new();
    if let Some(width) = width {
        besides.extend(["--width".to_owned(), width.saturating_sub(INDENT).max(LEAST_WIDTH.into()).to_string()]);
    }
    if let Some(path) = &output.log_file {
        let path = std::path::absolute(path)
            .map_err(|cause| Error::new(ErrorKind::Usage, "find the log file").at(path.display()).because(cause))?;
        besides.extend(["--log-file".to_owned(), path.display().to_string()]);
        besides.extend((output.verbose > 1).then(|| "-vv".to_owned()));
    }
    Ok(besides)
}

/// What was stopped.
#[derive(Serialize)]
struct Stopped<'a> {
    stopped: &'a Path,
}

fn stop(call: &Call, binaries: &Binaries, folder: &Path) -> Result<Exit> {
    tokio::task::block_in_place(|| demo::stop(binaries, folder))?;
    let mut page = call.printer.page();
    page.line(format!("stopped and removed: {}", tame(&folder.display().to_string())));
    call.printer.result(&Stopped { stopped: folder }, &page)?;
    Ok(Exit::Done)
}

/// Treats losing the terminal as Ctrl-C: the servers and the folder must go before we do.
///
/// Takes effect when it returns, before the first server is made.
fn heed_hangup(stop: &Stop) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut signals = signal(SignalKind::hangup())
        .map_err(|cause| Error::new(ErrorKind::Storage, "listen to the signals of the system").because(cause))?;
    let stop = stop.clone();
    tokio::spawn(async move {
        if signals.recv().await.is_some() {
            stop.ask();
        }
    });
    Ok(())
}

fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "play the demo")
        .because("asked to stop")
        .next("nothing is left behind: run `failback demo` again")
}

/// Tells the demo on stdout.
struct Terminal {
    printer: Printer,
}

impl Terminal {
    fn tell(&self, tell: impl FnOnce(&mut Page)) {
        let mut page = self.printer.page();
        tell(&mut page);
        // A reader who is gone misses nothing that the exit code does not say.
        let _ = self.printer.part(&page);
    }
}

impl Audience for Terminal {
    fn act(&mut self, number: usize, title: &str) {
        self.tell(|page| {
            let columns = self.printer.width().unwrap_or(WIDTH);
            let rule = "─".repeat(columns.saturating_sub(title.len() + number.to_string().len() + 6));
            let heading = page.paint().green(&format!("── {number}. {title} {rule}"));
            page.line(heading);
        });
    }

    fn say(&mut self, text: &str) {
        let text = tame(&text.split_whitespace().collect::<Vec<_>>().join(" "));
        let text = fold(&text, self.printer.width().or(Some(WIDTH)), 0);
        self.tell(|page| text.lines().for_each(|line| page.line(line)));
    }

    fn command(&mut self, line: &str) {
        self.tell(|page| page.command(&page.paint().bold(&format!("$ {line}")), INDENT));
    }

    fn output(&mut self, text: &str) {
        self.tell(|page| text.trim_end().lines().for_each(|line| page.line(format!("{:INDENT$}{}", "", tame(line)))));
    }

    fn facts(&mut self, facts: &[(&str, u64)]) {
        self.tell(|page| {
            for (what, count) in facts {
                page.hanging(&format!("{:>10}  {what}", amount::count(*count)), COUNTED);
            }
        });
    }
}

/// Lays out how it ended.
fn ending(call: &Call, report: &PlayReport) -> Page {
    let mut page = call.printer.page();
    let paint = page.paint();
    lay_out_times(&mut page, &report.acts, report.seconds);
    match (report.passed, &report.undone) {
        (false, _) => page.line(paint.red("The check FAILED: see above.")),
        (true, None) => page.line(paint.green("The check passed: what was applied is NEW's, what was left is OLD's.")),
        (true, Some(_)) => {
            page.line(paint.green("The check passed; and after the undo OLD is byte for byte what it was before the merge."));
        }
    }
    let Some(kept) = &report.kept else {
        page.line("The servers and the run are removed; `failback demo --keep` leaves them.");
        return page;
    };
    lay_out_kept(&mut page, kept, "failback status");
    page
}
