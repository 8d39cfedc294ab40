//! `failback restore check`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::super::options::Configured;
use super::super::page::Page;
use super::super::settings::Settings;
use super::super::table::Table;
use super::super::{Call, Exit, amount};
use super::Tools;
use crate::engine::{self, CheckedBackup, Grade};
use crate::error::{Error, ErrorKind, Result};

#[derive(Args)]
#[command(after_help = "\
Reading an archive to its end finds what is cut off, and what does not unpack. Every flipped bit is found by a checksum alone:
one that lies beside it (NAME.sha256), or one that is given.

Exit code 9: it can be read to its end, and leaves rows of tables out that it defines.")]
pub(super) struct Arguments {
    /// Backups, or folders of them
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The digest of the one backup, by SHA-256
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
    #[command(flatten)]
    tools: Tools,
    #[command(flatten)]
    pub(super) options: Configured,
}

#[derive(Serialize)]
struct Report {
    backups: Vec<CheckedBackup>,
}

/// Reads them.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let programs = arguments.tools.programs(call, &settings);
    let mut found = Vec::new();
    for file in &arguments.files {
        found.extend(engine::backups(file)?);
    }
    let wrong = |cause: &str| Error::new(ErrorKind::Usage, "check backups").because(cause.to_owned());
    if found.is_empty() {
        return Err(wrong("there is no backup there"));
    }
    if arguments.sha256.is_some() && found.len() > 1 {
        return Err(wrong("--sha256 is the digest of one backup, and several were named"));
    }
    let mut report = Report { backups: Vec::new() };
    for backup in found {
        call.printer.note(&format!("reading {} ({})", backup.name, amount::bytes(backup.bytes)));
        report.backups.push(engine::check_backup(&programs, &backup, arguments.sha256.as_deref()).await?);
    }
    let mut page = call.printer.page();
    tell(&mut page, &report);
    call.printer.result(&report, &page)?;
    let is_broken = report.backups.iter().any(|one| one.backup.grade == Grade::Failure);
    let is_partial = report.backups.iter().any(|one| !one.without_data.is_empty());
    Ok(if is_broken {
        Exit::Damaged
    } else if is_partial {
        Exit::LeftAside
    } else {
        Exit::Done
    })
}

fn tell(page: &mut Page, report: &Report) {
    let mut table = Table::new(&["backup", "grade", "#size", "#tables", "#rows", "checksum", "sha256"]);
    for one in &report.backups {
        let holds = match (one.checksum_holds, &one.backup.checksum) {
            (Some(true), _) => "holds",
            (Some(false), _) => "is another",
            (None, Some(_)) => "not compared",
            (None, None) => "not known",
        };
        table.row([
            one.backup.name.clone(),
            one.backup.grade.word().to_owned(),
            amount::bytes(one.backup.bytes),
            one.tables.len().to_string(),
            amount::count(one.rows()),
            holds.to_owned(),
            one.sha256.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    page.table(&table);
    let why = |one: &CheckedBackup| format!("{}: {}", one.backup.name, one.backup.why.join("; "));
    let of = |grade: Grade| report.backups.iter().filter(move |one| one.backup.grade == grade).map(why);
    page.list("cannot be restored:", of(Grade::Failure).map(|line| format!("! {line}")));
    page.list("to be known before they are relied on:", of(Grade::Warning));
    let uncounted = report.backups.iter().filter(|one| one.uncounted > 0);
    page.list(
        "not counted, as they are inserted row by row:",
        uncounted.map(|one| format!("{}: {}", one.backup.name, amount::plural(one.uncounted, "table", "tables"))),
    );
}
