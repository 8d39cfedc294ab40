//! Rows that NEW has under another spelling of their key: `bob` and `Bob` in citext, `1` and `1.00` in a numeric. The keys of
//! both sides are compared by their bytes, so that OLD's spelling looks like a row that NEW deleted; OLD's server finds the
//! same row under NEW's spelling too.

use std::collections::HashMap;

use super::draft::Draft;
use super::row_values::{Value, each_row};
use crate::error::Result;
use crate::name::Ident;
use crate::policy::Action;
use crate::schema::{KeyColumn, KeyOrder, KeySide, Table};
use crate::store::Store;

/// Holds the deletes of rows that the same diff has under another spelling, whatever is planned for that one; returns how many.
/// Memory: some 32 bytes for every planned delete of the table.
pub(crate) fn hold_deletes(store: &dyn Store, draft: &mut Draft<'_>) -> Result<usize> {
    const WHY: &str = "held: NEW has the row, its key spelt otherwise: OLD's server takes both spellings for one key";
    const RETYPED: &str = "held: its key is of another type on NEW, where the row may be under another spelling";
    let is_exact =
        draft.record.key.columns().iter().all(|column| column.order != KeyOrder::Text) || draft.record.key.is_whole_row();
    if is_exact || !draft.actions.contains(&Action::Delete) {
        return Ok(0);
    }
    if is_retyped(draft) {
        let deletes: Vec<_> = (0..draft.actions.len()).filter(|row| draft.actions[*row] == Action::Delete).collect();
        return Ok(draft.hold_written(deletes, RETYPED));
    }
    let names = draft.record.key.names();
    let mut deleted: HashMap<Value, usize> = HashMap::new();
    each_row(store, draft, &names, "old", |row, _, value| {
        deleted.extend(value.filter(|_| draft.actions[row] == Action::Delete).map(|value| (value, row)));
    })?;
    let mut respelt = Vec::new();
    each_row(store, draft, &names, "old", |row, _, value| {
        let found = value.and_then(|value| deleted.get(&value)).filter(|found| **found != row);
        respelt.extend(found);
    })?;
    Ok(draft.hold_written(respelt, WHY))
}

/// Whether a column of the key that is compared as text is of another type on NEW, which prints the same values otherwise.
fn is_retyped(draft: &Draft<'_>) -> bool {
    let base = |table: &Table, side: &KeySide, name: &Ident| {
        let found = table.column(side.source.column(name)).map(|column| column.data_type.base.clone());
        // These print alike.
        found.map(|base| if base == "varchar" { "text".to_owned() } else { base })
    };
    let differs = |column: &KeyColumn| {
        base(&draft.record.old, &column.old, &column.name) != base(&draft.record.new, &column.new, &column.name)
    };
    draft.record.key.columns().iter().any(|column| column.order == KeyOrder::Text && differs(column))
}
