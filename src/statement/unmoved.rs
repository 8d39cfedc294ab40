//! Whether rows are those that were there.

use super::RowSource;

/// Counts a table's rows, and those of them that a predicate on a row `t` selects: two numbers. Where none was written since
/// all that were under way had ended, and there are as many as then, they are the same rows.
#[must_use]
pub fn count_rows(source: RowSource<'_>, young: &str) -> String {
    format!("select count(*), count(*) filter (where {young}) from {} t", source.relation())
}
