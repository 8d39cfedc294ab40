//! Rows that OLD lacks and that an earlier merge had brought to it: OLD had them and deleted them, which its ledger proves.
//! They are not brought again unless somebody decides so.

use std::collections::HashSet;

use super::diff_row::DiffRow;
use crate::delta::{Class, Evidence};
use crate::engine::run::read_digest;
use crate::error::Result;
use crate::pg::{Session, Transaction, sqlstate};
use crate::statement::{RowSource, key_digests};

/// SQLSTATE of text that an encoding has no characters for.
const UNTRANSLATABLE: &str = "22P05";

/// Corrects the class of the rows that were brought before. `keys` are those of all rows, one list a key column.
pub(super) async fn prove_deletions(
    old: &Transaction,
    source: RowSource<'_>,
    brought: &HashSet<u128>,
    keys: &[Vec<String>],
    rows: &mut [DiffRow],
) -> Result<()> {
    let lost: Vec<_> = (0..rows.len()).filter(|row| is_lost(rows[*row].verdict.class)).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let keys: Vec<Vec<String>> = keys.iter().map(|values| lost.iter().map(|row| values[*row].clone()).collect()).collect();
    for (row, digest) in lost.into_iter().zip(digests(old, source, &keys).await?) {
        if digest.is_some_and(|digest| brought.contains(&digest)) {
            let verdict = &mut rows[row].verdict;
            verdict.class = Class::UpdateDeleted;
            verdict.evidence.old = Evidence::Ledger;
        }
    }
    Ok(())
}

/// Whether NEW has the row, OLD does not, and that OLD deleted it is not known yet.
const fn is_lost(class: Class) -> bool {
    matches!(class, Class::Insert | Class::AmbiguousMissingOnOld | Class::AmbiguousDeletedOnOld | Class::UpdateMissing)
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
