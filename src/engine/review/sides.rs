//! Rows of a diff's batch as BASE, OLD and NEW have them, and as the plan leaves them: each value as a cell.

use arrow_array::RecordBatch;

use super::cell::Cell;
use super::reviewed_table::ReviewedTable;
use crate::codec::{BatchEncoder, BatchView, CodecError, Shown, StagedColumn};
use crate::delta::{Base, Class};
use crate::engine::plan::PlannedRows;
use crate::engine::rows::{Image, fingerprint};
use crate::error::{Error, ErrorKind, Result};
use crate::name::visible_literal;
use crate::policy::Action;
use crate::schema::Source;
use crate::statement::NULL;

/// The images of a batch.
pub(super) struct Images {
    base: Image,
    old: Image,
    new: Image,
    /// As a plan that writes a row leaves it.
    after: Image,
}

impl Images {
    /// Reads the images of a batch, whose rows have these positions in the table's diff, in ascending order.
    pub(super) fn read(table: &ReviewedTable<'_>, batch: &RecordBatch, positions: &[u64]) -> Result<Self> {
        let (rows, new) = (PlannedRows::read(Vec::new(), batch)?, Image::read(batch, "new")?);
        let after = rows.composed(table.composed.as_ref(), positions)?.change(&table.record.layout)?;
        Ok(Self { base: Image::read(batch, "base")?, old: after.before, new, after: after.after })
    }

    pub(super) fn open<'a>(&'a self, table: &'a ReviewedTable<'a>, encoder: &'a BatchEncoder) -> Result<Sides<'a>> {
        let open = |image: &'a Image| Ok(Seen { image, view: encoder.view(&image.rows).map_err(unreadable)? });
        Ok(Sides { table, base: open(&self.base)?, old: open(&self.old)?, new: open(&self.new)?, after: open(&self.after)? })
    }
}

/// The images of a batch, opened for reading.
pub(super) struct Sides<'a> {
    table: &'a ReviewedTable<'a>,
    base: Seen<'a>,
    old: Seen<'a>,
    new: Seen<'a>,
    after: Seen<'a>,
}

struct Seen<'a> {
    image: &'a Image,
    view: BatchView<'a>,
}

impl Seen<'_> {
    fn has(&self, row: usize) -> bool {
        self.image.present.value(row)
    }
}

impl Sides<'_> {
    /// Whether rows of the table have columns that were chosen one by one.
    pub(super) const fn is_composed(&self) -> bool {
        self.table.composed.is_some()
    }

    /// Whether both sides have a row.
    pub(super) fn both(&self, row: usize) -> bool {
        self.old.has(row) && self.new.has(row)
    }

    pub(super) fn old_cell(&self, row: usize, index: usize) -> Result<Cell> {
        let column = self.column(index);
        self.cell(&self.old, row, index, &column.old)
    }

    pub(super) fn new_cell(&self, row: usize, index: usize) -> Result<Cell> {
        let column = self.column(index);
        self.cell(&self.new, row, index, &column.new)
    }

    pub(super) fn base(&self, base: Base, row: usize, index: usize) -> Result<Cell> {
        let column = self.column(index);
        match base {
            Base::Absent => Ok(Cell::NoRow),
            _ if !self.base.has(row) => Ok(Cell::Unknown),
            Base::IsNew => self.cell(&self.base, row, index, &column.new),
            Base::IsOld | Base::Other | Base::Unknown => self.cell(&self.base, row, index, &column.old),
        }
    }

    /// The value on OLD once an action is done.
    pub(super) fn result(&self, action: Action, row: usize, index: usize) -> Result<Cell> {
        let column = self.column(index);
        if !action.writes() {
            return self.old_cell(row, index);
        }
        if !action.brings_new() {
            return Ok(Cell::NoRow);
        }
        if column.old.is_present() && !column.new.is_present() && !self.old.has(row) {
            return Ok(Cell::Default);
        }
        self.cell(&self.after, row, index, &column.old)
    }

    /// A value of the key, of whichever side has the row.
    pub(super) fn key(&self, row: usize, index: usize) -> Result<Cell> {
        if self.old.has(row) { self.old_cell(row, index) } else { self.new_cell(row, index) }
    }

    /// The texts of the key's values, masked or not; `None` where one has no text.
    pub(super) fn key_texts(&self, row: usize, columns: &[usize]) -> Result<Option<Vec<String>>> {
        let side = if self.old.has(row) { &self.old } else { &self.new };
        let texts = columns.iter().map(|index| match side.view.shown(row, *index).map_err(unreadable)? {
            Shown::Text(text) => Ok(Some(text)),
            Shown::Null | Shown::Wire(_) => Ok(None),
        });
        texts.collect()
    }

    /// What tells the row from what it was, or will be.
    pub(super) fn fingerprint(&self, class: Class, row: usize) -> Result<String> {
        fingerprint(class, [&self.old, &self.new, &self.base].map(|side| side.has(row).then_some(&side.view)), row)
    }

    /// The row's values for a statement that does what an action does, one for each column of the layout.
    pub(super) fn literals(&self, action: Action, row: usize) -> Result<Vec<String>> {
        let side = if action == Action::Delete { &self.old } else { &self.after };
        let columns = 0..self.table.record.layout.columns.len();
        columns.map(|index| self.literal(side, row, index)).collect()
    }

    /// What no server takes stands in the place of a value that is not shown: such a statement cannot be run by mistake.
    fn literal(&self, side: &Seen<'_>, row: usize, index: usize) -> Result<String> {
        let column = self.column(index);
        if self.table.hides(column) {
            return Ok("<masked>".to_owned());
        }
        Ok(match side.view.shown(row, index).map_err(unreadable)? {
            Shown::Null => NULL.to_owned(),
            Shown::Text(text) => visible_literal(&text),
            Shown::Wire(hex) => format!("<{} {hex}>", column.pg_type),
        })
    }

    fn column(&self, index: usize) -> &StagedColumn {
        &self.table.record.layout.columns[index]
    }

    fn cell(&self, side: &Seen<'_>, row: usize, index: usize, source: &Source) -> Result<Cell> {
        let column = self.column(index);
        if !side.has(row) {
            return Ok(Cell::NoRow);
        }
        if !source.is_present() {
            return Ok(Cell::NoColumn);
        }
        if self.table.hides(column) {
            return Ok(Cell::Masked);
        }
        // OLD's own text of a value that the common type does not hold.
        let form = self.table.record.layout.columns.iter().position(|other| other.own_form_of.as_ref() == Some(&column.name));
        if let Some(form) = form
            && let Shown::Text(text) = side.view.shown(row, form).map_err(unreadable)?
        {
            return Ok(Cell::Text(text));
        }
        Ok(match side.view.shown(row, index).map_err(unreadable)? {
            Shown::Null => Cell::Null,
            Shown::Text(text) => Cell::Text(text),
            Shown::Wire(hex) => Cell::Wire { pg_type: column.pg_type.clone(), hex },
        })
    }
}

fn unreadable(error: CodecError) -> Error {
    Error::new(ErrorKind::Damaged, "read the diff").because(error)
}
