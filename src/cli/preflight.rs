//! `failback preflight`.

use clap::Args;

use super::options::{Places, WithBoth};
use super::page::Page;
use super::settings::{self, Settings};
use super::table::Table;
use super::{Call, Exit, run};
use crate::engine::{self, PreflightReport, Preparation, Readiness};
use crate::error::Result;
use crate::name::Side;

/// What every preparation below is beside.
const FIRST: [&str; 3] = [
    "failback mark, at the cutover or before: who wrote a row since is known from both servers, with or without time columns",
    "failback arm, likewise: the same, and what was deleted, and by whom, of the tables that are chosen",
    "a base backup of OLD and its log (PITR): OLD as it was at the cutover, for --base: every class is exact",
];

/// Say what can be switched on before a migration, and what each buys
///
/// Looks at both servers' settings and at OLD's tables, and prints for each thing that would help if the migration goes wrong
/// how it is now, what it buys, and the statement that makes it. Runs none of them, and reads no rows.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback preflight --old postgres://dba@old/db --new postgres://dba@new/db
  failback preflight --tables 'public.*'
  failback preflight --json | jq -r '.tables[].run'")]
pub(super) struct Arguments {
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    pub(super) options: WithBoth,
}

/// Looks at both servers and prints what can be prepared.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let context = settings.context(call, run::none()?, &Side::BOTH)?;
    let context = settings::narrow(context, &arguments.places)?;
    let report = engine::preflight(&context).await?;
    let mut page = call.printer.page();
    tell(&mut page, &report);
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

fn tell(page: &mut Page, report: &PreflightReport) {
    page.list("whatever the servers keep:", FIRST);
    for side in Side::BOTH {
        let server = report.servers.get(side);
        let version = server.version.split(' ').next().unwrap_or_default();
        page.list(&format!("{side}, PostgreSQL {version}:"), server.preparations.iter().flat_map(lines));
    }
    let mut table = Table::new(&["database", "table", "lacks", "run on OLD and NEW"]);
    for one in &report.tables {
        table.row([one.database.clone(), one.table.clone(), one.lacks.to_owned(), one.run.clone()]);
    }
    if !report.tables.is_empty() {
        page.heading("tables of OLD's:");
        page.table(&table);
        let mut buys: Vec<_> = report.tables.iter().map(|one| format!("{}: {}", one.lacks, one.buys)).collect();
        buys.sort_unstable();
        buys.dedup();
        page.list("what having it buys:", buys);
    }
    page.list("notes:", &report.notes);
}

/// A preparation in a line, and one for each statement.
fn lines(one: &Preparation) -> Vec<String> {
    let restart = if one.readiness == Readiness::Restart { ", needs a restart" } else { "" };
    let first = format!("{}: {}{restart} ({}); buys: {}", one.what, one.readiness.word(), one.now, one.buys);
    std::iter::once(first).chain(one.run.iter().map(|run| format!("  run: {run}"))).collect()
}
