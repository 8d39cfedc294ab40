//! Rows that are picked by a file: a line for each, written for a person to fill in, and read again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::addition::{Added, Meant};
use super::settings::{Settings, shell_word};
use super::{Call, Exit, amount, run};
use crate::engine::{
    Cell, Filter, Met, Review, ShownColumn, ShownRow, Tally, Window, expect_columns, picks_text, read_decisions,
};
use crate::error::{Error, ErrorKind, Result};
use crate::policy::{
    Addition, Choice, Decisions, PickLine, PickedRow, Resolution, RowPick, SelectorWords, append_rows, pick_head, pick_line,
    read_picks, without_rows, write_picks,
};
use crate::staging::{DiffIndex, Manifest, layout};
use crate::store::{LocalStore, Store, fault_of_write, host_files};

/// More picks than these go to the list beside decisions.toml, which people read.
const IN_THE_FILE: usize = 1000;

/// Picks of many rows by a file.
#[derive(Args)]
#[command(next_help_heading = "Many rows by a file")]
pub(super) struct ByFile {
    /// Write the rows that are meant into a new CSV file, a line each, for a resolution to be filled in
    #[arg(long, value_name = "FILE", conflicts_with_all = ["settings", "evidence", "show", "row", "name", "expect", "dry_run"])]
    pub(super) export: Option<PathBuf>,
    /// Pick the rows of such a file, or (.toml) of one that the run's report.html gave out; lines without a resolution say
    /// nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["settings", "evidence", "show", "row", "name", "expect", "export"])]
    #[arg(conflicts_with_all = ["rests_on", "changed", "table", "database"])]
    pub(super) import: Option<PathBuf>,
    /// Of these classes, with commas between; conflict and ambiguous stand for several
    #[arg(long, value_name = "CLASSES", value_delimiter = ',', requires = "export")]
    class: Vec<String>,
    /// Only rows that the plan holds
    #[arg(long, requires = "export")]
    held: bool,
}

#[derive(Serialize)]
struct Exported {
    run: String,
    file: String,
    /// Lines that were written.
    rows: u64,
    /// Rows whose key has no text, or is masked: no line can name them; and those whose picks hold a text for a masked column.
    left_out: u64,
}

/// Writes the rows that are meant into a new file.
pub(super) fn export(
    call: &Call,
    settings: &Settings,
    (path, by_file, meant): (&Path, &ByFile, &Meant),
    (table, database): (Option<&String>, Option<&String>),
) -> Result<Exit> {
    let store = run::open(settings)?;
    let (mask, _) = run::mask(settings, &store)?;
    let review = Review::open(&store, &mask)?;
    let words = SelectorWords {
        databases: database.into_iter().cloned().collect(),
        tables: table.map(|name| review.find(name)).transpose()?.into_iter().collect(),
        classes: by_file.class.clone(),
        evidence: meant.rests_on().to_vec(),
        changed: meant.changed().to_vec(),
    };
    let filter = Filter { selector: words.read().map_err(usage)?, held: by_file.held, ..Filter::default() };
    let decisions = read_decisions(&store)?;
    let picks: BTreeMap<_, _> = decisions.picks().iter().map(|pick| (row_of(pick), pick)).collect();
    let (folder, name) = place(path)?;
    if folder.exists(name)? {
        return Err(Error::new(ErrorKind::Refused, "write the rows").at(path.display()).because("there is a file already"));
    }
    let mut file = folder.create_file(name)?;
    let mut put = |text: &str| {
        file.write_all(text.as_bytes()).map_err(|error| fault_of_write("write the rows", &path.display().to_string(), error))
    };
    put(&pick_head())?;
    let (mut rows, mut left_out) = (0, 0);
    review.rows(&filter, Window { offset: 0, limit: None }, &mut |row| {
        let Some(key) = texts(&row) else {
            left_out += 1;
            return Ok(());
        };
        let of = |database: Option<String>| picks.get(&(database, row.table.clone(), key.clone())).copied();
        // What was picked when it was another row is to be said again, not taken over.
        let is_of_now = |pick: &&RowPick| pick.fingerprint.as_ref().is_none_or(|was| *was == row.picked_by.fingerprint);
        let pick = of(Some(row.database.clone())).or_else(|| of(None)).filter(is_of_now);
        if pick.is_some_and(|pick| sets_what_is_masked(&row, pick)) {
            left_out += 1;
            return Ok(());
        }
        let pairs = row.key.iter().filter_map(|(name, _)| Some((name.as_str(), key.get(name)?.as_str())));
        rows += 1;
        put(&pick_line((Some(&row.database), &row.table), pairs, (Some(row.class), Some(&row.picked_by.fingerprint)), pick))
    })?;
    file.commit()?;
    let report = Exported { run: store.location(), file: path.display().to_string(), rows, left_out };
    let mut page = call.printer.page();
    page.line(format!("{} written to {}", amount::rows(rows), report.file));
    if left_out > 0 {
        let why = "whose keys are masked or have no text, or whose picks set what is masked";
        page.line(format!("left out: {}, {why}", amount::rows(left_out)));
    }
    page.line("fill in `resolution`, and `why` as you like; a line without a resolution says nothing");
    page.line("single columns: `columns` as status=old,total=base; `set` as note='paid twice'; `set_null` as dunned_at");
    page.next(settings.steps("decide", &["--import".to_owned(), shell_word(&report.file)]));
    call.printer.result(&report, &page)?;
    Ok(Exit::Done)
}

