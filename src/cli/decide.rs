//! `failback decide`.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::lacking::{self, Lacking};
use super::options::Options;
use super::resolved::{self, ChangedRows};
use super::settings::Settings;
use super::waiting;
use super::{Call, Exit, amount, run};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::nearest;
use crate::policy::{Change, Decisions, Ruling, Scope, Setting, edit, read_evidence};
use crate::staging::{DiffIndex, Journal, JournalRecord, Manifest, layout};
use crate::store::{Store, host_files};

/// Show or set what is done about each kind of difference
///
/// Without settings, or with --show: what is to be done about each class of the run, who said so, and how many rows it
/// affects. With settings: writes them into the run's decisions.toml, each with who, when and why; what they replace is kept
/// there as history, and comments survive. With --evidence: how much has to be known of a class before OLD is written for it;
/// rows of which less is known stay held. Classes are insert, update, delete, old_only, ambiguous_missing_on_old,
/// ambiguous_deleted_on_old, ambiguous_missing_on_new, ambiguous_differs, drift, insert_exists, update_origin_differs,
/// update_deleted, update_missing, delete_origin_differs, or several at once: conflict, ambiguous. Resolutions are apply_new,
/// keep_old, hold, skip, last_update_wins, first_update_wins. Evidence, from the strongest to the weakest: log, base,
/// baseline, ledger, xid, xid_by_hand, xid_estimated, column, two_way.
#[derive(Args)]
#[expect(clippy::doc_markdown, reason = "this is the help on a terminal, where backticks are noise")]
#[command(after_help = "\
Examples:
  failback decide
  failback decide conflict=keep_old --why 'OLD is in use since the rollback'
  failback decide --table public.orders delete=apply_new insert_exists=skip \\
      --why 'agreed with finance' --by ada
  failback decide --evidence delete=column --why 'nobody moves rows without their stamps'")]
pub(super) struct Arguments {
    /// What to do about a class; none shows what is decided
    #[arg(value_name = "CLASS=RESOLUTION", conflicts_with = "show")]
    pub(super) settings: Vec<String>,
    /// The least evidence that a class needs before OLD is written for it
    #[arg(long, value_name = "CLASS=EVIDENCE", conflicts_with = "show")]
    pub(super) evidence: Vec<String>,
    /// Show what is decided
    #[arg(long)]
    pub(super) show: bool,
    /// Decide for this table only
    #[arg(long, value_name = "SCHEMA.TABLE")]
    pub(super) table: Option<String>,
    /// Decide for the table in this database only
    #[arg(long, value_name = "DB", requires = "table")]
    pub(super) database: Option<String>,
    /// The reason; reports repeat it
    #[arg(long, value_name = "TEXT")]
    pub(super) why: Option<String>,
    /// Who decided [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<String>,
    #[command(flatten)]
    pub(super) options: Options,
}

/// Shows or sets decisions.
pub(super) fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    let settings = Settings::read(call, &arguments.options, None)?;
    if arguments.settings.is_empty() && arguments.evidence.is_empty() {
        return resolved::show(call, &settings, &run::open(&settings)?);
    }
    let (store, _lock) = run::open_for_writing(&settings)?;
    let scope = scope(&store, arguments)?;
    let (before, mut text) = waiting::decisions(&store)?;
    let named =
        || ["USER", "LOGNAME"].iter().find_map(|name| call.environment.get(name).filter(|name| !name.trim().is_empty()));
    let by = arguments.by.clone().or_else(|| named().map(str::to_owned)).unwrap_or_else(host_files::acting_user);
    let at = now();
    let mut written: Vec<(String, Vec<String>)> = Vec::new();
    let rulings = arguments.settings.iter().map(|text| (text, read_setting(text)));
    for (said, ruling) in rulings.chain(arguments.evidence.iter().map(|text| (text, read_needed(text)))) {
        let (setting, ruling) = ruling?;
        let (why, by, at) = (arguments.why.clone(), by.clone(), at.clone());
        let change = Change { scope: scope.clone(), setting, ruling, why, by, at };
        text = edit(&text, &change)?;
        match written.iter_mut().find(|(section, _)| *section == change.section()) {
            Some((_, settings)) => settings.push(said.clone()),
            None => written.push((change.section(), vec![said.clone()])),
        }
    }
    let after = Decisions::parse(&text, layout::DECISIONS)?;
    // What a decision comes to is looked up first: nothing is decided about a run whose files are damaged.
    let report = Changed {
        run: store.location(),
        section: scope.to_string(),
        changes: resolved::changes(&store, &before, &after)?,
        notes: notes(&store, &after)?,
        wanting: wanting(&store, &after)?,
    };
    let has_effect = has_effect(&store)?;
    let decisions_blake3 = store.write(layout::DECISIONS, text.as_bytes())?.blake3;
    let mut page = call.printer.page();
    for (section, settings) in written {
        page.list(&format!("written to {section} of decisions.toml:"), &settings);
        let (decisions_blake3, by) = (decisions_blake3.clone(), by.clone());
        JournalRecord::Decided { decisions_blake3, section, settings, by }.append(&store)?;
    }
    page.list(
        "which changes:",
        report.changes.iter().map(|one| {
            let rows = amount::rows(one.rows);
            format!("{}: {}: {}: {} -> {} ({rows})", one.database, one.table, one.class, one.from, one.to)
        }),
    );
    page.list("held for want of evidence:", report.wanting.iter().flat_map(Lacking::sentences));
    page.list("notes:", &report.notes);
    page.next(if has_effect { settings.steps("plan", &[]) } else { settings.steps("export", &[]) });
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

