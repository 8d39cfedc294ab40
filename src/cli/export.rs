//! `failback export`.

use clap::Args;
use serde::Serialize;

use super::options::{MakingRun, Scope};
use super::page::Page;
use super::settings::Settings;
use super::table::Table;
use super::{Call, Exit, amount, coverage, horizons, quiescence, run};
use crate::engine::{self, ExportReport, MovedReport};
use crate::error::Result;
use crate::name::Side;
use crate::staging::{Manifest, layout};
use crate::store::Store;

/// Stage the rows that NEW took since the cutover
///
/// Makes a new run: a folder with NEW's candidate rows, and the keys that NEW lacks, as checksummed Parquet files. Both servers
/// are only read, each under one snapshot. --delta brings an exported run up to date, as once NEW is fenced.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback export --cutover 2026-11-22T10:00:00+02:00
  failback export --cutover 2026-11-22T08:00:00Z --databases shop --jobs 8
  failback export --run /srv/failback/friday
  failback export --run /srv/failback/friday --once
  failback export --delta
  failback export --look || echo 'NEW was written since'")]
pub(super) struct Arguments {
    /// Bring a run that is exported up to date, the newest unless --run names one, with the same options as then: tables that
    /// neither side has written since keep what was staged, all others are read again
    #[arg(long)]
    delta: bool,
    /// Leave a run that is exported as it is, so that the same command may be run again
    #[arg(long, requires = "run", conflicts_with = "delta")]
    once: bool,
    /// Look whether NEW was written since the run was exported, table by table, and exit with 3 if it was, or if nobody can
    /// tell. Nothing is staged; with --delta, look first, and then bring the run up to date
    #[arg(long, conflicts_with = "once")]
    look: bool,
    #[command(flatten)]
    pub(super) scope: Scope,
    #[command(flatten)]
    pub(super) options: MakingRun,
}

/// Exports into a new run.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, Some(&arguments.scope))?;
    let is_known = arguments.delta || arguments.look;
    let (store, _lock) = if is_known { run::open_for_writing(&settings)? } else { run::make(&settings)? };
    let context = settings.context(call, store, &Side::BOTH)?;
    if arguments.once && context.store().exists(layout::MANIFEST)? {
        engine::expect_as_exported(&context)?;
        return kept(call, &settings, context.store());
    }
    let moved = if arguments.look { Some(engine::moved(&context).await?) } else { None };
    if let Some(moved) = moved.as_ref().filter(|_| !arguments.delta) {
        call.printer.result(moved, &seen(call, moved))?;
        return Ok(still(moved));
    }
    let report = if arguments.delta { engine::export_delta(&context).await? } else { engine::export(&context).await? };
    let mut page = coverage::headed(call, &report.coverage, &page(call, &report));
    page.next(settings.steps("diff", &[]));
    if let Some(moved) = &moved {
        call.printer.part(&seen(call, moved))?;
    }
    call.printer.result(&report, &page)?;
    if let Some(moved) = moved.filter(|moved| !moved.is_still()) {
        return Ok(still(&moved));
    }
    // What `discover` has said of tables is known by now; this is not.
    let is_lacking = report.blockers.iter().any(|one| one.left_out.unreadable);
    Ok(if is_lacking { Exit::LeftAside } else { Exit::Done })
}

/// What is said of a run that is left as it is.
#[derive(Serialize)]
struct Kept {
    run: String,
    /// When its export was made.
    exported_at: String,
}

fn kept(call: &Call, settings: &Settings, store: &dyn Store) -> Result<Exit> {
    let exported_at = Manifest::read(store)?.into_content().made_at;
    let mut page = call.printer.page();
    page.line(format!("the run holds an export of {exported_at} already, which is left as it is"));
    page.next(settings.steps("diff", &[]));
    call.printer.result(&Kept { run: store.location(), exported_at }, &page)?;
    Ok(Exit::Done)
}

const fn still(moved: &MovedReport) -> Exit {
    if moved.is_still() { Exit::Done } else { Exit::Undecided }
}

/// Lays out what NEW has written since a run was exported.
fn seen(call: &Call, moved: &MovedReport) -> Page {
    let mut page = call.printer.page();
    page.list("NEW has written since the run was exported:", moved.written.iter().map(|table| format!("! {table}")));
    page.list("nobody can tell whether NEW has written:", moved.not_known.iter().map(|table| format!("! {table}")));
    if moved.is_still() {
        page.line(format!(
            "NEW has written none of {} since the run was exported",
            amount::plural(moved.tables as u64, "table", "tables")
        ));
    }
    page
}

/// Lays out what was exported.
pub(super) fn page(call: &Call, report: &ExportReport) -> Page {
    let mut page = call.printer.page();
    let mut table = Table::new(&["database", "table", "method", "#candidates", "#absent", "#size"]);
    for one in &report.tables {
        table.row([
            one.database.clone(),
            one.table.clone(),
            one.method.word().to_owned(),
            amount::count(one.candidates),
            amount::count(one.absent),
            amount::bytes(one.bytes),
        ]);
    }
    page.heading("staged: candidates are rows of NEW, absent are keys that NEW lacks");
    page.table(&table);
    let blockers = report.blockers.iter();
    page.list(
        "not carried, rows may be lost:",
        blockers
            .map(|one| format!("! {}: {} on {}: {}", one.database, one.left_out.name, one.left_out.side, one.left_out.reason)),
    );
    page.list("in staging only, OLD has no place for it:", unplaced(report));
    page.list("whether it was written while it was read:", quiescence::sentences(&report.quiescence));
    let tried = report.horizon_sources.iter().map(|one| (one.database.as_str(), &one.tried));
    page.list(horizons::HEADING, horizons::lines(&tried.collect::<Vec<_>>()));
    page.list("notes:", &report.notes);
    page.line("");
    page.line(format!("{} staged, {}", amount::rows(report.rows), amount::bytes(report.bytes)));
    page.line(format!("run: {}", super::paint::tame(&report.run)));
    page
}

/// What is staged and goes nowhere; columns without a value are not worth a line.
fn unplaced(report: &ExportReport) -> Vec<String> {
    let sentence = |one: &engine::Unplaced| match &one.column {
        Some(column) => format!("! {}: {}: column {column}: {} values", one.database, one.table, amount::count(one.values)),
        None => format!("! {}: {}: {}", one.database, one.table, amount::rows(one.values)),
    };
    report.unplaced.iter().filter(|one| one.values > 0).map(sentence).collect()
}
