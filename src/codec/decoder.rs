//! Rows of wire fields into record batches, column by column.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use super::cells::Cells;
use super::error::{CodecError, CodecProblem, Fault};
use super::exact_builder::ExactBuilder;
use super::lane::{Codec, Lane};
use super::layout::{RowLayout, StagedColumn};
use super::{
    boolean, bytes, datetime, float, integer, internal_char, interval, json, list, money, network, numeric, numeric_text, text,
    timetz, uuid,
};
use crate::wire::RowBuffer;

/// Turns row buffers into record batches of one layout.
///
/// Memory: one batch at a time, about the size of the row buffer; arrays are sized before they are filled.
#[derive(Debug)]
pub struct BatchDecoder {
    schema: SchemaRef,
    columns: Vec<StagedColumn>,
    exact: ExactBuilder,
}

impl BatchDecoder {
    /// Makes a decoder for rows of that layout.
    #[must_use]
    pub fn new(layout: &RowLayout) -> Self {
        Self { schema: layout.arrow_schema(), columns: layout.columns.clone(), exact: ExactBuilder::default() }
    }

    /// Converts all rows of the buffer. Values that an Arrow type does not hold are in `fb_exact`, the last column.
    ///
    /// # Errors
    /// A value that is none of its type, text that is not UTF-8, more than 2 GiB in one column; column and row are named.
    pub fn decode(&mut self, rows: &RowBuffer) -> Result<RecordBatch, CodecError> {
        if rows.column_count() != self.columns.len() {
            return Err(CodecError::batch(CodecProblem::Layout));
        }
        self.exact.clear();
        let mut arrays = Vec::with_capacity(self.columns.len() + 1);
        for (index, column) in self.columns.iter().enumerate() {
            let mut cells = Cells::new(rows.fields(index), index, &mut self.exact);
            arrays.push(array(column.lane, &mut cells).map_err(|fault| fault.of(&column.name))?);
        }
        arrays.push(self.exact.finish(rows.row_count(), &self.columns)?);
        RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(|_| CodecError::batch(CodecProblem::Layout))
    }
}

/// Makes the array of a column, or of the elements of a column's arrays.
pub(super) fn array(lane: Lane, cells: &mut Cells<'_>) -> Result<ArrayRef, Fault> {
    let Lane::Typed(codec) = lane else { return Ok(Arc::new(text::decode(cells)?)) };
    Ok(match codec {
        Codec::Bool => Arc::new(boolean::decode(cells)?),
        Codec::Int2 => Arc::new(integer::decode_int2(cells)?),
        Codec::Int4 => Arc::new(integer::decode_int4(cells)?),
        Codec::Int8 => Arc::new(integer::decode_int8(cells)?),
        Codec::Oid => Arc::new(integer::decode_oid(cells)?),
        Codec::Float4 => Arc::new(float::decode_float4(cells)?),
        Codec::Float8 => Arc::new(float::decode_float8(cells)?),
        Codec::Text | Codec::Json | Codec::Enum => Arc::new(text::decode(cells)?),
        Codec::Bytea => Arc::new(bytes::decode(cells)?),
        Codec::Uuid => Arc::new(uuid::decode(cells)?),
        Codec::Date => Arc::new(datetime::decode_date(cells)?),
        Codec::Time => Arc::new(datetime::decode_time(cells)?),
        Codec::Timestamp => Arc::new(datetime::decode_timestamp(cells)?),
        Codec::TimestampTz => Arc::new(datetime::decode_timestamp(cells)?.with_timezone_opt(Some("UTC"))),
        Codec::Jsonb => Arc::new(json::decode_jsonb(cells)?),
        Codec::Numeric { precision, scale } => Arc::new(numeric::decode(cells, precision, scale)?),
        Codec::NumericText => Arc::new(numeric_text::decode(cells)?),
        Codec::Money => Arc::new(money::decode(cells)?),
        Codec::Interval => Arc::new(interval::decode(cells)?),
        Codec::TimeTz => Arc::new(timetz::decode(cells)?),
        Codec::Inet => Arc::new(network::decode_inet(cells)?),
        Codec::Cidr => Arc::new(network::decode_cidr(cells)?),
        Codec::Macaddr => Arc::new(network::decode_macaddr(cells)?),
        Codec::Macaddr8 => Arc::new(network::decode_macaddr8(cells)?),
        Codec::Char => Arc::new(internal_char::decode(cells)?),
        Codec::Xid8 => Arc::new(integer::decode_xid8(cells)?),
        Codec::List(element) => Arc::new(list::decode(cells, element, array)?),
    })
}