/// Says what a person should know of decisions, and of which databases they come too late for.
fn notes(store: &dyn Store, decisions: &Decisions) -> Result<Vec<String>> {
    let mut notes = decisions.notes();
    let journal = Journal::read(store)?;
    notes.extend(journal.merged_databases().into_iter().map(|database| {
        format!(
            "! database {database} is merged: the decision changes nothing of that; for what was held there make a new run \
             with `failback export`, or take the merge back first with `failback undo`"
        )
    }));
    Ok(notes)
}

/// Lists what stays held for want of evidence; nothing where the run has no diff yet.
fn wanting(store: &dyn Store, decisions: &Decisions) -> Result<Vec<Lacking>> {
    if !store.exists(layout::DIFF)? {
        return Ok(Vec::new());
    }
    Ok(lacking::lacking(&*DiffIndex::read(store)?, decisions))
}

/// Whether any database of the run can still be planned anew, as far as the journal knows.
fn has_effect(store: &dyn Store) -> Result<bool> {
    let journal = Journal::read(store)?;
    let merged = journal.merged_databases();
    if merged.is_empty() {
        return Ok(true);
    }
    Ok(Manifest::read(store)?.databases.iter().any(|database| !merged.contains(database.name.as_str())))
}

/// What was decided anew.
#[derive(Serialize)]
struct Changed {
    run: String,
    section: String,
    changes: Vec<ChangedRows>,
    notes: Vec<String>,
    /// What stays held although it is decided.
    wanting: Vec<Lacking>,
}

/// Finds the section that the arguments mean.
///
/// # Errors
/// `Usage` where the run has no such table: a decision for it would decide nothing.
fn scope(store: &dyn Store, arguments: &Arguments) -> Result<Scope> {
    let Some(table) = arguments.table.clone() else { return Ok(Scope::Defaults) };
    let manifest = Manifest::read(store)?;
    let mut names = Vec::new();
    for database in manifest.databases.iter().filter(|one| arguments.database.as_ref().is_none_or(|name| *name == one.name)) {
        names.extend(database.tables.iter().map(|table| table.name.to_string()));
    }
    if let Some(database) = arguments.database.as_ref().filter(|name| manifest.database(name).is_none()) {
        return Err(unknown("database", database, manifest.databases.iter().map(|database| database.name.as_str())));
    }
    if !names.contains(&table) {
        return Err(unknown("table", &table, names.iter().map(String::as_str)));
    }
    Ok(match arguments.database.clone() {
        Some(database) => Scope::DatabaseTable { database, table },
        None => Scope::Table { table },
    })
}

fn unknown<'n>(noun: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Error {
    let error = Error::new(ErrorKind::Usage, format!("find the {noun} to decide for"))
        .because(format!("the run carries no {noun} `{name}`"));
    match nearest(name, known) {
        Some(meant) => error.next(format!("did you mean `{meant}`?")),
        None => error.next("`failback decide --show` lists the tables with differences"),
    }
}

/// Reads `class=resolution`.
fn read_setting(text: &str) -> Result<(Setting, Ruling)> {
    let (setting, resolution) = split(text, "write CLASS=RESOLUTION, as in conflict=keep_old")?;
    Ok((setting.parse()?, Ruling::Do(resolution.parse()?)))
}

/// Reads `class=evidence`.
fn read_needed(text: &str) -> Result<(Setting, Ruling)> {
    let (setting, evidence) = split(text, "write CLASS=EVIDENCE, as in delete=column")?;
    let unknown = |cause| Error::new(ErrorKind::Usage, "read the evidence").because(cause);
    Ok((setting.parse()?, Ruling::Needs(read_evidence(evidence).map_err(unknown)?)))
}

fn split<'t>(text: &'t str, example: &str) -> Result<(&'t str, &'t str)> {
    let (setting, ruling) = text.split_once('=').ok_or_else(|| {
        Error::new(ErrorKind::Usage, "read the decision").because(format!("`{text}` has no `=`")).next(example)
    })?;
    Ok((setting.trim(), ruling.trim()))
}

fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::Evidence;
    use crate::policy::Resolution;

    #[test]
    fn settings_are_read() {
        assert_eq!(read_setting("conflict = keep_old").unwrap(), (Setting::Conflict, Ruling::Do(Resolution::KeepOld)));
        assert_eq!(read_needed("conflict = xid").unwrap(), (Setting::Conflict, Ruling::Needs(Evidence::Xid)));
        assert_eq!(read_needed("delete=colum").unwrap_err().causes(), ["unknown evidence `colum`; did you mean `column`?"]);
        assert_eq!(read_setting("delete").unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(read_setting("delte=hold").unwrap_err().causes(), ["unknown class `delte`; did you mean `delete`?"]);
    }
}
