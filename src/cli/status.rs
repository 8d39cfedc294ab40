//! `failback status`.

use clap::Args;

use super::options::Options;
use super::page::Page;
use super::paint::tame;
use super::settings::Settings;
use super::table::Table;
use super::{Call, Exit, amount, run};
use crate::engine::{self, StatusReport};
use crate::error::Result;
use crate::words::{Counts, Word};

/// Say how far a run has come
///
/// Reads the run's files, and asks OLD's ledger what was merged or undone. OLD may be out of reach: then the answer says so.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback status
  failback status --run .runs/20261122T081530Z-7f3a
  failback status --json | jq -r .next")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) options: Options,
}

/// Looks at the run and prints how far it has come.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let context = settings.context(call, run::open(&settings)?, &[])?;
    let report = engine::status(&context).await?;
    let mut page = page(call, &report);
    page.next([settings.command(report.next)]);
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

fn page(call: &Call, report: &StatusReport) -> Page {
    let mut page = call.printer.page();
    page.line(format!("run:      {}", tame(&report.run)));
    page.line(format!("cutover:  {}", tame(report.cutover.as_deref().unwrap_or("unknown"))));
    page.line(match &report.exported_at {
        Some(at) => format!("exported: {}, {}", moment(at), amount::rows(report.staged_rows)),
        None => "exported: not yet".to_owned(),
    });
    page.line(format!("diffed:   {}", report.diffed_at.as_deref().map_or_else(|| "not yet".to_owned(), moment)));
    page.line(format!("planned:  {}", report.plan.as_ref().map_or("not yet", |digest| &digest[..digest.len().min(12)])));
    for (database, entry) in &report.ledger {
        let said = match entry {
            Ok(Some(entry)) => {
                let rows = entry.tables.iter().map(|(_, written)| written.rows()).sum();
                format!("{} of {} at {}", entry.action.word(), amount::rows(rows), entry.recorded_at)
            }
            Ok(None) => "nothing was merged".to_owned(),
            Err(error) => format!("OLD could not be asked: {error}"),
        };
        page.line(format!("OLD:      {}: {}", tame(database), tame(&said)));
    }
    counts(&mut page, "class", &report.counts);
    counts(&mut page, "action", &report.actions);
    page
}

/// Cuts an instant in UTC to whole seconds.
fn moment(at: &str) -> String {
    tame(&at.split_once('.').map_or_else(|| at.to_owned(), |(seconds, _)| format!("{seconds}Z")))
}

fn counts(page: &mut Page, heading: &'static str, counts: &Counts<impl Word>) {
    let mut table = Table::new(&[heading, "#rows"]);
    for (value, rows) in counts.iter() {
        table.row([value.word(), &amount::count(rows)]);
    }
    if !table.is_empty() {
        page.line("");
        page.table(&table);
    }
}
