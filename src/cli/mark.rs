//! `failback mark`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::mark_file::MarkFile;
use super::options::{Places, WithBoth};
use super::page::Page;
use super::settings::{self, Settings};
use super::{Call, Exit, amount, run};
use crate::engine::{self, MarkReport};
use crate::error::Result;
use crate::name::Side;

/// Write down where both servers are, before the cutover
///
/// Reads from both servers which transactions are over, and keeps that in one small file. With it an export knows of every
/// row, by the server's own word, whether it was written since: on both sides, with or without time columns. Made before the
/// cutover, or while nobody writes; a later one is refused. Changes nothing.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback mark --old postgres://dba@old/db --new postgres://dba@new/db
  failback mark --out friday.mark.json --wait 60
  failback export --cutover 2026-11-22T10:00:00+02:00 --mark friday.mark.json")]
pub(super) struct Arguments {
    /// The file to write; it must not exist yet
    #[arg(long, value_name = "FILE", default_value = "failback.mark.json")]
    out: PathBuf,
    /// Databases, with commas between [default: all of each server]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    databases: Vec<String>,
    /// How long to wait for transactions that are going on, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
    #[command(flatten)]
    pub(super) options: WithBoth,
}

/// Marks both servers.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let file = MarkFile::at(&arguments.out)?;
    // Asked before the servers are: a mark takes a while where transactions are waited for.
    file.expect_none()?;
    let context = settings.context(call, run::none()?, &Side::BOTH)?;
    let context = settings::narrow(context, &Places { databases: arguments.databases.clone(), tables: Vec::new() })?;
    let (mark, report) = engine::mark(&context, Duration::from_secs(arguments.wait)).await?;
    file.write(&mark)?;
    let mut page = call.printer.page();
    tell(&mut page, &report);
    page.line(format!("mark: {}", super::paint::tame(&arguments.out.display().to_string())));
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

/// Says where both servers are.
pub(super) fn tell(page: &mut Page, report: &MarkReport) {
    for side in Side::BOTH {
        let server = report.servers.get(side);
        page.line(format!(
            "{side}: every transaction before {} was over; {} in doubt; {} databases",
            server.horizon,
            amount::count(server.in_doubt),
            server.databases
        ));
    }
}
