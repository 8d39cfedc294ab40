//! Rows of one side, one for each of some keys, where not every key has one.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StructArray, new_null_array};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::filter::filter_record_batch;

use crate::codec::{Codec, Lane, RowLayout, StagedColumn};
use crate::delta;
use crate::error::{Error, ErrorKind, Result};

/// Rows of one side, one a key.
#[derive(Clone)]
pub(crate) struct Image {
    /// The rows; all NULL where there is none.
    pub(crate) rows: RecordBatch,
    /// Which of them exist.
    pub(crate) present: BooleanArray,
}

/// Returns the layout that [`Image::split`] takes apart: whether the row exists, then its columns.
pub(crate) fn image_layout(layout: &RowLayout) -> RowLayout {
    let present = StagedColumn::plain("fb_present", "boolean", Lane::Typed(Codec::Bool));
    RowLayout { columns: std::iter::once(present).chain(layout.columns.iter().cloned()).collect() }
}

/// Returns a layout with one more column at its front, which [`Image::split_flag`] takes off.
pub(crate) fn flagged_layout(layout: &RowLayout) -> RowLayout {
    let flag = StagedColumn::plain("fb_flag", "boolean", Lane::Typed(Codec::Bool));
    RowLayout { columns: [flag].into_iter().chain(layout.columns.iter().cloned()).collect() }
}

/// Returns a layout with the flag, and then where the row lies: its relation, and its block.
pub(crate) fn placed_layout(layout: &RowLayout) -> RowLayout {
    let relation = StagedColumn::plain("fb_relation", "oid", Lane::Typed(Codec::Oid));
    let block = StagedColumn::plain("fb_block", "bigint", Lane::Typed(Codec::Int8));
    flagged_layout(&RowLayout { columns: [relation, block].into_iter().chain(layout.columns.iter().cloned()).collect() })
}

/// Returns a layout with two more columns at its front, which [`Image::split_landed`] takes off: in which relation the row
/// lies, and at which place.
pub(crate) fn landed_layout(layout: &RowLayout) -> RowLayout {
    let relation = StagedColumn::plain("fb_relation", "oid", Lane::Typed(Codec::Oid));
    let place = StagedColumn::plain("fb_place", "bytea", Lane::Typed(Codec::Bytea));
    RowLayout { columns: [relation, place].into_iter().chain(layout.columns.iter().cloned()).collect() }
}

/// The column of a file of BASE's rows.
const BASE: &str = "base";

/// Returns the schema of a file of BASE's rows: one column, NULL where BASE has no row.
pub(crate) fn base_schema(layout: &RowLayout) -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(BASE, DataType::Struct(layout.arrow_schema().fields().clone()), true)]))
}

impl Image {
    /// Takes rows that all exist.
    pub(crate) fn whole(rows: RecordBatch) -> Self {
        Self { present: BooleanArray::from(vec![true; rows.num_rows()]), rows }
    }

    /// Makes as many keys without a row.
    pub(crate) fn nothing(schema: &SchemaRef, keys: usize) -> Self {
        let columns = schema.fields().iter().map(|field| new_null_array(field.data_type(), keys)).collect();
        let rows = RecordBatch::try_new(schema.clone(), columns).unwrap_or_else(|_| RecordBatch::new_empty(schema.clone()));
        Self { rows, present: BooleanArray::from(vec![false; keys]) }
    }

    /// Splits what `counterparts` statements read: the presence column first, then the layout's columns.
    pub(crate) fn split(batch: &RecordBatch) -> Result<Self> {
        let malformed = |error| Error::new(ErrorKind::Malformed, "split a batch of rows").because(error);
        let rows = batch.project(&(1..batch.num_columns()).collect::<Vec<_>>()).map_err(malformed)?;
        Ok(Self { present: batch.column(0).as_boolean().clone(), rows })
    }

    /// Takes the first column off, which says something of every row that exists.
    pub(crate) fn split_flag(self) -> Result<(Self, BooleanArray)> {
        let malformed = |error| Error::new(ErrorKind::Malformed, "split a batch of rows").because(error);
        let flag = self.rows.column(0).as_boolean().clone();
        let rows = self.rows.project(&(1..self.rows.num_columns()).collect::<Vec<_>>()).map_err(malformed)?;
        Ok((Self { rows, ..self }, flag))
    }

