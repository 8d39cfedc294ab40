//! `failback discover`.

use clap::Args;

use super::options::{Options, Scope};
use super::page::Page;
use super::settings::Settings;
use super::table::Table;
use super::{Call, Exit, amount, run};
use crate::engine::{self, Discovery};
use crate::error::Result;
use crate::name::Side;
use crate::staging::{DatabaseRecord, LeftOut, TableRecord};

/// List every relation on both servers and what will be done about it
///
/// Reads catalogs only. For each table: its size, the columns that identify a row, the columns that say when a row was
/// written, how changes are looked for, and which inserts, updates and deletes that finds: `yes`; `trusted`, as far as the time
/// columns are maintained; or `no`. Whatever is not carried is listed with the reason; `!` marks what may lose rows.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback discover --old postgres://dba@old/postgres --new postgres://dba@new/postgres
  OLD_PGHOST=old NEW_PGHOST=new failback discover --databases shop --tables 'public.*'
  failback discover --json | jq '.databases[].left_out[] | select(.blocker)'")]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) scope: Scope,
    #[command(flatten)]
    pub(super) options: Options,
}

/// Looks at both servers and prints what is there.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, Some(&arguments.scope))?;
    let context = settings.context(call, run::none()?, &Side::BOTH)?;
    let found = engine::discover(&context).await?;
    let mut page = page(call, &found);
    page.next([format!("{}{}", settings.command("export"), cutover_option(&settings))]);
    call.printer.result(&found, &page)?;
    Ok(Exit::Done)
}

fn cutover_option(settings: &Settings) -> String {
    match settings.cutover() {
        _ if settings.cutover_is_configured() => String::new(),
        Some(cutover) => format!(" --cutover {}", super::settings::shell_word(cutover.text())),
        None => " --cutover 2026-11-22T10:00:00+02:00   (when writes moved to NEW)".to_owned(),
    }
}

/// Lays out what was found.
pub(super) fn page(call: &Call, found: &Discovery) -> Page {
    let mut page = call.printer.page();
    for database in &found.databases {
        let [old, new] = [&database.old, &database.new].map(|side| side.version.split(' ').next().unwrap_or_default());
        page.heading(&format!("database {}, OLD is PostgreSQL {old}, NEW {new}", database.name));
        page.table(&carried(database));
        let (blockers, others): (Vec<_>, Vec<_>) = database.left_out.iter().partition(|left_out| left_out.blocker);
        page.list("not carried, rows may be lost:", blockers.into_iter().map(|left_out| format!("! {}", sentence(left_out))));
        page.list("not carried:", others.into_iter().map(sentence));
        page.list("sequences, raised on OLD by merge to cover NEW and the rows:", sequences(database));
    }
    page.list("notes:", &found.notes);
    page
}

fn sentence(left_out: &LeftOut) -> String {
    format!("{} on {}: {}", left_out.name, left_out.side, left_out.reason)
}

fn sequences(database: &DatabaseRecord) -> impl Iterator<Item = String> {
    database.new_sequences.iter().map(|sequence| match sequence.last_value {
        Some(last) => format!("{} on NEW: at {last}", sequence.name),
        None => format!("{} on NEW: never used", sequence.name),
    })
}

fn carried(database: &DatabaseRecord) -> Table {
    let mut table = Table::new(&["table", "#size", "#rows", "key", "times", "method", "ins", "upd", "del"]);
    for record in &database.tables {
        table.row([
            record.name.to_string(),
            amount::bytes(record.new.size_bytes),
            amount::count(record.new.row_estimate),
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
