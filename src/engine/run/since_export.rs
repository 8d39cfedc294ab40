//! What failback.toml says otherwise now than when the run was exported. A run keeps what it was exported with; whoever edits
//! the file afterwards is told so.

use std::collections::BTreeSet;

use super::context::Context;
use super::selection::Selection;
use crate::config::{NamedTimeColumns, TableSettings};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Ident, Side};
use crate::pg::{ServerIdentity, sqlstate};
use crate::schema::{Method, TimeColumn};
use crate::staging::{AskedEvidence, DatabaseRecord, Manifest, TableRecord};

/// Expects that what is asked for now is what the run was exported with: other databases, other tables, another cutover want a
/// run of their own.
///
/// # Errors
/// `Refused` where anything differs; `Damaged` where the run's files cannot be read.
pub fn expect_as_exported(context: &Context) -> Result<()> {
    match other_than_exported(context, &*Manifest::read(context.store())?)? {
        None => Ok(()),
        Some(cause) => Err(Error::new(ErrorKind::Refused, "go on with the run")
            .at(context.run())
            .because(cause)
            .next("ask for what it was exported with; or leave --run out, or name another folder, to make a new run")),
    }
}

/// Says what is asked for now that a run was not exported with, if anything.
fn other_than_exported(context: &Context, manifest: &Manifest) -> Result<Option<String>> {
    let selection = context.selection();
    let mut found = edited_since_export(selection, manifest);
    found.extend(other_databases(selection, manifest));
    let tables = manifest.databases.iter().flat_map(|one| &one.tables).map(|table| table.name.to_string());
    found.extend(
        tables
            .into_iter()
            .find(|name| !selection.wants(name))
            .map(|name| format!("it was exported of {name} too, which is not asked for now")),
    );
    found.extend(left_out_then(selection, manifest));
    found.extend(other_evidence(context, manifest)?);
    Ok(found.into_iter().next())
}

/// Says of which databases an export is that are not those that are asked for now.
pub(crate) fn other_databases(selection: &Selection, manifest: &Manifest) -> Option<String> {
    let then: BTreeSet<_> = manifest.databases.iter().map(|one| one.name.as_str()).collect();
    let aside: BTreeSet<_> = manifest.databases_aside.iter().map(|one| one.name.as_str()).collect();
    let now: BTreeSet<_> = selection.databases().iter().map(String::as_str).collect();
    let is_same =
        now.is_empty() || (then.is_subset(&now) && now.iter().all(|name| then.contains(name) || aside.contains(name)));
    let named = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
    (!is_same).then(|| format!("it was exported of {}, and {} are asked for now", named(then), named(now)))
}

/// Expects NEW to be the server that the run was exported from, as far as it can be asked: a run is gone on with without it,
/// but not beside another one.
///
/// # Errors
/// `Refused` where it is another server; `Damaged` where the run's files cannot be read.
pub async fn expect_same_new(context: &Context) -> Result<()> {
    let manifest = Manifest::read(context.store())?;
    for database in &manifest.databases {
        let asked = async { context.servers().connect(Side::New, &database.name).await?.identity().await };
        let cause = match asked.await {
            Ok(now) if is_another(&now, &database.new) => "is another server than the one that was exported from",
            Err(error) if sqlstate(&error) == Some(NO_DATABASE) => "has no such database: it is not what was exported from",
            Ok(_) | Err(_) => continue,
        };
        let address = context.servers().endpoint(Side::New).address();
        return Err(Error::new(ErrorKind::Refused, "go on with the run")
            .at(context.run())
            .because(format!("NEW at {address} {cause} (database {})", database.name))
            .next("name the NEW that it was exported from; or leave --run out, or name another folder, to make a new run"));
    }
    Ok(())
}

/// What a server says that has no database of a name.
const NO_DATABASE: &str = "3D000";

/// Whether a server is another one, as far as both say which they are. A standby of it, or a later timeline, is not.
fn is_another(now: &ServerIdentity, then: &ServerIdentity) -> bool {
    match (&now.system_identifier, &then.system_identifier) {
        (Some(now), Some(then)) => now != then,
        _ => false,
    }
}

