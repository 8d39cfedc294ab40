//! `failback report`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::options::OfRun;
use super::settings::Settings;
use super::{Call, Exit, run};
use crate::config::{Mask, Quorum};
use crate::engine::{self, Caps};
use crate::error::{Error, ErrorKind, Result};
use crate::report::page;
use crate::staging::layout;
use crate::store::{LocalStore, Store};
use crate::text::amount;

/// Make one page of HTML that shows what the run has come to
///
/// Every diff, plan, merge, verify and undo writes report.html into the run's folder; this verb writes it anew, or elsewhere.
/// The page has the verdict, what was covered, the changes table by table, when they were made, conflicts, the rows as OLD and
/// NEW have them, decisions, warnings and digests. It is one file that asks for nothing by any address, and is for its owner
/// alone (0600): it contains production rows. Reads the run's files and nothing else: no server is asked.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback report
  failback report --redact public.users.email --redact '*.phone*' --out review.html
  failback report --no-values --out counts.html")]
pub(super) struct Arguments {
    /// Leave a column's values out, as schema.table.column, table.column or column, with * for any text; beside those that
    /// failback.toml masks
    #[arg(long, value_name = "COLUMN")]
    redact: Vec<String>,
    /// Leave all values out but the keys'
    #[arg(long)]
    no_values: bool,
    /// Write this file instead of report.html in the run's folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) options: OfRun,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    run: String,
    /// The page's file.
    file: String,
    bytes: u64,
    /// Rows in the page.
    rows: u64,
    /// Rows that differ and are not in it.
    left_out: u64,
    state: &'static str,
    verdict: String,
    /// Masks that hide nothing, and what else should be known before the page is handed on.
    notes: Vec<String>,
}

/// Makes the page.
pub(super) fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    let store = run::open(&settings)?;
    let (mut mask, notes) = run::mask(&settings, &store)?;
    for note in &notes {
        call.printer.note(note);
    }
    for column in &arguments.redact {
        mask = mask.hiding(column);
    }
    let quorum = settings.config.quorum();
    let caps = Caps { values: !arguments.no_values, ..Caps::default() };
    let written = match &arguments.out {
        Some(file) => {
            let (folder, name) = place(file)?;
            write(&store, (&folder, &name), (&mask, quorum), caps)?
        }
        None => write(&store, (&store, layout::REPORT), (&mask, quorum), caps)?,
    };
    for note in &written.notes {
        call.printer.note(note);
    }
    let mut page = call.printer.page();
    let size = amount::bytes(written.bytes);
    page.line(format!("{}: {size}, {} of those that differ", super::paint::tame(&written.file), amount::rows(written.rows)));
    if written.left_out > 0 {
        page.line(format!("{} more are in the run's files alone; the page says which", amount::rows(written.left_out)));
    }
    page.line(written.verdict.clone());
    page.line(if arguments.no_values {
        "it contains keys of production rows: keep it where these may be kept"
    } else {
        "it contains production rows: keep it where they may be kept"
    });
    call.printer.result(&written, &page)?;
    Ok(Exit::Done)
}

/// Writes the run's page anew at the end of a step. The step is done whatever comes of it.
pub(super) fn renew(call: &Call, settings: &Settings, store: &dyn Store) {
    let mask = run::mask(settings, store);
    let write_it = |mask: &Mask| write(store, (store, layout::REPORT), (mask, settings.config.quorum()), Caps::default());
    if let Err(error) = mask.and_then(|(mask, _)| write_it(&mask)) {
        let causes = error.causes().join("; ");
        call.printer.note(&format!(
            "{} was not written anew: {}: {causes}; `failback report` tries again",
            layout::REPORT,
            error.what()
        ));
    }
}

/// The same at the end of a step that may have failed with something written, or written down.
pub(super) fn renew_after<T>(call: &Call, settings: &Settings, store: &dyn Store, done: &Result<T>) {
    let kind = done.as_ref().err().map(Error::kind);
    if !matches!(kind, Some(ErrorKind::Refused | ErrorKind::Damaged | ErrorKind::Usage | ErrorKind::Config)) {
        renew(call, settings, store);
    }
}

fn write(run: &dyn Store, (folder, name): (&dyn Store, &str), (mask, quorum): (&Mask, &Quorum), caps: Caps) -> Result<Written> {
    let account = engine::account(run, mask, quorum, caps)?;
    let digest = folder.write(name, page(&account).as_bytes())?;
    let taken = account.taken();
    Ok(Written {
        run: account.run,
        file: Path::new(&folder.location()).join(name).display().to_string(),
        bytes: digest.bytes,
        rows: taken.rows,
        left_out: taken.left_out,
        state: account.state.word(),
        verdict: account.verdict.sentence,
        notes: account.notes,
    })
}

/// Finds a file's folder and its name.
fn place(file: &Path) -> Result<(LocalStore, String)> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        Error::new(ErrorKind::Usage, "find the page's file").at(file.display()).because("it is the name of no file")
    })?;
    Ok((LocalStore::open(folder)?, name.to_owned()))
}
