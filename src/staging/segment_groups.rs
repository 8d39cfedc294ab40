//! The row groups of a segment.

use parquet::arrow::arrow_reader::ArrowReaderBuilder;

/// Returns how many rows there are in the row groups up to and including each one.
pub(super) fn row_group_ends<T>(builder: &ArrowReaderBuilder<T>) -> Vec<u64> {
    let counts = builder.metadata().row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0));
    counts
        .scan(0_u64, |end, rows| {
            *end = end.saturating_add(rows);
            Some(*end)
        })
        .collect()
}