/// Names a table that is asked for now and was left out by choice.
fn left_out_then(selection: &Selection, manifest: &Manifest) -> Option<String> {
    let by_choice = manifest.databases.iter().flat_map(|database| {
        let names = database.left_out.iter().filter(|left_out| left_out.by_choice).map(|left_out| left_out.name.to_string());
        names.map(|name| (&database.name, name))
    });
    let is_skipped = |database: &str, name: &str| selection.table(database, name).method == Some(Method::Skip);
    let mut asked = by_choice.filter(|(database, name)| selection.wants(name) && !is_skipped(database, name));
    let (_, name) = asked.next().filter(|_| selection.asks_tables())?;
    Some(format!("it was exported without {name}, which is asked for now"))
}

/// Says which evidence is named now that the export did not go by: its rows are judged by what was read then.
pub(crate) fn other_evidence(context: &Context, manifest: &Manifest) -> Result<Option<String>> {
    let now = context.asked_evidence()?;
    let (named, reason) = match &manifest.asked_evidence {
        Some(then) => (now.beside(then), "it was not exported by what is named now with"),
        None => (
            now.beside(&AskedEvidence::default()),
            "an earlier failback exported it, and did not write down whether it went by",
        ),
    };
    Ok((!named.is_empty()).then(|| format!("{reason} {} (or in failback.toml)", named.join(", "))))
}

/// Lists what is stated and differs, as sentences; what is not stated now cannot.
pub(crate) fn edited_since_export(selection: &Selection, manifest: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    let mut tell = |what: &str, then: &str, now: &str| {
        found.push(format!(
            "{what} was {then} when this run was exported, and is stated as {now} now: the run keeps {then}; for {now} make a \
             new run with `failback export`"
        ));
    };
    if let Some(cutover) = selection.cutover().ok().filter(|cutover| cutover.micros() != manifest.cutover_us) {
        tell("the cutover", &manifest.cutover, cutover.text());
    }
    if selection.has_overlap() && selection.overlap_us() != manifest.overlap_us {
        let seconds = |us: i64| format!("{}s", us / 1_000_000);
        tell("the overlap", &seconds(manifest.overlap_us), &seconds(selection.overlap_us()));
    }
    let zone = selection.zone();
    let wall_clocks = || manifest.databases.iter().flat_map(|one| &one.tables).any(|table| !table.wall_clocks.is_empty());
    if selection.has_zone() && (zone.name() != manifest.zone || wall_clocks()) {
        let then = if wall_clocks() { "not stated" } else { manifest.zone.as_str() };
        tell("the zone", then, zone.name());
    }
    for (database, table) in manifest.databases.iter().flat_map(|one| one.tables.iter().map(move |table| (one, table))) {
        let edited = edited_settings(database, table, selection);
        if !edited.is_empty() {
            found.push(format!(
                "{}: {}: {} in failback.toml differ from what this run was exported with: the run keeps that; for what is \
                 stated now make a new run with `failback export`",
                database.name,
                table.name,
                edited.join(", ")
            ));
        }
    }
    found
}

/// Names the settings of a table's section that the run does not follow and could.
fn edited_settings(database: &DatabaseRecord, table: &TableRecord, selection: &Selection) -> Vec<&'static str> {
    let settings = selection.table(&database.name, &table.name.to_string());
    let names = |column: &Option<TimeColumn>| column.as_ref().map(|column| column.name.clone());
    let differs = |named: &NamedTimeColumns, column: &Option<TimeColumn>| {
        named.stated && names(column).is_some_and(|name| !named.names.iter().any(|known| *known == name.as_str()))
    };
    let key = || table.key.names();
    let has_other_key = settings.key.as_ref().is_some_and(|names| !same_names(names, &key()));
    let tests = [
        ("method", has_other_method(&settings, table)),
        ("key", has_other_key),
        ("created", differs(&settings.created, &table.times.created)),
        ("updated", differs(&settings.updated, &table.times.updated)),
    ];
    tests.into_iter().filter(|(_, is_other)| *is_other).map(|(word, _)| word).collect()
}

fn has_other_method(settings: &TableSettings, table: &TableRecord) -> bool {
    match settings.method {
        None => false,
        Some(Method::Skip) => true,
        Some(Method::Compare) => table.stamps_prove,
        // One that cannot be followed was said to be so at the export.
        Some(method) => method != table.method && !table.times.is_empty() && !table.key.is_whole_row(),
    }
}

fn same_names(left: &[String], right: &[Ident]) -> bool {
    left.len() == right.len() && left.iter().all(|name| right.iter().any(|other| other.as_str() == name))
}
