//! Rows whose columns were chosen one by one: they stand in the place of NEW's where a plan is carried out.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use arrow_select::interleave::interleave;

use super::Image;
use crate::codec::RowLayout;
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{OpenSegment, Segment};
use crate::store::Store;

/// The columns of the file: the row's position in the table's diff, and the row.
const POSITION: &str = "fb_row";
const ROW: &str = "row";

/// How many positions are read at a time.
const BATCH_ROWS: usize = 1 << 14;

/// Returns the schema of a file of composed rows.
pub(crate) fn composed_schema(layout: &RowLayout) -> SchemaRef {
    let row = DataType::Struct(layout.arrow_schema().fields().clone());
    Arc::new(Schema::new(vec![Field::new(POSITION, DataType::Int64, false), Field::new(ROW, row, false)]))
}

/// Makes a batch of [`composed_schema`]'s.
pub(crate) fn composed_batch(layout: &RowLayout, positions: Vec<i64>, rows: &RecordBatch) -> Result<RecordBatch> {
    let malformed = |error| Error::new(ErrorKind::Malformed, "keep composed rows").because(error);
    let row = StructArray::new(layout.arrow_schema().fields().clone(), rows.columns().to_vec(), None);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(positions)), Arc::new(row)];
    RecordBatch::try_new(composed_schema(layout), columns).map_err(malformed)
}

/// The composed rows of one table. Memory: eight bytes for each, and those of one batch.
pub(crate) struct Composed {
    /// Where they stand in the table's diff, in ascending order.
    positions: Vec<u64>,
    file: OpenSegment,
}

impl Composed {
    /// Opens a file of composed rows.
    pub(crate) fn open(store: &dyn Store, segment: &Segment) -> Result<Self> {
        let damaged = || Error::new(ErrorKind::Damaged, "read composed rows").because("they are not what was written");
        let file = OpenSegment::open(store, segment)?;
        let mut positions: Vec<u64> = Vec::new();
        for batch in file.batches(BATCH_ROWS, &[POSITION])? {
            let batch = batch?;
            let column = batch.column_by_name(POSITION).and_then(|column| column.as_primitive_opt::<Int64Type>());
            for position in column.ok_or_else(damaged)?.values() {
                positions.push(u64::try_from(*position).map_err(|_| damaged())?);
            }
        }
        if !positions.is_sorted() {
            return Err(damaged());
        }
        Ok(Self { positions, file })
    }

    /// Whether the row at a position of the table's diff is among them.
    pub(crate) fn has(&self, position: usize) -> bool {
        self.positions.binary_search(&(position as u64)).is_ok()
    }

    /// Puts composed rows in the place of an image's, whose rows have these positions in the table's diff, in ascending order.
    pub(crate) fn over(&self, image: &Image, positions: &[u64]) -> Result<Image> {
        let found = positions
            .iter()
            .enumerate()
            .filter_map(|(row, position)| self.positions.binary_search(position).ok().map(|place| (row, place as u64)));
        let (rows, places): (Vec<usize>, Vec<u64>) = found.unzip();
        if rows.is_empty() {
            return Ok(image.clone());
        }
        let malformed = |error| Error::new(ErrorKind::Damaged, "read composed rows").because(error);
        let composed = Image::read(&self.file.read(&places, None)?, ROW)?.rows;
        let mut from: Vec<(usize, usize)> = (0..image.rows.num_rows()).map(|row| (0, row)).collect();
        for (place, row) in rows.into_iter().enumerate() {
            from[row] = (1, place);
        }
        let columns = image.rows.columns().iter().zip(composed.columns());
        let columns = columns.map(|(own, other)| interleave(&[own.as_ref(), other.as_ref()], &from).map_err(malformed));
        let rows = RecordBatch::try_new(image.rows.schema(), columns.collect::<Result<_>>()?).map_err(malformed)?;
        Ok(Image { rows, present: image.present.clone() })
    }
}
