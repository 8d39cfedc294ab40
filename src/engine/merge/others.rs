//! Rows of OLD that a merge writes over although NEW's row under the key is another one, or may be.

use crate::delta::{Base, Class};
use crate::engine::diff::read_words;
use crate::engine::plan::planned_by_name;
use crate::error::Result;
use crate::policy::Action;
use crate::staging::{SegmentReader, TablePlan};
use crate::store::Store;

/// How many rows of the diff are read at a time.
const BATCH_ROWS: usize = 4096;

/// Rows of a table that a merge is to write over others, or over such as may be, as positions in the table's diff.
pub(super) struct ToCome {
    /// Those for which nobody has decided it by name.
    pub(super) unnamed: Vec<usize>,
    /// Those for which somebody has decided it, or for their table by its name.
    pub(super) named: Vec<usize>,
}

/// Lists the rows of a table that a merge is to write over others, or over such as may be.
pub(super) fn to_come(store: &dyn Store, table: &TablePlan, actions: &[Action]) -> Result<ToCome> {
    let others =
        in_place_of_others(store, table, actions, |class, base| class == Class::InsertExists || base == Base::Unknown)?;
    if others.is_empty() {
        return Ok(ToCome { unnamed: Vec::new(), named: Vec::new() });
    }
    let by_name = planned_by_name(store, table)?;
    let (named, unnamed) = others.into_iter().partition(|row| by_name.get(*row).copied().unwrap_or(false));
    Ok(ToCome { unnamed, named })
}

/// Lists the rows that are written over others, as a row's class and base say, as positions in the table's diff.
pub(super) fn in_place_of_others(
    store: &dyn Store,
    table: &TablePlan,
    actions: &[Action],
    is_other: impl Fn(Class, Base) -> bool,
) -> Result<Vec<usize>> {
    let is_over = |row: usize| matches!(actions[row], Action::Update | Action::Replace);
    if !(0..actions.len()).any(is_over) {
        return Ok(Vec::new());
    }
    let mut verdicts = Vec::new();
    for segment in &table.diff {
        for batch in SegmentReader::open_projected(store, segment, BATCH_ROWS, &["fb_class", "fb_base"])? {
            let batch = batch?;
            verdicts.extend(read_words::<Class>(&batch, "fb_class")?.into_iter().zip(read_words::<Base>(&batch, "fb_base")?));
        }
    }
    Ok((0..actions.len())
        .filter(|row| is_over(*row) && verdicts.get(*row).is_some_and(|(class, base)| is_other(*class, *base)))
        .collect())
}

/// Returns where rows of a diff lie in the load table, which has those alone that are written.
pub(super) fn positions_in_load(actions: &[Action], rows: &[usize]) -> Vec<usize> {
    let written: Vec<_> = (0..actions.len()).filter(|row| actions[*row].writes()).collect();
    rows.iter().filter_map(|row| written.binary_search(row).ok()).collect()
}
