//! Parents that children would miss: the values under which OLD would have no row, or another one than the child's own.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::direction::Direction;
use super::draft::Draft;
use super::row_values::{Found, each_text};
use crate::delta::{Base, Class};
use crate::error::Result;
use crate::policy::Action;
use crate::schema::ForeignKey;
use crate::store::Store;

/// Collects the referenced values under which children that come to OLD, or come back to it, would not find their own parent.
///
/// `keep` makes of a value's texts what is kept of it.
pub(crate) fn missing_values<V: Eq + Hash>(
    store: &dyn Store,
    parent: &Draft<'_>,
    key: &ForeignKey,
    direction: Direction,
    keep: impl Fn(Vec<String>) -> V,
) -> Result<HashSet<V>> {
    match direction {
        Direction::Forward => not_on_old(store, parent, key, keep),
        Direction::Back => not_restored(store, parent, key, keep),
    }
}

/// Those of NEW's rows that stay aside and that OLD has not under the same value.
fn not_on_old<V: Eq + Hash>(
    store: &dyn Store,
    parent: &Draft<'_>,
    key: &ForeignKey,
    keep: impl Fn(Vec<String>) -> V,
) -> Result<HashSet<V>> {
    let mut missing = HashSet::new();
    if parent.actions.iter().all(|action| action.brings_new()) {
        return Ok(missing);
    }
    let mut on_old = HashMap::new();
    each_text(store, parent, &key.parent_columns, "old", |row, _, value| {
        on_old.extend(value.filter(|_| !parent.actions[row].brings_new()).map(|value| (row, keep(value))));
    })?;
    each_text(store, parent, &key.parent_columns, "new", |row, found, value| {
        let value = value.map(&keep);
        let is_olds = !is_not_olds(found) && on_old.get(&row) == value.as_ref();
        missing.extend(value.filter(|_| !is_olds && !parent.actions[row].brings_new()));
    })?;
    Ok(missing)
}

/// Those that OLD's rows had before the merge, do not have since, and do not get back: OLD may have another row under them.
fn not_restored<V: Eq + Hash>(
    store: &dyn Store,
    parent: &Draft<'_>,
    key: &ForeignKey,
    keep: impl Fn(Vec<String>) -> V,
) -> Result<HashSet<V>> {
    let is_left = |row: usize| parent.actions[row] == Action::Hold;
    let mut missing = HashSet::new();
    if !parent.actions.contains(&Action::Hold) {
        return Ok(missing);
    }
    each_text(store, parent, &key.parent_columns, "old", |row, _, value| {
        missing.extend(value.filter(|_| is_left(row)).map(&keep));
    })?;
    // A row that the merge changed elsewhere still has the value.
    each_text(store, parent, &key.parent_columns, "new", |row, _, value| {
        if is_left(row)
            && let Some(value) = value
        {
            missing.remove(&keep(value));
        }
    })?;
    Ok(missing)
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
        Class::UpdateOriginDiffers | Class::AmbiguousDiffers | Class::Drift => matches!(found.base, Base::Unknown),
        Class::Update
        | Class::OldOnly
        | Class::Delete
        | Class::AmbiguousMissingOnNew
        | Class::DeleteOriginDiffers
        | Class::Convergent
        | Class::Unchanged => false,
    }
}
