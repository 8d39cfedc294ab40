//! Rows that one side lacks and that an earlier merge had brought to OLD, which its ledger proves. Where OLD lacks the row,
//! it had it and deleted it: it is not brought again unless somebody decides so. Where NEW lacks it, NEW deleted it, or OLD's
//! users made another one under its key: it is not taken for a row of OLD's own.

use tokio_postgres::Row;

use super::diff_row::DiffRow;
use crate::delta::{Class, Evidence};
use crate::engine::rows::is_no_value;
use crate::engine::run::{Brought, BroughtKeys, read_digest};
use crate::error::Result;
use crate::pg::{Session, Transaction};
use crate::staging::{DatabaseRecord, TableRecord};
use crate::statement::{RowSource, key_digests};

/// Says of which tables OLD remembers rows that their key of today does not find.
pub(super) fn notes(brought: &Brought, database: &DatabaseRecord) -> Vec<String> {
    let note = |table: &TableRecord| {
        let keys = brought.of(&table.old.name)?;
        let others: Vec<_> = keys.other_keys().collect();
        (!others.is_empty()).then(|| {
            format!(
                "! {}: {}: an earlier merge brought rows by another key ({}; it is {} now): whether OLD's users deleted one \
                 since cannot be asked, so that what would be an insert is ambiguous_missing_on_old",
                database.name,
                table.name,
                others.join("; "),
                keys.key.name
            )
        })
    };
    database.tables.iter().filter_map(note).collect()
}

/// Corrects the class of the rows that were brought before and that one side lacks. `keys` are those of all rows, one list a
/// key column.
pub(super) async fn heed(
    old: &Transaction,
    source: RowSource<'_>,
    brought: &BroughtKeys,
    keys: &[Vec<String>],
    rows: &mut [DiffRow],
) -> Result<()> {
    let doubtful: Vec<_> = rows.iter().enumerate().filter_map(|(row, found)| Some((row, class_if_brought(found)?))).collect();
    if doubtful.is_empty() {
        return Ok(());
    }
    let of = |values: &Vec<String>| doubtful.iter().map(|(row, _)| values[*row].clone()).collect();
    let keys: Vec<Vec<String>> = keys.iter().map(of).collect();
    let is_known_otherwise = brought.other_keys().next().is_some();
    for ((row, class), digests) in doubtful.into_iter().zip(digests(old, source, brought, &keys).await?) {
        let verdict = &mut rows[row].verdict;
        if brought.has(&digests) {
            verdict.class = class;
            verdict.evidence.old = Evidence::Ledger;
        } else if is_known_otherwise && verdict.class == Class::Insert {
            // OLD may have had it and deleted it; it was remembered by columns that this key does not have.
            verdict.class = Class::AmbiguousMissingOnOld;
        }
    }
    Ok(())
}

/// What a row is if an earlier merge brought it to OLD; `None` where that changes nothing.
fn class_if_brought(row: &DiffRow) -> Option<Class> {
    match row.verdict.class {
        // NEW has the row, and that OLD deleted it is not known yet.
        Class::Insert | Class::AmbiguousMissingOnOld | Class::AmbiguousDeletedOnOld | Class::UpdateMissing => {
            Some(Class::UpdateDeleted)
        }
        // NEW lacks the row, and its stamps say that OLD made it.
        Class::OldOnly if row.changed.is_none() => Some(Class::AmbiguousMissingOnNew),
        _ => None,
    }
}

/// The digests of keys; none for those that OLD has no values for: none of its rows ever had them.
async fn digests(
    old: &Transaction,
    source: RowSource<'_>,
    brought: &BroughtKeys,
    keys: &[Vec<String>],
) -> Result<Vec<Vec<u128>>> {
    let is_held = !old.converts_text() && !source.key.names_objects();
    if is_held && brought.key.columns.iter().all(|column| column.conversions.is_empty()) {
        return asked(old, source, brought, keys).await;
    }
    let before = old.savepoint("fb_digests").await?;
    match asked(old, source, brought, keys).await {
        Ok(found) => {
            before.release().await?;
            return Ok(found);
        }
        Err(error) if is_no_value(&error) => before.rollback_to().await?,
        Err(error) => return Err(error),
    }
    let mut found = Vec::new();
    for row in 0..keys.first().map_or(0, Vec::len) {
        let one: Vec<Vec<String>> = keys.iter().map(|values| vec![values[row].clone()]).collect();
        let before = old.savepoint("fb_digest").await?;
        match asked(old, source, brought, &one).await {
            Ok(digests) => {
                before.release().await?;
                found.extend(digests);
            }
            Err(error) if is_no_value(&error) => {
                before.rollback_to().await?;
                found.push(Vec::new());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn asked(old: &Session, source: RowSource<'_>, brought: &BroughtKeys, keys: &[Vec<String>]) -> Result<Vec<Vec<u128>>> {
    let rows = old.query(&key_digests(source, &brought.key, keys), &[]).await?;
    let digests = |row: &Row| {
        let both = [0, 1].map(|column| row.get::<_, Option<&[u8]>>(column));
        both.into_iter().flatten().map(read_digest).collect::<Result<Vec<_>>>()
    };
    rows.iter().map(digests).collect()
}
