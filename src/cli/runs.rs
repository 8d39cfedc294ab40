//! `failback runs`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::options::{Answering, Configured, Given};
use super::settings::Settings;
use super::table::Table;
use super::{Call, Exit, amount};
use crate::engine::{self, PruneOptions, RunSummary};
use crate::error::{Error, ErrorKind, Result};
use crate::store::{LocalStore, host_files};

/// List the runs, or remove rows of those that are done with
///
/// A run's folder holds production rows. `runs prune` removes the files that do, and leaves what proves what was done with
/// them: counts, digests, decisions, approvals, the journal. By the run's own files: no server is asked.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback runs list
  failback runs prune .runs/20261122T081530Z-7f3a --dry-run
  failback runs prune .runs/20261122T081530Z-7f3a --confirm 20261122T081530Z-7f3a")]
pub(super) struct Arguments {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Subcommand)]
enum Deed {
    /// List the runs: how far each has come, and what it holds
    List(List),
    /// Remove the rows of runs, and keep what proves what was done with them
    Prune(Prune),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    options: Configured,
}

#[derive(Args)]
#[command(after_help = "\
After it the run can be neither merged, verified nor taken back: `undo` needs its rows.")]
struct Prune {
    /// The runs' folders
    #[arg(value_name = "RUN", required = true)]
    folders: Vec<PathBuf>,
    /// Also rows that OLD has not, as far as the run knows: they may exist nowhere else
    #[arg(long)]
    lose_rows: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Confirm by name: the runs' ids, with commas between
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    confirm: Vec<String>,
    #[command(flatten)]
    options: Answering,
}

impl Arguments {
    pub(super) fn options(&self) -> &dyn Given {
        match &self.deed {
            Deed::List(list) => &list.options,
            Deed::Prune(prune) => &prune.options,
        }
    }
}

/// What there is, or what was removed.
#[derive(Serialize)]
struct Report {
    runs: Vec<RunSummary>,
}

/// Lists runs, or removes rows.
pub(super) fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    match &arguments.deed {
        Deed::List(one) => list(call, Path::new(Settings::read(call, &one.options, None)?.config.runs())),
        Deed::Prune(prune) => remove(call, prune),
    }
}

fn list(call: &Call, folder: &Path) -> Result<Exit> {
    let report = Report { runs: engine::runs(folder)? };
    let mut page = call.printer.page();
    if report.runs.is_empty() {
        page.line(format!("no runs in {}", folder.display()));
    } else {
        page.table(&table(&report.runs));
    }
    let faults = report.runs.iter().filter_map(|run| run.fault.as_ref().map(|fault| format!("{}: {fault}", run.folder)));
    page.list("damaged:", faults);
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

fn remove(call: &Call, arguments: &Prune) -> Result<Exit> {
    let stores = arguments.folders.iter().map(|folder| LocalStore::open(folder)).collect::<Result<Vec<_>>>()?;
    let mut options = PruneOptions { by: host_files::acting_user(), lose_rows: arguments.lose_rows, dry_run: true };
    // Nothing is removed unless everything may be.
    let found = stores.iter().map(|store| engine::prune(store, &options)).collect::<Result<Vec<_>>>()?;
    if !arguments.dry_run {
        let unnamed = found.iter().find(|run| run.id.as_ref().is_none_or(|id| !arguments.confirm.contains(id)));
        if let Some(run) = unnamed {
            let id = run.id.clone().unwrap_or_default();
            return Err(Error::new(ErrorKind::Refused, "confirm that rows are removed")
                .at(&run.folder)
                .because(format!("its id, {id}, was not given"))
                .next("`failback runs prune --dry-run` says what would be removed; --confirm names the runs' ids"));
        }
        options.dry_run = false;
    }
    let bytes: u64 = found.iter().map(|run| run.bytes).sum();
    let left = stores.iter().map(|store| engine::prune(store, &options)).collect::<Result<Vec<_>>>()?;
    let mut page = call.printer.page();
    page.table(&table(&left));
    page.line("");
    let removed = if arguments.dry_run { "would be removed" } else { "removed" };
    page.line(format!("{removed}: {} of rows; indexes, decisions, approvals and the journal stay", amount::bytes(bytes)));
    call.printer.result(&Report { runs: left }, &page)?;
    Ok(Exit::Done)
}

fn table(runs: &[RunSummary]) -> Table {
    let mut table = Table::new(&["run", "made", "state", "#staged", "#differing", "#left", "#size"]);
    for run in runs {
        let size = if run.pruned.is_some() { "pruned".to_owned() } else { amount::bytes(run.bytes) };
        table.row([
            run.folder.clone(),
            run.made_at.as_deref().map_or_else(|| "-".to_owned(), amount::moment),
            run.state.word().to_owned(),
            amount::count(run.staged),
            amount::count(run.differing),
            amount::count(run.left),
            size,
        ]);
    }
    table
}
