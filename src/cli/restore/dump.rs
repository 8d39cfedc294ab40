//! `failback restore dump`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::super::options::AboutRun;
use super::super::settings::{Settings, shell_word};
use super::super::step::Step;
use super::super::table::Table;
use super::super::{Call, Exit, amount, run};
use super::Tools;
use crate::engine::{self, Dumped};
use crate::error::Result;
use crate::name::Side;
use crate::staging::Manifest;
use crate::store::LocalStore;

#[derive(Args)]
#[command(after_help = "\
A dump is read to its end, and each table is counted in it and on the server: where they differ, the database was written
meanwhile, the dump gets no name, and the exit code is 5. Its digest by SHA-256 is written beside it. Run again, a dump that is
there is read and counted once more.")]
pub(super) struct Arguments {
    /// Which side
    #[arg(long, value_enum, value_name = "SIDE", default_value_t = ChosenSide::New)]
    side: ChosenSide,
    /// Databases, with commas between
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    databases: Vec<String>,
    /// The folder to dump into, as NAME.dump, which is made if there is none
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    pub(super) options: AboutRun,
}

/// A side, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ChosenSide {
    Old,
    New,
}

#[derive(Serialize)]
struct Report {
    dumped: Vec<Dumped>,
}

/// Dumps.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let side = match arguments.side {
        ChosenSide::Old => Side::Old,
        ChosenSide::New => Side::New,
    };
    let context = settings.context(call, run::none()?, &[side])?;
    // Of the run that is named it is the servers that have to be its own; without one, any server will do.
    let known = settings.named_run().map(|path| Manifest::read(&LocalStore::open(path)?)).transpose()?;
    let programs = arguments.tools.programs(call, &settings);
    run::folder(&arguments.into)?;
    let mut report = Report { dumped: Vec::new() };
    for database in &arguments.databases {
        let of = (side, database.as_str());
        report.dumped.push(engine::dump_database(&context, &programs, of, &arguments.into, known.as_deref()).await?);
    }
    let mut page = call.printer.page();
    let mut table = Table::new(&["database", "#size", "#tables", "#rows", "sha256"]);
    for one in &report.dumped {
        let rows = one.tables.iter().filter_map(|table| table.archived).sum();
        let tables = one.tables.len().to_string();
        table.row([&one.database, &amount::bytes(one.bytes), &tables, &amount::count(rows), &one.sha256]);
    }
    page.table(&table);
    let differs = report.dumped.iter().flat_map(|one| one.differences.iter().map(move |why| (one, why)));
    page.list("not what is there now:", differs.map(|(one, why)| format!("! {}: {why}", one.database)));
    let folder = shell_word(&arguments.into.display().to_string());
    page.next([Step::Run(settings.restore_command("check", &[folder]))]);
    call.printer.result(&report, &page)?;
    let is_whole = report.dumped.iter().all(|one| one.differences.is_empty());
    Ok(if is_whole { Exit::Done } else { Exit::NotVerified })
}
