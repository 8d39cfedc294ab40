//! `failback undo`.

use clap::Args;

use super::confirm::confirm;
use super::options::{Options, Writing};
use super::settings::Settings;
use super::{Call, Exit, merge, run};
use crate::engine::{self, MergeOptions};
use crate::error::Result;
use crate::name::Side;

/// Take a merge back
///
/// Restores the rows that OLD had before the merge, in one transaction a database, as far as OLD still has exactly what the
/// merge wrote: a row that was changed since stops it, and nothing is written. Sequences stay raised.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback undo --dry-run
  failback undo --confirm old.example.com:5432
  failback undo --run .runs/20261122T081530Z-7f3a --confirm old.example.com:5432")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) writing: Writing,
    /// Do everything but commit; needs no confirmation
    #[arg(long, help_heading = "Writing to OLD")]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) options: Options,
}

/// Undoes and prints what was written.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let (store, _lock) = run::open_for_writing(&settings)?;
    let context = settings.context(call, store, &[Side::Old])?;
    let options = MergeOptions { leave_held: true, fire_triggers: arguments.writing.fire_triggers, dry_run: arguments.dry_run };
    if !options.dry_run {
        confirm(call, &context, "undo", arguments.writing.confirm.as_deref()).await?;
    }
    let mut report = engine::undo(&context, options).await?;
    // What the merge left aside is none of an undo's business.
    (report.held, report.skipped) = (0, 0);
    let mut page = merge::page(call, &context, &report, "taken back from");
    page.next([settings.command(if report.dry_run { "undo" } else { "status" })]);
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}
