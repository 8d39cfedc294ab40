//! Rows that may not stand beside each other: a planned row may carry a unique value that another row of OLD has, or overlap
//! with one that an exclusion constraint keeps apart. The server would refuse the whole merge; so such rows are found here,
//! before anything is written, and held under PostgreSQL's names `update_exists` and `multiple_unique_conflicts`.

use super::draft::Draft;
use std::collections::BTreeMap;

use super::delta_tables::{TableDeltas, exclusives};
use crate::error::{Place, Result};
use crate::policy::Action;
use crate::schema::Exclusive;
use crate::statement::takeovers;

/// Holds every planned row that OLD has no room for; returns how many.
pub(crate) async fn hold_clashes(deltas: &TableDeltas<'_>, position: usize, draft: &mut Draft<'_>) -> Result<usize> {
    let Some(delta) = deltas.at(position) else { return Ok(0) };
    let same_row_pairs = deltas.positions(&delta.same_row_pairs()).await?;
    if !same_row_pairs.is_empty() {
        return Ok(hold_same_row(draft, &same_row_pairs));
    }
    let mut blamed: BTreeMap<usize, Vec<&Exclusive>> = BTreeMap::new();
    for exclusive in exclusives(draft.record) {
        for query in delta.clashes(exclusive) {
            for row in deltas.positions_if_askable(&query).await.place(|| &exclusive.name)? {
                let known = blamed.entry(row).or_default();
                if !known.contains(&exclusive) {
                    known.push(exclusive);
                }
            }
        }
    }
    for (row, exclusives) in &blamed {
        draft.hold(*row, &reason(exclusives));
    }
    Ok(blamed.len())
}

/// Holds rows whose unique value another row has, and changes, where this user can only update them one after the other;
/// returns how many.
pub(crate) async fn hold_takeovers(deltas: &TableDeltas<'_>, position: usize, draft: &mut Draft<'_>) -> Result<usize> {
    let Some(delta) = deltas.at(position).filter(|delta| !deltas.can_replace(&delta.table.name)) else { return Ok(0) };
    let mut held = 0;
    for exclusive in exclusives(draft.record) {
        let Some(query) = takeovers(delta, exclusive) else { continue };
        let rows = deltas.positions_if_askable(&query).await.place(|| &exclusive.name)?;
        let why = format!(
            "held: its {} moves to it from another row ({}), which only a user who may set session_replication_role can do: \
             foreign keys refer to the table",
            exclusive.words(),
            exclusive.name
        );
        held += draft.hold_written(rows, &why);
    }
    Ok(held)
}

/// Two rows of the plan that are one row of OLD, since its server calls two spellings of a key equal: what changes it goes on,
/// what deletes it waits.
fn hold_same_row(draft: &mut Draft<'_>, same_row_pairs: &[usize]) -> usize {
    const WHY: &str = "held: OLD's server takes its key for that of another row of the plan, spelt otherwise";
    let deletes: Vec<_> = same_row_pairs.iter().filter(|row| draft.actions[**row] == Action::Delete).copied().collect();
    let held = if deletes.is_empty() { same_row_pairs } else { &deletes };
    for row in held {
        draft.hold(*row, WHY);
    }
    held.len()
}

fn reason(exclusives: &[&Exclusive]) -> String {
    match exclusives {
        [one] if one.overlap => format!("held: exclusion_violation, another row stands where it would ({})", one.name),
        [one] => format!("held: update_exists, another row of OLD has its {} ({})", one.words(), one.name),
        many => {
            let names: Vec<_> = many.iter().map(|one| one.name.as_str()).collect();
            format!("held: multiple_unique_conflicts, other rows of OLD have its values ({})", names.join(", "))
        }
    }
}
