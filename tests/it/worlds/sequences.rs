//! Sequences: never lowered by a merge, and never behind a row that it brought.

use std::collections::BTreeMap;

use failback::name::Side;

use super::journey::Journey;
use super::schema::{Key, Table};
use super::snapshot::Snapshot;
use crate::support::block_on;

/// What each table's sequence has given out last; 0 where nothing yet.
pub(super) type Numbers = BTreeMap<String, i64>;

impl Journey<'_> {
    /// Reads OLD's sequences.
    pub(super) fn sequences(&self) -> Numbers {
        let drawn = self.tables.iter().filter(|table| matches!(table.key, Key::Serial | Key::Identity));
        let read = |table: &Table| {
            let query = format!("select case when is_called then last_value else 0 end from {}_id_seq", table.name);
            let client = &self.clients(Side::Old)[table.database];
            let last: i64 = block_on(client.query_one(&query, &[])).expect("a sequence").get(0);
            (table.name.clone(), last)
        };
        drawn.map(read).collect()
    }
}

/// Lists what is wrong with the sequences after a merge.
pub(super) fn complaints(
    tables: &[Table],
    before: &Numbers,
    after: &Numbers,
    rows_before: &Snapshot,
    rows_after: &Snapshot,
) -> Vec<String> {
    let mut found = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        let (Some(was), Some(is)) = (before.get(&table.name), after.get(&table.name)) else { continue };
        if is < was {
            found.push(format!("{}: its sequence was lowered from {was} to {is}", table.name));
        }
        let brought = rows_after.tables[number].keys().filter(|key| !rows_before.tables[number].contains_key(*key));
        let greatest = brought.filter_map(|key| key.first()?.as_deref()?.parse::<i64>().ok()).max().unwrap_or(0);
        if greatest > *is {
            found.push(format!("{}: row {greatest} was brought, and its sequence stands at {is}", table.name));
        }
    }
    found
}
