//! What failback.toml says about a table and cannot be followed: said, since nobody asks for something to be ignored.

use crate::config::{NamedTimeColumns, TableSettings};
use crate::schema::{Method, TimeColumn};
use crate::staging::TableRecord;

/// Says which settings of a table's section were not followed, and what was done instead.
pub(super) fn unheeded(settings: &TableSettings, record: &TableRecord) -> Vec<String> {
    let mut found = Vec::new();
    for (word, named, column) in
        [("created", &settings.created, &record.times.created), ("updated", &settings.updated, &record.times.updated)]
    {
        found.extend(without_column(record, word, named, column.as_ref()));
    }
    if let Some(method) = settings.method.filter(|method| *method != record.method) {
        let cause = if let Some(lack) = &record.unlisted {
            lack
        } else if method != record.method && method.with_keys() == record.method {
            "no index keeps its key unique on both sides"
        } else if method.goes_by_ids() && record.unmarked.is_none() && !record.key.is_whole_row() {
            "nothing says which transactions were over at the cutover"
        } else if record.key.is_whole_row() {
            "it has no key"
        } else {
            "it has no time column that says so"
        };
        found.push(format!("method = \"{}\" cannot be followed, as {cause}: {} is used", method.word(), record.method.word()));
    }
    debug_assert!(record.method != Method::Skip, "such a table is not carried");
    found
}

/// Says that none of the names that were stated for this table is that of a time column.
fn without_column(record: &TableRecord, word: &str, named: &NamedTimeColumns, column: Option<&TimeColumn>) -> Option<String> {
    let is_wall_clock = || named.names.iter().any(|name| record.wall_clocks.iter().any(|column| column.as_str() == name));
    if !named.stated || named.names.is_empty() || column.is_some() || is_wall_clock() {
        return None;
    }
    Some(format!("{word} = \"{}\" names no time column that both sides have: it is not used", named.names.join("\", \"")))
}
