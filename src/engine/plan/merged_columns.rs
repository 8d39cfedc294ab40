//! Which side each column of a row is taken of, where both have changed the row since the cutover.

use arrow_array::RecordBatch;

use super::columns_together::ColumnsTogether;
use super::fact::written;
use crate::delta::{self, Differences};
use crate::engine::rows::Image;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Ident, Side};
use crate::policy::ValueOf;
use crate::staging::TableRecord;

/// What each side did to the columns of a batch's rows. A row says something only where it has all three images.
pub(super) struct MergedColumns {
    /// The column that says when a row was written, and which rows NEW wrote last; nothing of rows that do not say it.
    written: Option<(usize, Vec<Option<ValueOf>>)>,
    /// The column that says when a row was made.
    created: Option<usize>,
    /// OLD's values against the cutover's.
    by_old: Differences,
    /// NEW's against the cutover's.
    by_new: Differences,
    /// OLD's against NEW's.
    apart: Differences,
}

impl MergedColumns {
    pub(super) fn of(record: &TableRecord, batch: &RecordBatch, [old, new, base]: &[Image; 3]) -> Result<Self> {
        let compare = |left: &Image, right: &Image| {
            delta::compare(&left.rows, &right.rows)
                .map_err(|error| Error::new(ErrorKind::Malformed, "compare a row's columns").because(error))
        };
        let place = |name: &Ident| record.layout.columns.iter().position(|column| column.name == *name);
        let column = record.times.updated.as_ref().and_then(|of| place(&of.name));
        let created = record.times.created.as_ref().and_then(|of| place(&of.name));
        let last = |row| {
            let (old, new) = (written(batch, Side::Old, row)?, written(batch, Side::New, row)?);
            Some(if new > old { ValueOf::New } else { ValueOf::Old })
        };
        let written = column.map(|column| (column, (0..batch.num_rows()).map(last).collect()));
        Ok(Self { written, created, by_old: compare(old, base)?, by_new: compare(new, base)?, apart: compare(old, new)? })
    }

    /// Whether the sides' rows do not agree on when they were made, so that they may be two.
    pub(super) fn may_be_others(&self, row: usize) -> bool {
        self.created.is_some_and(|column| self.apart.differs(row, column))
    }

    /// The side whose value a column gets, and those that go with it: NEW's where NEW alone changed them, else OLD's; nothing
    /// where both did, and differ. When the row was written is what the later of them says.
    pub(super) fn side(&self, together: &ColumnsTogether, row: usize, column: usize) -> Option<ValueOf> {
        let any = |of: &Differences| together.with(column).iter().any(|column| of.differs(row, *column));
        // What the common type does not hold of OLD's value counts as OLD's change too.
        let forms = together.forms_of(column);
        let by_old = any(&self.by_old) || forms.iter().any(|form| self.by_old.differs(row, *form));
        match (by_old, any(&self.by_new)) {
            _ if !any(&self.apart) => Some(ValueOf::Old),
            (_, false) => Some(ValueOf::Old),
            (false, true) => Some(ValueOf::New),
            (true, true) => self.written.as_ref().filter(|(at, _)| *at == column).and_then(|(_, last)| last[row]),
        }
    }
}
