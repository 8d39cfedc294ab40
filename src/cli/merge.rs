//! `failback merge`.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::confirm::confirm;
use super::options::{WithOld, Writing};
use super::page::Page;
use super::settings::{Settings, shell_word};
use super::table::Table;
use super::{Call, Exit, amount, cost, coverage, left_rows, report, run};
use crate::engine::{self, Context, DatabaseOutcome, Estimate, LiveOptions, MergeOptions, MergeReport};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::policy::Action;
use crate::staging::Plan;

/// Write the plan to OLD
///
/// Carries out exactly what `plan` froze, one transaction a database, or refuses and writes nothing. Every row is compared
/// first: what has moved since the diff stops the merge. OLD's own ledger keeps a plan from being carried out twice.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "options, each asked for on its own")]
#[command(after_help = "\
Examples:
  failback merge --dry-run
  failback merge --confirm old.example.com:5432
  failback merge --leave-held --confirm old.example.com:5432
  failback merge --live --leave-held --confirm old.example.com:5432
  touch runs/20261129T133836Z-3335/pause     # a live merge waits between batches as long as the file is there")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) writing: Writing,
    /// Go on although rows wait for a decision; they stay as they are
    #[arg(long, help_heading = "Writing to OLD")]
    pub(super) leave_held: bool,
    /// Do everything but commit; needs no confirmation
    #[arg(long, help_heading = "Writing to OLD")]
    pub(super) dry_run: bool,
    /// Carry out a plan once more that this run's journal has as merged, and OLD's ledger has not: OLD was set back to before
    /// the merge. Rows that are no longer as they were compared stop it
    #[arg(long, help_heading = "Writing to OLD")]
    pub(super) again: bool,
    /// Merge in batches, each a transaction of its own, while OLD serves traffic. A row that has moved since the diff is left,
    /// and named, and the others come. Stopped or killed at any moment, the same command goes on
    #[arg(long, help_heading = "Writing to OLD", conflicts_with = "dry_run")]
    pub(super) live: bool,
    /// How many rows a batch of a live merge has at most
    #[arg(long, value_name = "ROWS", default_value_t = 500, requires = "live", help_heading = "Writing to OLD")]
    pub(super) batch_rows: u32,
    /// How many milliseconds a batch should take at most: one that takes longer is followed by smaller ones
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 200, requires = "live", help_heading = "Writing to OLD")]
    pub(super) batch_time: u32,
    #[command(flatten)]
    pub(super) options: WithOld,
}

/// Merges and prints what was written.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let (store, _lock) = run::open_for_writing(&settings)?;
    let context = settings.context(call, store, &[Side::Old])?;
    let options = MergeOptions {
        leave_held: arguments.leave_held,
        fire_triggers: arguments.writing.fire_triggers,
        dry_run: arguments.dry_run,
        again: arguments.again,
    };
    if !options.dry_run {
        refuse_held(&settings, &context, arguments)?;
        engine::expect_approval(&context)?;
        confirm(call, &context, "merge", arguments.writing.confirm.as_deref()).await?;
    }
    // Whatever is wrong with the plan, the merge says it.
    let plan = Plan::read(context.store()).ok();
    let estimate = plan.map(|plan| engine::estimate(context.store(), &plan, Path::new(settings.config.runs())));
    let report = if arguments.live {
        let batch_rows = usize::try_from(arguments.batch_rows).unwrap_or(usize::MAX);
        let batch_time = Duration::from_millis(u64::from(arguments.batch_time));
        engine::merge_live(&context, options, LiveOptions { batch_rows, batch_time }).await
    } else {
        engine::merge(&context, options).await
    };
    if !options.dry_run {
        report::renew_after(call, &settings, context.store(), &report);
    }
    let report = report?;
    let mut lines = page(call, &context, &report, "merged into");
    left_rows::tell(&mut lines, &report);
    cost::compared(&mut lines, &report, estimate.as_ref());
    let mut page = coverage::headed(call, &report.coverage, &lines);
    page.next(if report.dry_run {
        settings.steps("merge", &for_good(&context, &arguments.writing, arguments.leave_held))
    } else {
        settings.steps("verify", &[])
    });
    call.printer.result(&Merged { report: &report, estimate: estimate.as_ref() }, &page)?;
    Ok(exit(&report))
}

