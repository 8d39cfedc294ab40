//! Referential closure: rows that foreign keys tie together are applied together or held together.
//!
//! A child that refers to a row which will not be on OLD would be refused by the foreign key, or worse: it would be adopted by
//! the different row that OLD has under the same key. And a parent cannot go while OLD still has children of it. Both are
//! found here, before anything is written, and held with the foreign key's name as the reason.

use std::collections::{BTreeMap, BTreeSet};

use super::delta_tables::TableDeltas;
use super::direction::Direction;
use super::draft::Draft;
use super::equal_values::{self, RowTexts};
use super::missing_parents::missing_values;
use super::row_values::{digest, each_row};
use super::sandbox::Sandbox;
use super::strangers::Strangers;
use super::uniqueness;
use crate::engine::run::Reporter;
use crate::error::{Place, Result};
use crate::schema::ForeignKey;
use crate::staging::AdoptedChildren;
use crate::statement::{self, Operation};
use crate::store::Store;

/// Holds every row for which its parents, its children or its neighbours on OLD do not allow what was decided for it. Returns
/// the children that get another parent, perhaps, as was decided by name.
pub(crate) async fn hold_closure(
    sandbox: Sandbox,
    store: &dyn Store,
    reporter: &Reporter,
    drafts: &mut [Draft<'_>],
    direction: Direction,
    strangers: &Strangers,
) -> Result<Vec<AdoptedChildren>> {
    let mut deltas =
        TableDeltas::prepare(sandbox, store, reporter, drafts, direction, (&strangers.tables(), strangers.keys_of_new()))
            .await?;
    let keys = deltas.keys.clone();
    // A held child may itself be a parent, and a held row may be the one that was to free a value: until nothing moves.
    loop {
        let mut held = hold_children(&deltas, store, drafts, &keys).await?;
        deltas.follow(drafts).await?;
        for (position, draft) in drafts.iter_mut().enumerate() {
            held += uniqueness::hold_clashes(&deltas, position, draft).await.place(|| &draft.record.name)?;
            held += uniqueness::hold_takeovers(&deltas, position, draft).await.place(|| &draft.record.name)?;
        }
        for key in &keys {
            if !strangers.may_be_orphans(key) {
                held += hold_orphans(&deltas, drafts, key).await.place(|| &key.name)?;
            }
            held += strangers.hold_children(store, &deltas, drafts, key).await?;
        }
        // What OLD's own children refer to is what OLD's own keys say.
        for key in deltas.keys_of_old() {
            held += hold_parents(&deltas, drafts, key).await.place(|| &key.name)?;
            held += strangers.hold_parents(store, &deltas, drafts, key).await?;
        }
        if held == 0 {
            break;
        }
    }
    let mut adopted = Vec::new();
    for key in deltas.keys_of_old() {
        adopted.extend(strangers.adopted(&deltas, drafts, key).await?);
    }
    deltas.leave().await?;
    Ok(adopted)
}

/// Holds children of rows that will not be on OLD, or do not come back to it; returns how many.
async fn hold_children(
    deltas: &TableDeltas<'_>,
    store: &dyn Store,
    drafts: &mut [Draft<'_>],
    keys: &[ForeignKey],
) -> Result<usize> {
    let (mut held, direction) = (0, deltas.direction());
    for key in keys {
        let Some(parent) = drafts.iter().position(|draft| draft.record.name == key.parent) else { continue };
        let Some(child) = drafts.iter().position(|draft| draft.record.name == key.child) else { continue };
        let mut orphans = if equal_values::print_alike(key, &drafts[parent], &drafts[child]) {
            printed_alike(store, &drafts[parent], &drafts[child], key, direction)?
        } else {
            equal_on_old(deltas, store, &drafts[parent], &drafts[child], key).await?
        };
        let brings = |row: &usize| direction.operation(drafts[child].actions[*row]).is_some_and(Operation::brings_row);
        orphans.retain(brings);
        let own = own_references(store, &drafts[child], key, (&orphans, direction))?;
        orphans.retain(|row| !own.contains(row));
        let why = format!("{} with its parent: {} ({})", direction.aside(), key.parent, key.name);
        held += drafts[child].hold_written(orphans, &why);
    }
    Ok(held)
}

/// Finds those of some children whose columns were chosen one by one, and that keep the reference which OLD's own row has:
/// their parent is OLD's, and the merge does not touch who that is.
fn own_references(
    store: &dyn Store,
    child: &Draft<'_>,
    key: &ForeignKey,
    (rows, direction): (&[usize], Direction),
) -> Result<BTreeSet<usize>> {
    let mut own = BTreeSet::new();
    let Some((_, composed)) = child.composed.as_ref().filter(|_| direction == Direction::Forward) else { return Ok(own) };
    let asked: BTreeSet<_> = rows.iter().copied().filter(|row| composed.has(*row)).collect();
    if asked.is_empty() {
        return Ok(own);
    }
    let mut before = BTreeMap::new();
    each_row(store, child, &key.child_columns, Direction::Back.image(), |row, _, value| {
        before.extend(value.filter(|_| asked.contains(&row)).map(|value| (row, value)));
    })?;
    each_row(store, child, &key.child_columns, direction.image(), |row, _, value| {
        own.extend(value.filter(|value| before.get(&row) == Some(value)).map(|_| row));
    })?;
    Ok(own)
}

/// Finds the children of values that are missing, by what both are printed as.
fn printed_alike(
    store: &dyn Store,
    parent: &Draft<'_>,
    child: &Draft<'_>,
    key: &ForeignKey,
    direction: Direction,
) -> Result<Vec<usize>> {
    let mut orphans = Vec::new();
    let missing = missing_values(store, parent, key, direction, |texts| digest(&texts))?;
    if !missing.is_empty() {
        each_row(store, child, &key.child_columns, direction.image(), |row, _, value| {
            orphans.extend(value.filter(|value| missing.contains(value)).map(|_| row));
        })?;
    }
    Ok(orphans)
}

/// Finds them by what OLD calls equal.
async fn equal_on_old(
    deltas: &TableDeltas<'_>,
    store: &dyn Store,
    parent: &Draft<'_>,
    child: &Draft<'_>,
    key: &ForeignKey,
) -> Result<Vec<usize>> {
    let missing: RowTexts =
        missing_values(store, parent, key, deltas.direction(), |texts| texts)?.into_iter().map(|texts| (0, texts)).collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let image = deltas.direction().image();
    let children = equal_values::values(store, child, (&key.child_columns, image), |texts| texts)?;
    let found = equal_values::pairs(deltas, key, (parent, &missing), (child, &children)).await?;
    Ok(found.into_iter().map(|(_, row)| row).collect::<BTreeSet<_>>().into_iter().collect())
}

/// Holds children whose parent is neither on OLD nor on its way there; returns how many.
async fn hold_orphans(deltas: &TableDeltas<'_>, drafts: &mut [Draft<'_>], key: &ForeignKey) -> Result<usize> {
    let Some((position, child)) = deltas.of(&key.child) else { return Ok(0) };
    let parent = deltas.of(&key.parent).map(|(_, parent)| parent);
    let why = format!("held: fk_parent_missing, OLD has no such row of {} ({})", key.parent, key.name);
    Ok(drafts[position].hold_written(deltas.positions(&statement::orphans(key, child, parent)).await?, &why))
}

/// Holds parents that would go, or would change what children refer to, while OLD keeps such children; returns how many.
async fn hold_parents(deltas: &TableDeltas<'_>, drafts: &mut [Draft<'_>], key: &ForeignKey) -> Result<usize> {
    let Some((position, parent)) = deltas.of(&key.parent) else { return Ok(0) };
    let mut operations = drafts[position].actions.iter().filter_map(|action| deltas.direction().operation(*action));
    if !operations.any(|operation| operation.may_take_parent(key)) {
        return Ok(0);
    }
    let child = deltas.of(&key.child).map(|(_, child)| child);
    let why = format!("held: OLD still has children of it in {} ({})", key.child, key.name);
    Ok(drafts[position].hold_written(deltas.positions(&statement::orphaning_parents(key, child, parent)).await?, &why))
}
