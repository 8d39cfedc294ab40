//! Staged values that OLD has no column for: counted, so that they are not taken for carried.

use std::collections::BTreeMap;

use arrow_array::Array;

use crate::engine::run::Reporter;
use crate::error::Result;
use crate::staging::{SegmentReader, TableRecord};
use crate::store::Store;

/// How many rows are read at a time to count values.
const BATCH_ROWS: usize = 1 << 14;

/// Counts the staged values of every column that OLD has no place for, NULLs apart.
pub(crate) fn count_unplaced(store: &dyn Store, reporter: &Reporter, table: &TableRecord) -> Result<BTreeMap<String, u64>> {
    let lonely = table.layout.columns.iter().filter(|column| !column.old.is_present());
    let names: Vec<_> = lonely.map(|column| column.name.as_str()).collect();
    let mut counts: BTreeMap<String, u64> = names.iter().map(|name| ((*name).to_owned(), 0)).collect();
    if names.is_empty() {
        return Ok(counts);
    }
    // A value that its own column cannot hold is NULL there and stands in the companion.
    let wanted: Vec<_> = names.iter().copied().chain(["fb_exact"]).collect();
    for segment in &table.candidates {
        for batch in SegmentReader::open_projected(store, segment, BATCH_ROWS, &wanted)? {
            reporter.check_stop()?;
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