/// What was merged, and what had been expected of it.
#[derive(Serialize)]
struct Merged<'a> {
    #[serde(flatten)]
    report: &'a MergeReport,
    estimate: Option<&'a Estimate>,
}

/// Returns the options with which what was rehearsed is done for good.
pub(super) fn for_good(context: &Context, writing: &Writing, leave_held: bool) -> Vec<String> {
    let confirm = ["--confirm".to_owned(), shell_word(&context.servers().endpoint(Side::Old).address())];
    let chosen = [(leave_held, "--leave-held"), (writing.fire_triggers, "--fire-triggers")];
    chosen.iter().filter(|(is_chosen, _)| *is_chosen).map(|(_, option)| (*option).to_owned()).chain(confirm).collect()
}

/// Refuses before anybody types a name for nothing.
fn refuse_held(settings: &Settings, context: &Context, arguments: &Arguments) -> Result<()> {
    let held = Plan::read(context.store())?.actions().get(Action::Hold);
    if held == 0 || arguments.leave_held {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "merge")
        .at(context.run())
        .because(format!("{} for a decision", amount::plural(held, "row waits", "rows wait")))
        .next("decide with `failback decide`, then `failback plan`")
        .next(format!(
            "or leave them as they are: {}",
            settings.command("merge", &for_good(context, &arguments.writing, true))
        )))
}

/// Says whether everything was carried over, or rows were left aside.
pub(super) fn exit(report: &MergeReport) -> Exit {
    if report.dry_run || report.held + report.skipped + report.left_rows() == 0 { Exit::Done } else { Exit::LeftAside }
}

/// Lays out what a merge or an undo wrote.
pub(super) fn page(call: &Call, context: &Context, report: &MergeReport, deed: &str) -> Page {
    let mut page = call.printer.page();
    let mut table = Table::new(&["database", "table", "#inserted", "#updated", "#deleted"]);
    let mut said = Vec::new();
    let raised = if report.dry_run { "would be raised" } else { "raised" };
    for database in &report.databases {
        for (name, written) in database.tables.iter().filter(|(_, written)| written.rows() > 0) {
            table.row([
                database.database.clone(),
                name.clone(),
                amount::count(written.inserted),
                amount::count(written.updated),
                amount::count(written.deleted),
            ]);
        }
        match database.outcome {
            DatabaseOutcome::Done | DatabaseOutcome::NotAsked => {}
            DatabaseOutcome::DoneBefore => {
                said.push(format!("{}: nothing to do, OLD's ledger says that it was done before", database.database));
            }
            DatabaseOutcome::NeverMerged => {
                said.push(format!("{}: nothing to take back, the plan was never merged here", database.database));
            }
        }
        for raise in &database.sequences {
            let from = raise.from.map_or_else(|| "unused".to_owned(), |from| from.to_string());
            said.push(format!("{}: sequence {} {raised} from {from} to {}", database.database, raise.sequence, raise.to));
        }
    }
    let rehearsed = if report.dry_run { "rehearsed and rolled back: " } else { "" };
    page.heading(&format!(
        "{rehearsed}{deed} OLD {}: {}",
        context.servers().endpoint(Side::Old).address(),
        amount::rows(report.rows())
    ));
    if !table.is_empty() {
        page.table(&table);
    }
    page.list("besides:", said);
    if report.held + report.skipped > 0 {
        page.line("");
        let (held, skipped) = (amount::rows(report.held), amount::rows(report.skipped));
        let left = format!("left as they are: {held} held, {skipped} skipped");
        page.line(page.paint().yellow(&left));
    }
    page
}
