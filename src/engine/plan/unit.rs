//! What a merge wrote as one: rows that foreign keys tie to others of the same plan, so that an undo of the one needs the
//! other.

use std::collections::HashSet;

use super::direction::Direction;
use super::draft::Draft;
use super::row_values::each_row;
use crate::error::Result;
use crate::name::{Ident, QualifiedName};
use crate::policy::Action;
use crate::schema::ForeignKey;
use crate::statement::Operation;
use crate::store::Store;

/// Adds to some rows of a plan those without which they cannot be taken back: children that the merge gave to a row that goes,
/// and parents that it took from a row that comes back; and theirs in turn. `chosen` has one flag a row of each draft's diff.
///
/// Values are compared by what they are printed as: of two that print differently and are equal on OLD it knows nothing.
/// Memory: sixteen bytes for each value that is looked for.
///
/// # Errors
/// `Damaged` where a file of the diff is not what was written.
pub(crate) fn grow_units(store: &dyn Store, drafts: &[Draft<'_>], keys: &[ForeignKey], chosen: &mut [Vec<bool>]) -> Result<()> {
    let back = |action: Action| Direction::Back.operation(action);
    loop {
        let mut grown = 0;
        for key in keys {
            let of = |table: &QualifiedName| drafts.iter().position(|draft| draft.record.name == *table);
            let (Some(parent), Some(child)) = (of(&key.parent), of(&key.child)) else { continue };
            let goes = |action| back(action).is_some_and(|operation| operation.may_take_parent(key));
            let comes = |action| back(action).is_some_and(Operation::brings_row);
            let returns = |action| back(action) == Some(Operation::Insert) || goes(action);
            let (after, before) = (Direction::Forward.image(), Direction::Back.image());
            grown += add(
                (store, drafts, chosen),
                (parent, &key.parent_columns, &goes),
                (child, &key.child_columns, &|action: Action| action.writes()),
                after,
            )?;
            grown += add(
                (store, drafts, chosen),
                (child, &key.child_columns, &comes),
                (parent, &key.parent_columns, &returns),
                before,
            )?;
        }
        if grown == 0 {
            return Ok(());
        }
    }
}

/// One end of a foreign key: the draft's position, its columns, and the actions that count.
type End<'a> = (usize, &'a [Ident], &'a dyn Fn(Action) -> bool);

/// Adds the rows of one end that have a value of those of the other end that are chosen; returns how many.
fn add(
    (store, drafts, chosen): (&dyn Store, &[Draft<'_>], &mut [Vec<bool>]),
    (from, from_columns, from_counts): End<'_>,
    (to, to_columns, to_counts): End<'_>,
    image: &str,
) -> Result<usize> {
    let is_from = |row: usize| chosen[from][row] && from_counts(drafts[from].actions[row]);
    if !(0..drafts[from].actions.len()).any(is_from) {
        return Ok(0);
    }
    let mut values = HashSet::new();
    each_row(store, &drafts[from], from_columns, image, |row, _, value| {
        values.extend(value.filter(|_| is_from(row)));
    })?;
    let mut found = Vec::new();
    if !values.is_empty() {
        each_row(store, &drafts[to], to_columns, image, |row, _, value| {
            let is_it = value.is_some_and(|value| values.contains(&value));
            found.extend((is_it && !chosen[to][row] && to_counts(drafts[to].actions[row])).then_some(row));
        })?;
    }
    for row in &found {
        chosen[to][*row] = true;
    }
    Ok(found.len())
}
