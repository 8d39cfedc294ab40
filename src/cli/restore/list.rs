//! `failback restore list`.

use clap::Args;
use serde::Serialize;

use super::super::options::Configured;
use super::super::page::Page;
use super::super::settings::{Settings, shell_word};
use super::super::step::Step;
use super::super::table::Table;
use super::super::{Call, Exit, amount};
use super::source::Source;
use crate::engine::{self, Backup, Grade};
use crate::error::Result;

#[derive(Args)]
#[command(after_help = "\
A backup shows its database as it was when the dump began, and is chosen by when it ended: by when its file was last written.
What a file holds is read off its first bytes: pg_dump's archives (custom, directory, tar), scripts (.sql), and such by gzip
(.sql.gz). A digest by SHA-256 is looked for in NAME.sha256.")]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Choose the newest that ended before: as 2026-11-22T10:00:00+02:00, with its offset
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Databases to choose a backup of, with commas between [default: all that backups say they are of]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    databases: Vec<String>,
    #[command(flatten)]
    pub(super) options: Configured,
}

#[derive(Serialize)]
struct Report {
    source: String,
    backups: Vec<Backup>,
    chosen: Vec<Chosen>,
}

#[derive(Serialize)]
struct Chosen {
    database: String,
    backup: Backup,
}

/// Lists, and chooses.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let at = arguments.at.as_deref().map(engine::point_of_time).transpose()?;
    let backups = arguments.source.backups(call, &settings).await?;
    let chosen = at.map(|at| engine::choose(&backups, at, &arguments.databases)).transpose()?.unwrap_or_default();
    let chosen = chosen.into_iter().map(|(database, backup)| Chosen { database, backup }).collect();
    let report = Report { source: arguments.source.source.clone(), backups, chosen };
    let mut page = call.printer.page();
    tell(&mut page, &report);
    page.next(next(&settings, arguments, &report)?);
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

fn tell(page: &mut Page, report: &Report) {
    if report.backups.is_empty() {
        page.line("there is no backup");
        return;
    }
    let mut table =
        Table::new(&["backup", "grade", "ended", "#size", "form", "database", "pg_dump", "server", "tier", "checksum"]);
    for one in &report.backups {
        table.row(row(one));
    }
    page.table(&table);
    let why = |one: &Backup| format!("{}: {}", one.name, one.why.join("; "));
    let of = |grade: Grade| report.backups.iter().filter(move |one| one.grade == grade).map(why);
    page.list("cannot be restored:", of(Grade::Failure).map(|line| format!("! {line}")));
    page.list("to be known before they are relied on:", of(Grade::Warning));
    let stamped = report.chosen.iter().map(|Chosen { database, backup }| {
        let begun = backup.stamped.as_ref();
        let begun = begun.map_or_else(String::new, |at| format!(", begun at {at} by the clock of the machine that dumped"));
        format!("{database}: {}, ended {}{begun}", backup.name, backup.ended)
    });
    page.list("chosen:", stamped);
}

fn row(one: &Backup) -> [String; 10] {
    let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
    // Behind the number it may say who packaged it.
    let version = |text: &Option<String>| or_dash(text.as_deref().and_then(|text| text.split_whitespace().next()));
    [
        one.name.clone(),
        one.grade.word().to_owned(),
        one.ended.to_string(),
        amount::bytes(one.bytes),
        or_dash(one.form.map(engine::Form::word)),
        or_dash(one.database.as_deref()),
        version(&one.dumped_by),
        version(&one.server),
        or_dash(one.tier.as_deref()),
        or_dash(one.checksum.as_ref().map(|checksum| checksum.by.as_str())),
    ]
}

fn next(settings: &Settings, arguments: &Arguments, report: &Report) -> Result<Vec<Step>> {
    let (Some(at), false) = (&arguments.at, report.chosen.is_empty()) else { return Ok(Vec::new()) };
    if arguments.source.container()?.is_none() {
        let places: Vec<_> = report.chosen.iter().map(|one| shell_word(&one.backup.place)).collect();
        return Ok(vec![Step::Run(settings.restore_command("check", &places))]);
    }
    let names: Vec<_> = report.chosen.iter().map(|one| one.database.as_str()).collect();
    let source = shell_word(&report.source);
    let more = [source, "--at".to_owned(), shell_word(at), "--databases".to_owned(), shell_word(&names.join(","))];
    let more: Vec<_> = more.into_iter().chain(["--into backups".to_owned()]).collect();
    Ok(vec![Step::Run(settings.restore_command("fetch", &more))])
}
