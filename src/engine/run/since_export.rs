//! What failback.toml says otherwise now than when the run was exported. A run keeps what it was exported with; whoever edits
//! the file afterwards is told so.

use super::selection::Selection;
use crate::config::{NamedTimeColumns, TableSettings};
use crate::name::Ident;
use crate::schema::{Method, TimeColumn};
use crate::staging::{DatabaseRecord, Manifest, TableRecord};

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
