//! Rows whose key NEW spells otherwise than OLD, whose server takes both spellings for one key: OLD's spelling is a key that
//! NEW lacks, and counts as one, although no row was deleted. The plan holds it.

use super::diff_row::DiffRow;
use crate::delta::Class;
use crate::schema::ComparisonKey;
use crate::staging::TableDiff;

/// Whether a row that both sides have bears a key that is spelt otherwise on each.
pub(super) fn is_respelt(key: &ComparisonKey, row: &DiffRow) -> bool {
    let changed = row.changed.iter().flatten();
    !key.is_whole_row() && changed.into_iter().any(|name| key.names().iter().any(|column| column.as_str() == name))
}

/// Says how many of the rows that NEW seems to lack are there under another spelling.
pub(super) fn note(database: &str, table: &TableDiff, rows: u64) -> Option<String> {
    let lacking = table.counts.sum_of(|class| matches!(class, Class::Delete | Class::AmbiguousMissingOnNew | Class::OldOnly));
    (rows.min(lacking) > 0).then(|| {
        format!(
            "! {database}: {}: NEW spells the keys of {rows} rows otherwise: OLD's spelling of each counts as a row that NEW \
             lacks (delete, ambiguous_missing_on_new), and the plan holds it whatever is decided",
            table.name
        )
    })
}
