//! Rows of OLD that a merge writes over although NEW's row under the key is another one, or may be.

use std::collections::BTreeMap;

use crate::delta::{Base, Class};
use crate::engine::diff::read_words;
use crate::engine::plan::planned_actions;
use crate::error::Result;
use crate::policy::{Action, Decisions, Origin};
use crate::staging::layout::TableId;
use crate::staging::{DatabasePlan, SegmentReader, TablePlan};
use crate::store::Store;

/// How many rows of the diff are read at a time.
const BATCH_ROWS: usize = 4096;

/// Lists the rows that a merge is to write over others, or over such as may be, unless somebody has decided that for their
/// table by its name.
pub(super) fn to_come(store: &dyn Store, part: &DatabasePlan, decisions: &Decisions) -> Result<BTreeMap<TableId, Vec<usize>>> {
    let mut found = BTreeMap::new();
    for table in &part.tables {
        let is_decided = |class| {
            let origin = decisions.resolve(&part.name, &table.name.to_string(), class).origin;
            matches!(origin, Origin::Table | Origin::DatabaseTable)
        };
        let is_other = |class, base| (class == Class::InsertExists || base == Base::Unknown) && !is_decided(class);
        let rows = in_place_of_others(store, table, &planned_actions(store, table)?, is_other)?;
        found.extend((!rows.is_empty()).then_some((table.id, rows)));
    }
    Ok(found)
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
