//! Rows that one side lacks and that an earlier merge had brought to OLD, which its ledger proves. Where OLD lacks the row,
//! it had it and deleted it: it is not brought again unless somebody decides so. Where NEW lacks it, NEW deleted it, or OLD's
//! users made another one under its key: it is not taken for a row of OLD's own.

use std::collections::HashSet;

use super::diff_row::DiffRow;
use crate::delta::{Class, Evidence};
use crate::engine::rows::UNTRANSLATABLE;
use crate::engine::run::read_digest;
use crate::error::Result;
use crate::pg::{Session, Transaction, sqlstate};
use crate::statement::{RowSource, key_digests};

/// Corrects the class of the rows that were brought before and that one side lacks. `keys` are those of all rows, one list a
/// key column.
pub(super) async fn heed(
    old: &Transaction,
    source: RowSource<'_>,
    brought: &HashSet<u128>,
    keys: &[Vec<String>],
    rows: &mut [DiffRow],
) -> Result<()> {
    let doubtful: Vec<_> = rows.iter().enumerate().filter_map(|(row, found)| Some((row, class_if_brought(found)?))).collect();
    if doubtful.is_empty() {
        return Ok(());
    }
    let of = |values: &Vec<String>| doubtful.iter().map(|(row, _)| values[*row].clone()).collect();
    let keys: Vec<Vec<String>> = keys.iter().map(of).collect();
    for ((row, class), digest) in doubtful.into_iter().zip(digests(old, source, &keys).await?) {
        if digest.is_some_and(|digest| brought.contains(&digest)) {
            rows[row].verdict.class = class;
            rows[row].verdict.evidence.old = Evidence::Ledger;
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

/// The digests of keys; `None` for those that OLD's encoding has no characters for: none of its rows ever had them.
async fn digests(old: &Transaction, source: RowSource<'_>, keys: &[Vec<String>]) -> Result<Vec<Option<u128>>> {
    if !old.converts_text() {
        return asked(old, source, keys).await;
    }
    let before = old.savepoint("fb_digests").await?;
    match asked(old, source, keys).await {
        Ok(found) => {
            before.release().await?;
            return Ok(found);
        }
        Err(error) if sqlstate(&error) == Some(UNTRANSLATABLE) => before.rollback_to().await?,
        Err(error) => return Err(error),
    }
    let mut found = Vec::new();
    for row in 0..keys.first().map_or(0, Vec::len) {
        let one: Vec<Vec<String>> = keys.iter().map(|values| vec![values[row].clone()]).collect();
        let before = old.savepoint("fb_digest").await?;
        match asked(old, source, &one).await {
            Ok(digest) => {
                before.release().await?;
                found.extend(digest);
            }
            Err(error) if sqlstate(&error) == Some(UNTRANSLATABLE) => {
                before.rollback_to().await?;
                found.push(None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn asked(old: &Session, source: RowSource<'_>, keys: &[Vec<String>]) -> Result<Vec<Option<u128>>> {
    let rows = old.query(&key_digests(source, keys), &[]).await?;
    rows.iter().map(|row| read_digest(row.get(0)).map(Some)).collect()
}
