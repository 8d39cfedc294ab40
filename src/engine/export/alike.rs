//! Whether an export that goes on with another one would be of the same tables, looked at in the same way. What the command
//! line or failback.toml said then, and does not say now, shows in what comes of it.

use crate::error::{Error, ErrorKind, Result};
use crate::staging::{DatabaseRecord, TableRecord};

/// Expects that a database would be exported as it was.
///
/// # Errors
/// `Refused` with what would be otherwise: rows that were found would be lost again, or tables written that were left out.
pub(crate) fn expect_alike(earlier: &[DatabaseRecord], now: &DatabaseRecord) -> Result<()> {
    let Some(then) = earlier.iter().find(|one| one.name == now.name) else { return Ok(()) };
    let others = differences(then, now);
    if others.is_empty() {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Refused, "bring what moved since the export").at(format!("database {}", now.name));
    let error = others.into_iter().fold(error, Error::because);
    Err(error
        .next("give the options, and the failback.toml, that the run was exported with (--tables, --mark, --baseline, --env)")
        .next("or make a new run with `failback export`"))
}

fn differences(then: &DatabaseRecord, now: &DatabaseRecord) -> Vec<String> {
    let mut found = Vec::new();
    let proofs = |one: &DatabaseRecord| (one.horizons().map(|known| known.map(|side| side.source)), one.base.is_some());
    if proofs(then) != proofs(now) {
        found.push(
            "what says what there was at the cutover would be another thing (a mark, a baseline, BASE, an id)".to_owned(),
        );
    }
    let left_out =
        |one: &DatabaseRecord, table: &TableRecord| one.left_out.iter().any(|left| left.by_choice && left.name == table.name);
    let gone = then.tables.iter().filter(|table| left_out(now, table));
    found.extend(gone.map(|table| format!("{} was carried, and would be left out", table.name)));
    let new = now.tables.iter().filter(|table| left_out(then, table));
    found.extend(new.map(|table| format!("{} was left out, and would be carried", table.name)));
    let both = then.tables.iter().filter_map(|table| Some((table, now.tables.iter().find(|one| one.name == table.name)?)));
    for (table, other) in both.filter(|(table, other)| is_as_defined(table, other) && looked_at(table) != looked_at(other)) {
        found.push(format!("{} was looked at by {}, and would be by {}", table.name, described(table), described(other)));
    }
    found
}

/// Whether a table is the one that it was: what somebody did to it since is no matter of how it was exported.
fn is_as_defined(then: &TableRecord, now: &TableRecord) -> bool {
    then.layout == now.layout && (then.unmarked.is_some() || now.unmarked.is_none())
}

/// What decides which rows are found, and what is known of them.
fn looked_at(table: &TableRecord) -> impl PartialEq + '_ {
    (table.method, table.compare_by, &table.key, table.stamps_prove, table.base.is_some())
}

fn described(table: &TableRecord) -> String {
    let stamps = if table.stamps_prove { ", stamps being evidence" } else { "" };
    let kept = if table.base.is_some() { ", with what there was at the cutover" } else { "" };
    format!("`{}`{stamps}{kept}", table.method.word())
}
