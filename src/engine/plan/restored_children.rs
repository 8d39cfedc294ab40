//! Children that would come back to a stranger: an undo brings back a child whose own parent it cannot bring back, while OLD
//! has another row under the parent's key.

use std::collections::HashSet;

use super::draft::Draft;
use super::row_values::{Value, each_row};
use crate::error::Result;
use crate::policy::Action;
use crate::schema::ForeignKey;
use crate::store::Store;

/// Holds children, among the rows that an undo brings back, of parents that it leaves; returns how many.
pub(crate) fn hold(store: &dyn Store, drafts: &mut [Draft<'_>], keys: &[ForeignKey]) -> Result<usize> {
    let mut held = 0;
    for key in keys {
        let Some(parent) = drafts.iter().position(|draft| draft.record.name == key.parent) else { continue };
        let Some(child) = drafts.iter().position(|draft| draft.record.name == key.child) else { continue };
        let missing = values_not_restored(store, &drafts[parent], key)?;
        if missing.is_empty() {
            continue;
        }
        let why = format!("left with its parent: {} ({})", key.parent, key.name);
        let mut strangers = Vec::new();
        each_row(store, &drafts[child], &key.child_columns, "old", |row, _, value| {
            if drafts[child].actions[row].writes() && value.is_some_and(|value| missing.contains(&value)) {
                strangers.push(row);
            }
        })?;
        held += strangers.len();
        for row in strangers {
            drafts[child].hold(row, &why);
        }
    }
    Ok(held)
}

/// Collects the referenced values that OLD's rows had before the merge, do not have since, and do not get back.
fn values_not_restored(store: &dyn Store, parent: &Draft<'_>, key: &ForeignKey) -> Result<HashSet<Value>> {
    let is_left = |row: usize| parent.actions[row] == Action::Hold;
    let mut missing: HashSet<Value> = HashSet::new();
    if !parent.actions.contains(&Action::Hold) {
        return Ok(missing);
    }
    each_row(store, parent, &key.parent_columns, "old", |row, _, value| {
        missing.extend(value.filter(|_| is_left(row)));
    })?;
    // A row that the merge changed elsewhere still has the value.
    each_row(store, parent, &key.parent_columns, "new", |row, _, value| {
        if is_left(row)
            && let Some(value) = value
        {
            missing.remove(&value);
        }
    })?;
    Ok(missing)
}
