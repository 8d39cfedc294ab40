//! `failback restore fetch`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::super::bars::Bars;
use super::super::options::Configured;
use super::super::settings::{Settings, shell_word};
use super::super::step::Step;
use super::super::{Call, Exit, run};
use super::source::Source;
use crate::engine::{self, Backup, Reporter};
use crate::error::{Error, ErrorKind, Result};

#[derive(Args)]
#[command(after_help = "\
A backup is fetched in pieces into NAME.part, held against the size and the MD5 that Azure has of it, and gets its name then.
Broken off, the same command goes on where it stopped. What was fetched bears the time that the blob was written at.")]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Of each database the newest that ended before, as 2026-11-22T10:00:00+02:00, with its offset
    #[arg(long, value_name = "TIME")]
    at: String,
    /// Databases, with commas between: a blob is of the one that its name begins with
    #[arg(long, value_name = "NAMES", value_delimiter = ',', required = true)]
    databases: Vec<String>,
    /// The folder to fetch into, which is made if there is none
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    #[command(flatten)]
    pub(super) options: Configured,
}

#[derive(Serialize)]
struct Report {
    fetched: Vec<Fetched>,
}

#[derive(Serialize)]
struct Fetched {
    database: String,
    backup: Backup,
    file: PathBuf,
}

/// Fetches.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let at = engine::point_of_time(&arguments.at)?;
    let Some(container) = arguments.source.container()? else {
        return Err(Error::new(ErrorKind::Usage, "fetch backups")
            .at(&arguments.source.source)
            .because("it is no container of Azure's: what is on this machine needs no fetching")
            .next("az://ACCOUNT/CONTAINER[/PREFIX] is one; `failback restore run` takes a folder as it is"));
    };
    let programs = super::azure(call, &settings);
    let chosen = engine::choose(&container.backups(&programs).await?, at, &arguments.databases)?;
    let reporter = Reporter::new(Arc::new(Bars::new(&call.printer)), call.stop.clone());
    run::folder(&arguments.into)?;
    let mut report = Report { fetched: Vec::new() };
    for (database, backup) in chosen {
        call.printer.note(&format!("fetching {}, which ended {}", backup.name, backup.ended));
        let file = container.fetch(&programs, &backup, &arguments.into, &reporter).await?;
        report.fetched.push(Fetched { database, backup, file });
    }
    let mut page = call.printer.page();
    let line = |one: &Fetched| format!("{}: {}, ended {}", one.database, one.file.display(), one.backup.ended);
    page.list("fetched:", report.fetched.iter().map(line));
    let folder = shell_word(&arguments.into.display().to_string());
    page.next([Step::Run(settings.restore_command("check", &[folder]))]);
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}
