//! `failback arm`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::options::{Places, ReadingBoth};
use super::page::Page;
use super::settings::{self, Settings};
use super::table::Table;
use super::{Call, Exit, amount, mark, run};
use crate::engine::{self, ArmOptions, ArmReport, MadeSlot};
use crate::error::Result;
use crate::name::Side;

/// Mark both servers, and keep digests of OLD's rows, before the cutover
///
/// Makes what `failback mark` makes, and reads the chosen tables of OLD to keep a digest of each row and of its key, in a
/// private folder. With it an export knows also of a row that one side has no more whether it was there, and of one that both
/// sides wrote which of them changed it. No value of a row is kept. Changes nothing on either server, unless --slot makes a
/// slot of each database on NEW, which keeps NEW's log from there on until `failback disarm` drops it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback arm --tables 'public.orders,public.payments'
  failback arm --out friday.armed --databases shop --wait 60
  failback arm --slot --no-digests
  failback export --cutover 2026-11-22T10:00:00+02:00 --baseline friday.armed")]
pub(super) struct Arguments {
    /// The folder to make; it must not hold a baseline yet
    #[arg(long, value_name = "DIR", default_value = "failback.armed")]
    out: PathBuf,
    #[command(flatten)]
    places: Places,
    /// Make a logical slot of each database on NEW, so that what NEW writes and deletes from here on can be told from its log
    /// (needs `wal_level = logical` there, and keeps NEW's log until `failback disarm`)
    #[arg(long)]
    slot: bool,
    /// Keep no digests of rows: a mark alone, and the slots that are asked for
    #[arg(long, conflicts_with = "tables")]
    no_digests: bool,
    /// How long to wait for transactions that are going on, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
    #[command(flatten)]
    pub(super) options: ReadingBoth,
}

/// Marks both servers and keeps the baseline.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let context = settings.context(call, run::folder(&arguments.out)?, &Side::BOTH)?;
    let context = settings::narrow(context, &arguments.places)?;
    let patience = Duration::from_secs(arguments.wait);
    let options = ArmOptions { patience, slot: arguments.slot, digests: !arguments.no_digests };
    let report = engine::arm(&context, options).await?;
    let mut page = call.printer.page();
    tell(&mut page, &report);
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

fn tell(page: &mut Page, report: &ArmReport) {
    mark::tell(page, &report.mark);
    let mut table = Table::new(&["database", "table", "#rows", "#size"]);
    for one in &report.tables {
        table.row([one.database.clone(), one.table.clone(), amount::count(one.rows), amount::bytes(one.bytes)]);
    }
    if !table.is_empty() {
        page.heading("kept: a digest of every row");
        page.table(&table);
    }
    page.list("slots on NEW, which keep its log until `failback disarm`:", report.slots.iter().map(slot));
    page.list("notes:", &report.notes);
    page.line(format!("baseline: {}", super::paint::tame(&report.folder)));
}

/// Says what was made, and what becomes of the disk if it is forgotten.
fn slot(made: &MadeSlot) -> String {
    let MadeSlot { database, slot, kept_bytes } = made;
    let bound = match kept_bytes {
        Some(bytes) => format!("NEW lets it go once it holds {} (max_slot_wal_keep_size)", amount::bytes(*bytes)),
        None => "! nothing bounds what it holds (max_slot_wal_keep_size is -1): forgotten, it fills NEW's disk".to_owned(),
    };
    super::paint::tame(&format!("{database}: {} from {} on; {bound}", slot.name, slot.start))
}
