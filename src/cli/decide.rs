//! `failback decide`.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::addition::{Asked, Meant};
use super::fragment;
use super::lacking::{self, Lacking};
use super::options::WithOld;
use super::page::Page;
use super::picks_file::{self, ByFile};
use super::printer::Printer;
use super::resolved;
use super::ruling::{read_needed, read_resolution};
use super::settings::Settings;
use super::{Call, Exit, amount, conditions, run};
use crate::engine::{Met, MovedDecision, Tally, decisions_text, expect_columns, picks_text, read_decisions};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::nearest;
use crate::policy::{Addition, Change, Choices, Decisions, Resolution, Ruling, Scope, edit};
use crate::staging::{DiffIndex, Journal, JournalRecord, Manifest, layout};
use crate::store::{Store, host_files};

/// What an editor knows a decisions file by.
const SCHEMA: &str = include_str!("../../docs/decisions.schema.json");

/// Show or set what is done about each kind of difference
///
/// Without settings, or with --show: what is to be done about each class of the run, who said so, and how many rows it
/// affects. With settings: writes them into the run's decisions.toml, each with who, when and why; what they replace is kept
/// there as history, and comments survive. With --evidence: how much has to be known of a class before OLD is written for it;
/// rows of which less is known stay held. With * in --table, --rests-on, --changed, --where, --name or --expect: a rule,
/// for the rows that it means; the first rule that means a row is stronger than what is said of its class, and --row, which
/// picks rows by their keys, than any rule. Classes are insert, update, delete, old_only, ambiguous_missing_on_old,
/// ambiguous_deleted_on_old, ambiguous_missing_on_new, ambiguous_differs, drift, insert_exists, update_origin_differs,
/// update_deleted, update_missing, delete_origin_differs, or several at once: conflict, ambiguous. Resolutions are apply_new,
/// keep_old, hold, skip, last_update_wins, first_update_wins, column_merge, coalesce. Evidence, from the strongest to the
/// weakest: log, base, baseline, ledger, xid, xid_by_hand, xid_estimated, column, two_way.
#[derive(Args)]
#[expect(clippy::doc_markdown, reason = "this is the help on a terminal, where backticks are noise")]
#[command(after_help = "\
Examples:
  failback decide
  failback decide conflict=keep_old --why 'OLD is in use since the rollback'
  failback decide --table public.orders delete=apply_new insert_exists=skip \\
      --why 'agreed with finance' --by ada
  failback decide --table 'billing.*' --changed status conflict=keep_old --expect --dry-run
  failback decide --table public.users --row id=42 --row id=43 keep_old --why 'both were asked'
  failback decide --import picks-20261122T081530Z-7f3a.toml --dry-run
  failback decide --export rows.csv --table public.users --class conflict
  failback decide --import rows.csv --why 'support went through them'
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
    /// Decide for this table only; with * for any text: for all that it means
    #[arg(long, value_name = "SCHEMA.TABLE")]
    pub(super) table: Option<String>,
    /// Decide for the table in this database only
    #[arg(long, value_name = "DB", requires = "table")]
    pub(super) database: Option<String>,
    /// Say what would change, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print the JSON Schema of decisions.toml
    #[arg(long, conflicts_with_all = ["settings", "evidence", "show"])]
    pub(super) schema: bool,
    /// The reason; reports repeat it
    #[arg(long, value_name = "TEXT")]
    pub(super) why: Option<String>,
    /// Who decided [default: the user of this machine]
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<String>,
    #[command(flatten)]
    meant: Meant,
    #[command(flatten)]
    by_file: ByFile,
    #[command(flatten)]
    pub(super) options: WithOld,
}

/// Shows or sets decisions.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    if arguments.schema {
        Printer::piece(SCHEMA)?;
        return Ok(Exit::Done);
    }
    let settings = Settings::read(call, &arguments.options, None)?;
    let (table, database) = (arguments.table.as_ref(), arguments.database.as_ref());
    if let Some(path) = &arguments.by_file.export {
        return picks_file::export(call, &settings, (path, &arguments.by_file, &arguments.meant), (table, database));
    }
    let asked = Asked { meant: &arguments.meant, table, database, settings: &arguments.settings };
    let adds = asked.adds() || arguments.by_file.import.is_some();
    expect_alone(arguments, adds)?;
    if !adds && arguments.settings.is_empty() && arguments.evidence.is_empty() {
        return resolved::show(call, &settings, &run::open(&settings)?).await;
    }
    let (store, _lock) = run::open_for_writing(&settings)?;
    let scope = if adds { Scope::Defaults } else { scope(&store, arguments)? };
    let (before, mut text, mut picks) = (read_decisions(&store)?, decisions_text(&store)?, None);
    let (by, at) = (signer(call, arguments.by.as_ref()), now());
    let mut written: Written = Vec::new();
    let (mut examples, mut journal): (_, Option<Vec<String>>) = (Vec::new(), None);
    if adds {
        let sign = |resolution: Resolution| {
            let (why, by, at) = (arguments.why.clone(), by.clone(), at.clone());
            Addition { resolution, choices: Choices::default(), fingerprint: None, why, by, at }
        };
        let added = match &arguments.by_file.import {
            Some(path) if path.extension().is_some_and(|extension| extension == "toml") => {
                Some(fragment::import(&store, (path, arguments.why.as_ref()), &text, &sign)?)
            }
            Some(path) => picks_file::import(&store, (path, arguments.why.as_ref()), &text, &sign)?,
            None => Some(asked.add((call, &settings), &store, &text, &sign).await?),
        };
        if let Some(added) = added {
            (text, examples, journal, picks) = (added.text, added.examples, Some(added.journal), added.picks);
            written.push((added.section.to_owned(), added.said));
        }
    } else {
        (text, written) = of_classes(text, arguments, &scope, &by, &at)?;
    }
    let list = picks.clone().map_or_else(|| picks_text(&store), Ok)?;
    let after = Decisions::parse(&text, layout::DECISIONS)?.and_picks(&list, layout::PICKS)?;
    if store.exists(layout::MANIFEST)? {
        expect_columns(&*Manifest::read(&store)?, &after)?;
    }
    let met = conditions::asked(call, &settings, &[&before, &after]).await?;
    // What a decision comes to is looked up first: nothing is decided about a run whose files are damaged.
    let report = Changed {
        run: store.location(),
        section: written.first().filter(|_| adds).map_or_else(|| scope.to_string(), |(section, _)| section.clone()),
        dry_run: arguments.dry_run,
        examples,
        changes: resolved::changes(&store, &before, &after, &met)?,
        notes: notes(&store, &after)?,
        wanting: wanting(&store, &after, &met)?,
    };
    let has_effect = has_effect(&store)?;
    let mut page = page(call, &report, &written);
    if !arguments.dry_run && !written.is_empty() {
        if let Some(picks) = &picks {
            store.write(layout::PICKS, picks.as_bytes())?;
        }
        write_down(&store, &text, written, journal.as_deref(), &by)?;
        met.write(&store)?;
    }
    page.next(if has_effect { settings.steps("plan", &[]) } else { settings.steps_to_new_run(&store)? });
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

