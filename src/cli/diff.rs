//! `failback diff`.

use clap::Args;

use super::options::WithOldAtOnce;
use super::page::Page;
use super::settings::Settings;
use super::step::Step;
use super::table::Table;
use super::waiting::{self, Waiting};
use super::{Call, Exit, amount, coverage, report, run};
use crate::engine::{self, Context, DiffReport, Tally, read_decisions};
use crate::error::Result;
use crate::name::Side;
use crate::staging::{DiffIndex, Manifest};

/// Compare what is staged with OLD
///
/// Reads OLD's counterpart of every staged key and says what both rows' history means. OLD is only read; run it again
/// whenever OLD may have moved on.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback diff
  failback diff --exit-code || echo 'there are differences'
  failback diff --json | jq .counts")]
pub(super) struct Arguments {
    /// Exit with 3 if there are differences
    #[arg(long)]
    pub(super) exit_code: bool,
    #[command(flatten)]
    pub(super) options: WithOldAtOnce,
}

/// Compares and prints what differs.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let (store, _lock) = run::open_for_writing(&settings)?;
    let context = settings.context(call, store, &[Side::Old])?;
    let report = engine::diff(&context).await?;
    let waiting = waiting_rows(&context).await;
    report::renew(call, &settings, context.store());
    let waiting = waiting?;
    let mut page = coverage::headed(call, &report.coverage, &page(call, &report, &waiting));
    let mut steps = Vec::new();
    if !waiting.is_empty() {
        steps.extend(settings.steps("decide", &["CLASS=RESOLUTION".to_owned()]));
        steps.push(Step::Say("what is not decided stays held:".to_owned()));
    }
    steps.extend(settings.steps("plan", &[]));
    page.next(steps);
    call.printer.result(&report, &page)?;
    Ok(if arguments.exit_code && differs(&report) { Exit::Undecided } else { Exit::Done })
}

/// Lists what the run's diff leaves to people.
pub(super) async fn waiting_rows(context: &Context) -> Result<Vec<Waiting>> {
    let decisions = read_decisions(context.store())?;
    let met = engine::ask_conditions(context, &[&decisions]).await?;
    met.write(context.store())?;
    let (manifest, index) = (Manifest::read(context.store())?, DiffIndex::read(context.store())?);
    Ok(waiting::waiting(&Tally::of(context.store(), (&manifest, &index), &decisions, &met)?))
}

fn differs(report: &DiffReport) -> bool {
    report.counts.sum_of(|class| !class.is_settled()) > 0
}

/// Lays out what differs.
pub(super) fn page(call: &Call, report: &DiffReport, waiting: &[Waiting]) -> Page {
    let mut page = call.printer.page();
    let mut table = Table::new(&["database", "table", "class", "#rows"]);
    for one in &report.tables {
        for (class, rows) in one.counts.iter() {
            table.row([one.database.as_str(), &one.table, class.word(), &amount::count(rows)]);
        }
    }
    page.heading("what the rows' history means");
    if table.is_empty() {
        page.line("  nothing is staged");
    } else {
        page.table(&table);
        let mut totals = Table::new(&["in all", "#rows"]);
        for (class, rows) in report.counts.iter() {
            totals.row([class.word(), &amount::count(rows)]);
        }
        page.line("");
        page.table(&totals);
    }
    page.list("waiting for a decision:", waiting.iter().flat_map(Waiting::sentences));
    page.list("notes:", &report.notes);
    page
}
