//! `failback discover`.

use clap::Args;
use serde::Serialize;

use super::options::{Scope, WithBoth};
use super::page::Page;
use super::settings::{Settings, shell_word};
use super::step::Step;
use super::table::Table;
use super::{Call, Exit, amount, audit, coverage, held_log, horizons, run};
use crate::engine::{self, AuditedTable, Discovery};
use crate::error::Result;
use crate::name::Side;
use crate::staging::{DatabaseRecord, LeftOut, TableRecord};

/// Stands for a number of rows that no statistics say.
const NOT_KNOWN: &str = "?";

/// List every relation on both servers and what will be done about it
///
/// Reads no rows, unless --audit or --estimate asks for it. For each table: its size, the columns that identify a row, the
/// columns that say when a row was written, how changes are looked for, and which inserts, updates and deletes that finds:
/// `yes`; `trusted`, as far as the time columns are maintained; or `no`. Whatever is not carried is listed with the reason; `!`
/// marks what may lose rows.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback discover --old postgres://dba@old/db --new postgres://dba@new/db
  OLD_PGHOST=old NEW_PGHOST=new failback discover --tables 'public.*'
  failback discover --cutover 2026-11-22T10:00:00+02:00 --audit
  failback discover --json | jq '.databases[].left_out[]|select(.blocker)'")]
pub(super) struct Arguments {
    /// Measure how many changes the time columns of each table would have missed: reads rows, and writes nothing
    #[arg(long)]
    pub(super) audit: bool,
    /// How many rows of a table are compared at most where no transaction ids tell who wrote it
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "audit")]
    pub(super) sample: u32,
    #[command(flatten)]
    pub(super) scope: Scope,
    #[command(flatten)]
    pub(super) options: WithBoth,
}

/// What was found, and what was measured.
#[derive(Serialize)]
struct Audited {
    #[serde(flatten)]
    found: Discovery,
    audit: Vec<AuditedTable>,
}

/// Looks at both servers and prints what is there.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, Some(&arguments.scope))?;
    let context = settings.context(call, run::none()?, &Side::BOTH)?;
    let found = engine::discover(&context).await?;
    let mut page = coverage::headed(call, &found.coverage, &page(call, &found));
    if arguments.audit {
        let audited = engine::audit(&context, &found.databases, arguments.sample).await?;
        audit::lay_out(&mut page, &audited);
        page.next(next(&settings));
        call.printer.result(&Audited { found, audit: audited }, &page)?;
        return Ok(Exit::Done);
    }
    page.next(next(&settings));
    call.printer.result(&found, &page)?;
    Ok(Exit::Done)
}

/// Says how to export what was looked at.
fn next(settings: &Settings) -> Vec<Step> {
    let (cutover, known) = match settings.cutover() {
        _ if settings.cutover_is_configured() => (None, true),
        Some(cutover) => (Some(cutover.text().to_owned()), true),
        None => (Some("2026-11-22T10:00:00+02:00".to_owned()), false),
    };
    let cutover = cutover.into_iter().flat_map(|text| ["--cutover".to_owned(), shell_word(&text)]);
    let mut steps = settings.steps("export", &settings.scope_options().into_iter().chain(cutover).collect::<Vec<_>>());
    if !known {
        steps.push(Step::Say("with the time when writes moved to NEW in place of the example's".to_owned()));
    }
    steps
}

/// Lays out what was found.
pub(super) fn page(call: &Call, found: &Discovery) -> Page {
    let mut page = call.printer.page();
    for database in &found.databases {
        let [old, new] = [&database.old, &database.new].map(|side| side.version.split(' ').next().unwrap_or_default());
        page.heading(&format!("database {}, OLD is PostgreSQL {old}, NEW {new}", database.name));
        page.table(&carried(database));
        if database.tables.iter().any(|table| table.new.row_estimate.is_none()) {
            page.line(format!("  {NOT_KNOWN}: never analysed on NEW, so how many rows it has is not known"));
        }
        let (blockers, others): (Vec<_>, Vec<_>) = database.left_out.iter().partition(|left_out| left_out.blocker);
        page.list("not carried, rows may be lost:", blockers.into_iter().map(|left_out| format!("! {}", sentence(left_out))));
        page.list("not carried:", others.into_iter().map(sentence));
        page.list("sequences, raised on OLD by merge to cover NEW and the rows:", sequences(database));
    }
    let tried = found.databases.iter().filter_map(|one| Some((one.name.as_str(), one.horizon_sources.as_ref()?)));
    page.list(horizons::HEADING, horizons::lines(&tried.collect::<Vec<_>>()));
    page.list(held_log::HEADING, found.held_log.iter().map(held_log::sentence));
    page.list("notes:", &found.notes);
    page
}

fn sentence(left_out: &LeftOut) -> String {
    format!("{} on {}: {}", left_out.name, left_out.side, left_out.reason)
}

fn sequences(database: &DatabaseRecord) -> impl Iterator<Item = String> {
    database.new_sequences.iter().map(|sequence| match sequence.last_value {
        Some(last) => format!("{} on NEW: at {last}", sequence.name),
        None if sequence.unreadable => {
            format!("{} on NEW: not readable by this user, so where it is is not known", sequence.name)
        }
        None => format!("{} on NEW: never used", sequence.name),
    })
}

fn carried(database: &DatabaseRecord) -> Table {
    let mut table = Table::new(&["table", "#size", "#rows", "key", "times", "method", "ins", "upd", "del"]);
    for record in &database.tables {
        table.row([
            record.name.to_string(),
            amount::bytes(record.new.size_bytes),
            record.new.row_estimate.map_or_else(|| NOT_KNOWN.to_owned(), amount::count),
            record.key.names().iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            times(record),
            record.method.word().to_owned(),
            record.coverage.insert.word().to_owned(),
            record.coverage.update.word().to_owned(),
            record.coverage.delete.word().to_owned(),
        ]);
    }
    table
}

fn times(record: &TableRecord) -> String {
    let names: Vec<_> = record.times.iter().map(|column| column.name.to_string()).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(",") }
}
