//! What NEW has and OLD has no place for: whole tables, and columns of tables that are carried otherwise. It is staged and counted
//! like everything else, so that it outlives NEW; putting it anywhere is a person's work.

use std::collections::BTreeMap;

use arrow::array::Array;

use super::context::Context;
use crate::codec::{RowLayout, StagedColumn};
use crate::error::Result;
use crate::schema::{Renaming, Table, pair_columns};
use crate::staging::layout::TableId;
use crate::staging::{SegmentReader, StrandedTable, TableRecord};

/// How many rows are read at a time to count values.
const BATCH_ROWS: usize = 1 << 14;

/// Describes a table that OLD lacks: every column that is stored, as NEW has it.
pub(super) fn stranded(id: TableId, new: &Table) -> StrandedTable {
    let nothing = Table { columns: Vec::new(), ..new.clone() };
    let pairs = pair_columns(&nothing, new, &Renaming::default(), "UTC");
    StrandedTable {
        id,
        name: new.name.clone(),
        layout: RowLayout { columns: pairs.iter().map(StagedColumn::of).collect() },
        leaves: new.leaves.clone(),
        row_security: new.obstacle.is_some(),
        rows: Vec::new(),
    }
}

/// Counts the staged values of every column that OLD has no place for, NULLs apart.
pub(super) fn count_unplaced(context: &Context, table: &TableRecord) -> Result<BTreeMap<String, u64>> {
    let lonely = table.layout.columns.iter().filter(|column| !column.old.is_present());
    let names: Vec<_> = lonely.map(|column| column.name.as_str()).collect();
    let mut counts: BTreeMap<String, u64> = names.iter().map(|name| ((*name).to_owned(), 0)).collect();
    if names.is_empty() {
        return Ok(counts);
    }
    // A value that its own column cannot hold is NULL there and stands in the companion.
    let wanted: Vec<_> = names.iter().copied().chain(["fb_exact"]).collect();
    for segment in &table.candidates {
        for batch in SegmentReader::open_projected(&context.store, segment, BATCH_ROWS, &wanted)? {
            context.stop.check()?;
            let batch = batch?;
            let elsewhere = crate::codec::exact_columns(&batch);
            for (name, count) in &mut counts {
                let stored = batch.column_by_name(name).map_or(0, |column| column.len() - column.null_count());
                *count += stored as u64 + elsewhere.get(name).copied().unwrap_or(0);
            }
        }
    }
    Ok(counts)
}