/// The key's columns with their texts; nothing where one is not shown.
fn texts(row: &ShownRow) -> Option<BTreeMap<String, String>> {
    let pair = |(name, cell): &(String, Cell)| match cell {
        Cell::Text(text) => Some((name.clone(), text.clone())),
        _ => None,
    };
    row.key.iter().map(pair).collect()
}

/// Whether a pick holds a text for a column of the row that is masked.
fn sets_what_is_masked(row: &ShownRow, pick: &RowPick) -> bool {
    let is_text = |choice: &Choice| matches!(choice, Choice::Text(_) | Choice::Sql(_));
    let is_set = |name: &String| pick.choices.0.get(name).is_some_and(|chosen| is_text(&chosen.choice));
    let is_masked = |column: &ShownColumn| [&column.old, &column.new].contains(&&Cell::Masked);
    row.columns.iter().any(|column| is_masked(column) && is_set(&column.name))
}

fn place(path: &Path) -> Result<(LocalStore, &str)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str());
    Ok((LocalStore::open(folder)?, name.ok_or_else(|| usage(format!("{} is the name of no file", path.display())))?))
}

/// Which row a pick is about.
fn row_of(pick: &RowPick) -> (Option<String>, String, BTreeMap<String, String>) {
    (pick.database.clone(), pick.table.clone(), pick.key.clone())
}

/// Adds the picks of a file, all or none; nothing where every line of it is decided so already.
pub(super) fn import(
    store: &dyn Store,
    (path, why): (&Path, Option<&String>),
    text: &str,
    sign: &dyn Fn(Resolution) -> Addition,
) -> Result<Option<Added>> {
    let lines = read_picks(&host_files::read_text(path)?, &path.display().to_string())
        .map_err(|error| error.next("mend the line: `failback decide --export` writes such files; nothing was decided"))?;
    let fingerprints = expect_rows(store, &lines)?;
    let before = read_decisions(store)?;
    let known: BTreeMap<_, _> = before.picks().iter().map(|pick| (row_of(pick), pick)).collect();
    let mut added: Vec<(PickedRow, Addition)> = Vec::new();
    let decided = lines.into_iter().zip(fingerprints).filter(|(line, _)| line.is_decided);
    for (PickLine { pick, says_choices, .. }, fingerprint) in decided {
        let why = pick.signature.why.clone().or_else(|| why.cloned());
        let of_any = || known.get(&(None, pick.table.clone(), pick.key.clone()));
        let known = known.get(&row_of(&pick)).or_else(of_any).filter(|known| known.resolution == pick.resolution);
        // A list without columns for it says nothing of what single columns get.
        let choices = match known {
            Some(known) if !says_choices => known.choices.clone(),
            _ => pick.choices.clone(),
        };
        let is_known = known.is_some_and(|known| {
            known.choices.says_as(&choices) && known.fingerprint == fingerprint && (why.is_none() || known.signature.why == why)
        });
        if !is_known {
            let row = (pick.database.clone(), pick.table.clone(), pick.key.into_iter().collect());
            added.push((row, Addition { choices, fingerprint, why, ..sign(pick.resolution) }));
        }
    }
    if added.is_empty() {
        return Ok(None);
    }
    let said = said(&added);
    let (text, picks) = if added.len() > IN_THE_FILE {
        (without_rows(text, &added)?, Some(listed(store, added)?))
    } else {
        (append_rows(text, &added)?, None)
    };
    let section = if picks.is_some() { layout::PICKS } else { "[[row]]" };
    Ok(Some(Added { text, section, journal: said.clone(), said, examples: Vec::new(), picks }))
}