/// Refuses evidence beside decisions about rows.
fn expect_alone(arguments: &Arguments, adds: bool) -> Result<()> {
    if !adds || arguments.evidence.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Usage, "read the decision")
        .because("the evidence that a class needs is said of tables by their whole names")
        .next("give --evidence in a command of its own, with a table's name or none"))
}

/// Lays out what is decided anew.
fn page(call: &Call, report: &Changed, written: &Written) -> Page {
    let mut page = call.printer.page();
    let did = if report.dry_run { "would be written" } else { "written" };
    for (section, settings) in written {
        let of = if section == layout::PICKS { "" } else { " of decisions.toml" };
        page.list(&format!("{did} to {section}{of}:"), settings);
    }
    if written.is_empty() {
        page.line("nothing is new: every line of the file that has a resolution is decided so");
    }
    page.list("which means, for example:", &report.examples);
    page.list(
        "which changes:",
        report.changes.iter().map(|one| {
            let rows = amount::rows(one.rows);
            let columns = if one.columns.is_empty() { String::new() } else { format!(", {}", one.columns) };
            format!("{}: {}: {}: {} -> {}{columns} ({rows})", one.database, one.table, one.class, one.from, one.to)
        }),
    );
    page.list("held for want of evidence:", report.wanting.iter().flat_map(Lacking::sentences));
    page.list("notes:", &report.notes);
    page
}

/// What was written to each section, for people.
pub(super) type Written = Vec<(String, Vec<String>)>;

/// Decides what the command line says of classes; returns the text with it.
fn of_classes(mut text: String, arguments: &Arguments, scope: &Scope, by: &str, at: &str) -> Result<(String, Written)> {
    let mut written: Written = Vec::new();
    let read_setting = |text: &String| read_resolution(text).map(|(setting, resolution)| (setting, Ruling::Do(resolution)));
    let rulings = arguments.settings.iter().map(|text| (text, read_setting(text)));
    for (said, ruling) in rulings.chain(arguments.evidence.iter().map(|text| (text, read_needed(text)))) {
        let (setting, ruling) = ruling?;
        let (why, by, at) = (arguments.why.clone(), by.to_owned(), at.to_owned());
        let change = Change { scope: scope.clone(), setting, ruling, why, by, at };
        text = edit(&text, &change)?;
        match written.iter_mut().find(|(section, _)| *section == change.section()) {
            Some((_, settings)) => settings.push(said.clone()),
            None => written.push((change.section(), vec![said.clone()])),
        }
    }
    Ok((text, written))
}

/// Returns who decides: whoever was named, else the user of this machine.
pub(super) fn signer(call: &Call, given: Option<&String>) -> String {
    let named =
        || ["USER", "LOGNAME"].iter().find_map(|name| call.environment.get(name).filter(|name| !name.trim().is_empty()));
    given.cloned().or_else(|| named().map(str::to_owned)).unwrap_or_else(host_files::acting_user)
}

/// Writes the decisions, and what was done into the journal.
pub(super) fn write_down(store: &dyn Store, text: &str, written: Written, journal: Option<&[String]>, by: &str) -> Result<()> {
    let decisions_blake3 = store.write(layout::DECISIONS, text.as_bytes())?.blake3;
    for (section, settings) in written {
        let settings = journal.map_or(settings, <[String]>::to_vec);
        let (decisions_blake3, by) = (decisions_blake3.clone(), by.to_owned());
        JournalRecord::Decided { decisions_blake3, section, settings, by }.append(store)?;
    }
    Ok(())
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
fn wanting(store: &dyn Store, decisions: &Decisions, met: &Met) -> Result<Vec<Lacking>> {
    if !store.exists(layout::DIFF)? {
        return Ok(Vec::new());
    }
    let (manifest, index) = (Manifest::read(store)?, DiffIndex::read(store)?);
    Ok(lacking::lacking(&Tally::of(store, (&manifest, &index), decisions, met)?))
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
    /// Nothing was written.
    dry_run: bool,
    /// Some of the rows that a rule means.
    examples: Vec<String>,
    changes: Vec<MovedDecision>,
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

/// Returns the instant at which a decision is signed.
pub(super) fn now() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
