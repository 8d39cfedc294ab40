//! Values of NEW's whose composite type does not have OLD's attributes, or whose type writes different values alike: their text
//! may mean something else on OLD, which would take it all the same. So no such value is written.

use arrow_array::Array as _;

use super::direction::Direction;
use super::planned_row::PlannedRows;
use crate::delta;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Ident;
use crate::schema::{CommonType, Drift};
use crate::staging::TableRecord;
use crate::statement::Operation;

/// Finds the rows that would bring such a value to OLD, with the column. One that stays as OLD has it is no such value.
pub(crate) fn values_apart<'a>(
    record: &'a TableRecord,
    direction: Direction,
    changes: &PlannedRows,
) -> Result<Vec<(usize, &'a Ident)>> {
    let mut found = Vec::new();
    let apart = record.drift.iter().filter_map(|drift| match drift {
        Drift::TypeDiffers { column, travel: CommonType::Apart | CommonType::Unlike, .. } => Some(column),
        _ => None,
    });
    for name in apart.filter(|_| direction == Direction::Forward) {
        let Some(column) = record.layout.columns.iter().position(|column| column.name == *name) else { continue };
        let differences = delta::compare(&changes.old.rows, &changes.new.rows)
            .map_err(|error| Error::new(ErrorKind::Malformed, "compare rows").because(error))?;
        let values = changes.new.rows.column(column);
        let brings = |row: usize| direction.operation(changes.actions[row]).is_some_and(Operation::brings_row);
        let is_apart = |row: &usize| brings(*row) && values.is_valid(*row) && differences.differs(*row, column);
        found.extend((0..changes.actions.len()).filter(is_apart).map(|row| (row, name)));
    }
    Ok(found)
}
