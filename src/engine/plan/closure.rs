//! Referential closure: rows that foreign keys tie together are applied together or held together.
//!
//! A child that refers to a row which will not be on OLD would be refused by the foreign key, or worse: it would be adopted by
//! the different row that OLD has under the same key. And a parent cannot go while OLD still has children of it. Both are
//! found here, before anything is written, and held with the foreign key's name as the reason.

use std::collections::{HashMap, HashSet};

use super::delta_tables::TableDeltas;
use super::direction::Direction;
use super::draft::Draft;
use super::restored_children;
use super::row_values::{Found, Value, each_row};
use super::sandbox::Sandbox;
use super::strangers::Strangers;
use super::uniqueness;
use crate::delta::{Base, Class};
use crate::engine::run::Reporter;
use crate::error::{Place, Result};
use crate::schema::ForeignKey;
use crate::statement::{self, Operation};
use crate::store::Store;

/// Holds every row for which its parents, its children or its neighbours on OLD do not allow what was decided for it.
pub(crate) async fn hold_closure(
    sandbox: Sandbox,
    store: &dyn Store,
    reporter: &Reporter,
    drafts: &mut [Draft<'_>],
    direction: Direction,
    strangers: &Strangers,
) -> Result<()> {
    let mut deltas = TableDeltas::prepare(sandbox, store, reporter, drafts, direction, &strangers.tables()).await?;
    let keys = deltas.keys.clone();
    // A held child may itself be a parent, and a held row may be the one that was to free a value: until nothing moves.
    loop {
        let mut held = match direction {
            Direction::Forward => hold_children(store, drafts, &keys)?,
            Direction::Back => restored_children::hold(store, drafts, &keys)?,
        };
        deltas.follow(drafts).await?;
        for (position, draft) in drafts.iter_mut().enumerate() {
            held += uniqueness::hold_clashes(&deltas, position, draft).await.place(|| &draft.record.name)?;
        }
        for key in &keys {
            held += hold_orphans(&deltas, drafts, key).await.place(|| &key.name)?;
            held += hold_parents(&deltas, drafts, key).await.place(|| &key.name)?;
            held += strangers.hold_children(&deltas, drafts, key).await?;
            held += strangers.hold_parents(store, &deltas, drafts, key).await?;
        }
        if held == 0 {
            return deltas.leave().await;
        }
    }
}

/// Holds children of rows that will not be on OLD; returns how many.
fn hold_children(store: &dyn Store, drafts: &mut [Draft<'_>], keys: &[ForeignKey]) -> Result<usize> {
    let mut held = 0;
    for key in keys {
        let Some(parent) = drafts.iter().position(|draft| draft.record.name == key.parent) else { continue };
        let Some(child) = drafts.iter().position(|draft| draft.record.name == key.child) else { continue };
        let missing = values_not_on_old(store, &drafts[parent], key)?;
        if missing.is_empty() {
            continue;
        }
        let why = format!("held with its parent: {} ({})", key.parent, key.name);
        let mut orphans = Vec::new();
        each_row(store, &drafts[child], &key.child_columns, "new", |row, _, value| {
            if drafts[child].actions[row].brings_new() && value.is_some_and(|value| missing.contains(&value)) {
                orphans.push(row);
            }
        })?;
        held += orphans.len();
        for row in orphans {
            drafts[child].hold(row, &why);
        }
    }
    Ok(held)
}

/// Collects the values under which NEW's children would find no parent on OLD, or another one: those of rows that stay aside
/// and that OLD has not under the same value.
fn values_not_on_old(store: &dyn Store, parent: &Draft<'_>, key: &ForeignKey) -> Result<HashSet<Value>> {
    let mut missing = HashSet::new();
    if parent.actions.iter().all(|action| action.brings_new()) {
        return Ok(missing);
    }
    let mut on_old = HashMap::new();
    each_row(store, parent, &key.parent_columns, "old", |row, _, value| {
        on_old.extend(value.filter(|_| !parent.actions[row].brings_new()).map(|value| (row, value)));
    })?;
    each_row(store, parent, &key.parent_columns, "new", |row, found, value| {
        let is_olds = !is_not_olds(found) && on_old.get(&row) == value.as_ref();
        missing.extend(value.filter(|_| !is_olds && !parent.actions[row].brings_new()));
    })?;
    Ok(missing)
}

/// Holds children whose parent is neither on OLD nor on its way there; returns how many.
async fn hold_orphans(deltas: &TableDeltas<'_>, drafts: &mut [Draft<'_>], key: &ForeignKey) -> Result<usize> {
    let Some((position, child)) = deltas.of(&key.child) else { return Ok(0) };
    let parent = deltas.of(&key.parent).map(|(_, parent)| parent);
    let why = format!("held: fk_parent_missing, OLD has no such row of {} ({})", key.parent, key.name);
    Ok(hold_standing(&mut drafts[position], deltas.positions(&statement::orphans(key, child, parent)).await?, &why))
}

/// Holds parents that would go, or would change what children refer to, while OLD keeps such children; returns how many.
async fn hold_parents(deltas: &TableDeltas<'_>, drafts: &mut [Draft<'_>], key: &ForeignKey) -> Result<usize> {
    let Some((position, parent)) = deltas.of(&key.parent) else { return Ok(0) };
    let operations = drafts[position].actions.iter().filter_map(|action| deltas.direction().operation(*action));
    if !operations.into_iter().any(Operation::takes_row) {
        return Ok(0);
    }
    let child = deltas.of(&key.child).map(|(_, child)| child);
    let why = format!("held: OLD still has children of it in {} ({})", key.child, key.name);
    Ok(hold_standing(&mut drafts[position], deltas.positions(&statement::orphaning_parents(key, child, parent)).await?, &why))
}

/// Holds those of the rows that are not held yet; returns how many.
fn hold_standing(draft: &mut Draft<'_>, rows: Vec<usize>, why: &str) -> usize {
    let standing: Vec<_> = rows.into_iter().filter(|row| draft.actions[*row].writes()).collect();
    for row in &standing {
        draft.hold(*row, why);
    }
    standing.len()
}

/// Whether NEW's row may be none that OLD has. Where both sides have a row, OLD has this one already, unless it is a different
/// row under the same key. A key is no proof of being the same row: both sides number on from the same value, and people give
/// out `INV-0101` twice.
const fn is_not_olds(found: Found) -> bool {
    match found.class {
        Class::Insert
        | Class::InsertExists
        | Class::UpdateMissing
        | Class::UpdateDeleted
        | Class::AmbiguousMissingOnOld
        | Class::AmbiguousDeletedOnOld => true,
        Class::UpdateOriginDiffers | Class::AmbiguousDiffers => matches!(found.base, Base::Unknown),
        Class::Update
        | Class::OldOnly
        | Class::Delete
        | Class::AmbiguousMissingOnNew
        | Class::DeleteOriginDiffers
        | Class::Convergent
        | Class::Unchanged => false,
    }
}
