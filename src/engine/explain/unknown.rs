//! Why a row is not among the differences of a run.

use super::report::UnknownRow;
use crate::codec::{BatchEncoder, RowLayout, Shown};
use crate::delta::Class;
use crate::engine::rows::{key_layout, key_positions, view};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::schema::{Covered, Method};
use crate::staging::{DatabaseRecord, Manifest, Segment, SegmentReader, TableDiff, TableRecord};
use crate::store::Store;

/// How many rows are read at a time.
const BATCH_ROWS: usize = 1 << 9;

/// Where a database has a table of a name.
pub(super) enum Place<'a> {
    /// It is carried.
    Carried(&'a DatabaseRecord, &'a TableRecord),
    /// It is not.
    Aside(Box<UnknownRow>),
}

/// Finds the tables of a name, with or without the schema, in some databases; all where none is named.
pub(super) fn places<'a>(manifest: &'a Manifest, databases: &[String], name: &str) -> Vec<Place<'a>> {
    let is_it = |full: String, short: &str| full == name || short == name;
    let mut found = Vec::new();
    for database in &manifest.databases {
        if !databases.is_empty() && !databases.contains(&database.name) {
            continue;
        }
        let aside = |reason: String| {
            Place::Aside(Box::new(UnknownRow { database: database.name.clone(), reasons: vec![reason], now: None }))
        };
        let carried = database.tables.iter().filter(|table| is_it(table.name.to_string(), table.name.name.as_str()));
        found.extend(carried.map(|table| Place::Carried(database, table)));
        let new_only = database.new_only.iter().filter(|table| is_it(table.name.to_string(), table.name.name.as_str()));
        found.extend(
            new_only.map(|table| {
                aside(format!("OLD has no table {}: all of NEW's rows are staged, and none is carried", table.name))
            }),
        );
        let left_out = database.left_out.iter().filter(|one| is_it(one.name.to_string(), one.name.name.as_str()));
        found.extend(left_out.map(|one| aside(format!("{} on {} is not carried: {}", one.name, one.side, one.reason))));
    }
    found
}

/// Says why a row of a table that is carried may not be among its differences. `is_spelt` says whether the key was read from a
/// server's row, so that it is spelt as the run's files would spell it.
///
/// # Errors
/// `Damaged` where a staged file is not what was written.
pub(super) fn reasons(
    store: &dyn Store,
    (table, diff): (&TableRecord, Option<&TableDiff>),
    key: &[String],
    is_spelt: bool,
) -> Result<Vec<String>> {
    let staged = has(store, table, (&table.candidates, &table.layout), key)?;
    let absent = has(store, table, (&table.absent, &key_layout(&table.key)), key)?;
    let settled = |class: Class| diff.map_or(0, |diff| diff.counts.get(class)) > 0;
    if staged || absent {
        let what = if staged { "NEW's row was staged" } else { "NEW's missing row was staged" };
        let how = match (settled(Class::Convergent), settled(Class::Unchanged)) {
            (true, false) => "`convergent`: both sides have it alike by now",
            (false, true) => "`unchanged`: neither side changed it",
            _ => "`convergent` or `unchanged`: both sides have it alike, or neither changed it",
        };
        return Ok(vec![format!("{what}, and the diff found it {how}")]);
    }
    let by_method = by_method(table);
    let mut said = if is_spelt {
        vec![format!("it was not staged: {by_method}")]
    } else {
        let spelling = "the run's files know a key only in the spelling that `failback show` prints (1 is not 1.0)";
        vec![format!("no row with its key in this spelling was staged: {by_method}"), spelling.to_owned()]
    };
    let sorts =
        [("inserted", &table.coverage.insert), ("updated", &table.coverage.update), ("deleted", &table.coverage.delete)];
    for (sort, covered) in sorts {
        match covered {
            Covered::Yes { .. } => {}
            Covered::Trusted { by } => {
                said.push(format!("had NEW {sort} it, that would be found as far as this is right: {by}"));
            }
            Covered::No { why } => said.push(format!("had NEW {sort} it, that would not be found: {why}")),
        }
    }
    Ok(said)
}

/// What a method did not find.
const fn by_method(table: &TableRecord) -> &'static str {
    match table.method {
        Method::Xid | Method::Blocks => {
            "no transaction of NEW's wrote it since the cutover, and no side lacks its key; or there is no such row"
        }
        Method::BlocksOnly => "no transaction of NEW's wrote it since the cutover; its key was looked for nowhere",
        Method::Timestamps => "NEW's row is not stamped since the cutover, and no side lacks its key; or there is no such row",
        Method::TimestampsOnly => "NEW's row is not stamped since the cutover; its key was looked for nowhere",
        Method::Compare => "both tables were compared whole, and its row is alike on both sides; or there is no such row",
        Method::Skip => "the table's rows were not looked at",
    }
}

/// Whether a row of a key is in staged files, whose columns are those of a layout.
fn has(store: &dyn Store, table: &TableRecord, (segments, layout): (&[Segment], &RowLayout), key: &[String]) -> Result<bool> {
    let unreadable = |error| Error::new(ErrorKind::Damaged, "read a staged file").because(error);
    let (encoder, positions) = (BatchEncoder::new(layout), key_positions(layout, &table.key.names())?);
    for segment in segments {
        for batch in SegmentReader::open(store, segment, BATCH_ROWS)? {
            let batch = batch?;
            let rows = view(&encoder, &batch).place(|| &table.name)?;
            for row in 0..batch.num_rows() {
                let mut is_it = true;
                for (at, given) in positions.iter().zip(key) {
                    let shown = rows.shown(row, *at).map_err(unreadable)?;
                    is_it &= matches!(shown, Shown::Text(text) if text == *given);
                }
                if is_it {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}
