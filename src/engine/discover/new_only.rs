//! What NEW has and OLD has no place for: whole tables, and columns of tables that are carried otherwise. It is staged and
//! counted like everything else, so that it outlives NEW; putting it anywhere is a person's work.

use crate::codec::{RowLayout, StagedColumn};
use crate::schema::{Renaming, Table, map_columns};
use crate::staging::NewOnlyTable;
use crate::staging::layout::TableId;

/// Describes a table that OLD lacks: every column that is stored, as NEW has it.
pub(crate) fn new_only(id: TableId, new: &Table) -> NewOnlyTable {
    let nothing = Table { columns: Vec::new(), ..new.clone() };
    let pairs = map_columns(&nothing, new, &Renaming::default(), "UTC");
    NewOnlyTable {
        id,
        name: new.name.clone(),
        layout: RowLayout { columns: pairs.iter().map(StagedColumn::of).collect() },
        leaves: new.leaves.clone(),
        row_security: new.obstacle.is_some(),
        rows: Vec::new(),
    }
}
