//! `failback undo`.

use clap::Args;

use super::confirm::confirm;
use super::options::{WithOld, Writing};
use super::page::Page;
use super::paint::tame;
use super::settings::Settings;
use super::step::Step;
use super::{Call, Exit, amount, merge, report, run};
use crate::engine::{self, LeftRows, MergeOptions, MergeReport};
use crate::error::Result;
use crate::name::Side;

/// Take a merge back
///
/// Restores the rows that OLD had before the merge, in one transaction a database. A row that was written since the merge stays
/// as it is, with what hangs on it by foreign keys and unique values; so does one that is no longer where the merge put it, and
/// may be elsewhere. Each is named, with its key, and the exit code is 9. Rows that somebody has deleted or put back since are
/// named too. Run again, it is about the rows that it left, and no others. Sequences stay raised.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback undo --dry-run
  failback undo --confirm old.example.com:5432
  failback undo --run runs/friday --confirm old.example.com:5432")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) writing: Writing,
    /// Do everything but commit; needs no confirmation
    #[arg(long, help_heading = "Writing to OLD")]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) options: WithOld,
}

/// Undoes and prints what was written.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let (store, _lock) = run::open_for_writing(&settings)?;
    let context = settings.context(call, store, &[Side::Old])?;
    let options = MergeOptions {
        leave_held: true,
        fire_triggers: arguments.writing.fire_triggers,
        dry_run: arguments.dry_run,
        ..MergeOptions::default()
    };
    if !options.dry_run {
        confirm(call, &context, "undo", arguments.writing.confirm.as_deref()).await?;
    }
    let report = engine::undo(&context, options).await;
    if !options.dry_run {
        report::renew_after(call, &settings, context.store(), &report);
    }
    let mut report = report?;
    // What the merge left aside is none of an undo's business.
    (report.held, report.skipped) = (0, 0);
    let mut page = merge::page(call, &context, &report, "taken back from");
    left(&mut page, &report);
    let mut steps = Vec::new();
    if report.left_rows() > 0 {
        let by_hand = "whoever answers for these rows decides by hand: what they were before the merge is in the run";
        steps.push(Step::Say(by_hand.to_owned()));
    }
    steps.extend(if report.dry_run {
        settings.steps("undo", &merge::for_good(&context, &arguments.writing, false))
    } else {
        settings.steps("status", &[])
    });
    page.next(steps);
    call.printer.result(&report, &page)?;
    Ok(if report.left_rows() > 0 { Exit::LeftAside } else { Exit::Done })
}

/// How many keys of a table are shown; `--json` has more.
const SHOWN: usize = 20;

/// Lists the rows that stay as they are, and those about which there was nothing to do.
fn left(page: &mut Page, report: &MergeReport) {
    for database in &report.databases {
        for rows in &database.left {
            let said = named(&database.database, rows, "left as they are: ");
            let said = page.paint().yellow(&said);
            keys(page, said, rows);
        }
        for rows in &database.taken_back {
            keys(page, named(&database.database, rows, "taken back before: "), rows);
        }
    }
}

fn named(database: &str, rows: &LeftRows, what: &str) -> String {
    tame(&format!("{database}: {}: {} {what}{}", rows.table, amount::rows(rows.rows), rows.why))
}

/// Names rows by their keys, below a line that says what they are.
fn keys(page: &mut Page, said: String, rows: &LeftRows) {
    page.line("");
    page.line(said);
    for key in rows.keys.iter().take(SHOWN) {
        page.line(format!("  {}", tame(key)));
    }
    let more = rows.rows.saturating_sub(SHOWN.min(rows.keys.len()) as u64);
    if more > 0 {
        page.line(format!("  and {} (--json lists the first {})", amount::plural(more, "more", "more"), LeftRows::MOST_KEYS));
    }
}