    /// Takes the first two columns off, which say where each row lies that exists.
    pub(crate) fn split_landed(self) -> Result<(Self, [ArrayRef; 2])> {
        let malformed = |error| Error::new(ErrorKind::Malformed, "split a batch of rows").because(error);
        let landed = [0, 1].map(|column| self.rows.column(column).clone());
        let rows = self.rows.project(&(2..self.rows.num_columns()).collect::<Vec<_>>()).map_err(malformed)?;
        Ok((Self { rows, ..self }, landed))
    }

    /// Puts images one behind the other.
    pub(crate) fn join(parts: &[Self]) -> Result<Self> {
        let malformed = |error| Error::new(ErrorKind::Malformed, "join batches of rows").because(error);
        let schema = parts.first().map(|part| part.rows.schema());
        let schema = schema.ok_or_else(|| Error::new(ErrorKind::Malformed, "read rows").because("asked for no rows"))?;
        let rows = concat_batches(&schema, parts.iter().map(|part| &part.rows)).map_err(malformed)?;
        let present = parts.iter().flat_map(|part| part.present.iter()).collect();
        Ok(Self { rows, present })
    }

    /// Reads an image, `base`, `old` or `new`, out of a batch of a diff file.
    pub(crate) fn read(batch: &RecordBatch, name: &str) -> Result<Self> {
        let damaged = |cause: String| Error::new(ErrorKind::Damaged, "read an image of the diff").at(name).because(cause);
        let column = batch.column_by_name(name).ok_or_else(|| damaged("the column is missing".to_owned()))?;
        let image = column.as_struct_opt().ok_or_else(|| damaged("the column is no struct".to_owned()))?;
        let schema = Arc::new(Schema::new(image.fields().clone()));
        let rows = RecordBatch::try_new(schema, image.columns().to_vec()).map_err(|error| damaged(error.to_string()))?;
        let present = (0..image.len()).map(|row| Some(image.is_valid(row))).collect();
        Ok(Self { rows, present })
    }

    /// Makes a batch of [`base_schema`]'s.
    pub(crate) fn to_base(&self, layout: &RowLayout) -> Result<RecordBatch> {
        let malformed = |error| Error::new(ErrorKind::Malformed, "keep BASE's rows").because(error);
        RecordBatch::try_new(base_schema(layout), vec![Arc::new(self.to_struct())]).map_err(malformed)
    }

    /// Reads a batch of [`base_schema`]'s.
    pub(crate) fn of_base(batch: &RecordBatch, layout: &RowLayout) -> Result<Self> {
        let malformed = |error| Error::new(ErrorKind::Damaged, "read BASE's staged rows").because(error);
        let Self { rows, present } = Self::read(batch, BASE)?;
        // With the layout's own fields, whatever the file has kept of them.
        let rows = RecordBatch::try_new(layout.arrow_schema(), rows.columns().to_vec()).map_err(malformed)?;
        Ok(Self { rows, present })
    }

    /// Makes a struct of its columns, NULL where the row does not exist.
    pub(crate) fn to_struct(&self) -> StructArray {
        let nulls = NullBuffer::new(self.present.values().clone());
        StructArray::new(self.rows.schema().fields().clone(), self.rows.columns().to_vec(), Some(nulls))
    }

    /// Returns a row, if it exists, as the batch that it stands in.
    pub(crate) fn row(&self, row: usize) -> Option<&RecordBatch> {
        self.present.value(row).then_some(&self.rows)
    }

    /// Keeps the keys that a mask selects.
    pub(crate) fn select(&self, mask: &BooleanArray) -> Result<Self> {
        let malformed = |error| Error::new(ErrorKind::Malformed, "select rows").because(error);
        let rows = filter_record_batch(&self.rows, mask).map_err(malformed)?;
        let present =
            self.present.iter().zip(mask).filter(|(_, wanted)| *wanted == Some(true)).map(|(present, _)| present).collect();
        Ok(Self { rows, present })
    }

    /// Lists the positions of keys whose row is another than the expected one, in the columns that are asked about by row and
    /// position.
    pub(crate) fn unlike(&self, expected: &Self, is_asked: impl Fn(usize, usize) -> bool) -> Result<Vec<usize>> {
        let differences = delta::compare(&expected.rows, &self.rows)
            .map_err(|error| Error::new(ErrorKind::Malformed, "compare OLD with the plan").because(error))?;
        let is_unlike = |row: &usize| match (expected.present.value(*row), self.present.value(*row)) {
            (true, true) => differences.columns(*row).any(|column| is_asked(*row, column)),
            (wanted, there) => wanted != there,
        };
        Ok((0..self.present.len()).filter(is_unlike).collect())
    }
}
