//! Tables of which rows are to be deleted while rows that only NEW has are held: where NEW changed a row's key, or the table
//! has none, the one may be the other's old version, and OLD would have neither.

use crate::delta::Class;
use crate::policy::Action;
use crate::staging::{DatabasePlan, TablePlan};

/// What rows are that only NEW has, and that may have been there at the cutover under another key.
const OF_NEW_ALONE: [Class; 3] = [Class::UpdateMissing, Class::AmbiguousMissingOnOld, Class::AmbiguousDeletedOnOld];

/// Says so of each table of a plan.
pub(super) fn notes(part: &DatabasePlan) -> impl Iterator<Item = String> {
    let note = |table: &TablePlan| Some((table.name.to_string(), deleted_and_held(table)?));
    part.tables.iter().filter_map(note).map(|(table, (deleted, held))| {
        format!(
            "! {}: {table}: {deleted} rows of OLD are to be deleted, and {held} that only NEW has are held: where NEW changed \
             a row's key, or the table has none, they may be the same rows, and OLD would have neither",
            part.name
        )
    })
}

/// Returns how many rows are to be deleted and how many of NEW's alone are held, where there are both.
fn deleted_and_held(table: &TablePlan) -> Option<(u64, u64)> {
    let is_of_new = |reason: &str| OF_NEW_ALONE.iter().any(|class| reason.contains(class.word()));
    let deleted = table.actions.get(Action::Delete);
    let held = table.held_reasons.iter().filter(|(reason, _)| is_of_new(reason)).map(|(_, rows)| rows).sum();
    (deleted > 0 && held > 0).then_some((deleted, held))
}