/// Expects that each line means a row that differs and is as the line says, and that its resolution makes sense; returns the
/// rows' fingerprints.
fn expect_rows(store: &dyn Store, lines: &[PickLine]) -> Result<Vec<Option<String>>> {
    // What a line means is looked up whatever its row was.
    let picks: Vec<_> = lines.iter().map(|line| RowPick { fingerprint: None, ..line.pick.clone() }).collect();
    let decisions = Decisions::of_picks(picks);
    let (manifest, index) = (Manifest::read(store)?, DiffIndex::read(store)?);
    expect_columns(&manifest, &decisions)
        .map_err(|error| error.next("mend the line: it names columns of OLD's table; nothing was decided"))?;
    let tally = Tally::of(store, (&manifest, &index), &decisions, &Met::default())?;
    for (at, (line, (rows, class))) in lines.iter().zip(tally.picks.iter().zip(&tally.picked)).enumerate() {
        let fault = |cause: String| Error::new(ErrorKind::Usage, "read the picks").at(&line.pick.place).because(cause);
        let Some(class) = class.filter(|_| *rows > 0) else {
            let next = "`failback decide --export` writes the rows that differ; nothing was decided";
            return Err(fault(format!("no row that differs is {}", line.pick.title())).next(next));
        };
        if let Some(said) = line.class.filter(|said| *said != class) {
            let next = "the diff is another one now: look at the row with `failback show`; nothing was decided";
            return Err(fault(format!("the row is `{class}`, and the line says `{said}`")).next(next));
        }
        if *rows > 1 {
            let cause = format!("{rows} rows that differ are {}, each in a database of its own", line.pick.title());
            return Err(fault(cause).next("say in `database` which is meant; nothing was decided"));
        }
        if line.pick.fingerprint.is_some() && line.pick.fingerprint != tally.fingerprints[at] {
            let next = "look at the row with `failback show`, and write the lines anew; nothing was decided";
            return Err(fault("the row is another one than when the line was written".to_owned()).next(next));
        }
    }
    Ok(tally.fingerprints)
}

/// How many rows of each table are picked for what.
fn said(added: &[(PickedRow, Addition)]) -> Vec<String> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for ((_, table, _), Addition { resolution, .. }) in added {
        *counts.entry((table, resolution.word())).or_insert(0) += 1;
    }
    counts.into_iter().map(|((table, word), rows)| format!("{} of {table} {word}", amount::rows(rows))).collect()
}

/// The list of picks with more of them.
fn listed(store: &dyn Store, added: Vec<(PickedRow, Addition)>) -> Result<String> {
    let of = |((database, table, key), said): (PickedRow, Addition)| RowPick {
        place: String::new(),
        database,
        table,
        key: key.into_iter().collect(),
        resolution: said.resolution,
        choices: said.choices.clone(),
        fingerprint: said.fingerprint.clone(),
        signature: said.into(),
    };
    let added: Vec<_> = added.into_iter().map(of).collect();
    let rows: BTreeSet<_> = added.iter().map(row_of).collect();
    let known = read_picks(&picks_text(store)?, layout::PICKS)?.into_iter().map(|line| line.pick);
    let all: Vec<_> = known.filter(|pick| !rows.contains(&row_of(pick))).chain(added.iter().cloned()).collect();
    Ok(write_picks(&all))
}

fn usage(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Usage, "choose the rows").because(cause.into())
}
