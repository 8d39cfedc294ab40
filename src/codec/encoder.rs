//! Record batches back into wire fields, and into text for people and keys.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float32Array,
    Float64Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray, UInt32Array,
};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};

use super::error::{CodecError, CodecProblem};
use super::exact::ExactValues;
use super::lane::{Codec, Lane};
use super::layout::{RowLayout, StagedColumn};
use super::{boolean, bytes, datetime, float, integer, json, numeric, text, uuid};

/// The longest value that a server takes.
const MAX_VALUE: usize = 1 << 30;

/// Turns record batches of one layout back into what binary COPY carries.
#[derive(Clone, Debug)]
pub struct BatchEncoder {
    columns: Vec<StagedColumn>,
}

impl BatchEncoder {
    /// Makes an encoder for batches of that layout.
    #[must_use]
    pub fn new(layout: &RowLayout) -> Self {
        Self { columns: layout.columns.clone() }
    }

    /// Opens a batch. Whoever reads many single values of one batch does it once and reads from the view.
    ///
    /// # Errors
    /// If the batch's columns are not the layout's with `fb_exact` behind them.
    pub fn view<'a>(&'a self, batch: &'a RecordBatch) -> Result<BatchView<'a>, CodecError> {
        BatchView::open(&self.columns, batch)
    }

    /// Appends all rows as tuples of binary COPY, field counts included; no header and no trailer.
    ///
    /// # Errors
    /// If the batch is not of the layout, or a value is none of its type. Nothing has been appended then.
    pub fn encode(&self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let view = self.view(batch)?;
        let start = out.len();
        for row in 0..batch.num_rows() {
            view.row(row, out).inspect_err(|_| out.truncate(start))?;
        }
        Ok(())
    }

    /// As [`BatchView::row`].
    ///
    /// # Errors
    /// As there.
    pub fn row(&self, batch: &RecordBatch, row: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.view(batch)?.row(row, out)
    }

    /// As [`BatchView::field`].
    ///
    /// # Errors
    /// As there.
    pub fn field(&self, batch: &RecordBatch, row: usize, column: usize, out: &mut Vec<u8>) -> Result<bool, CodecError> {
        self.view(batch)?.field(row, column, out)
    }

    /// As [`BatchView::display`].
    ///
    /// # Errors
    /// As there.
    pub fn display(&self, batch: &RecordBatch, row: usize, column: usize) -> Result<Option<String>, CodecError> {
        self.view(batch)?.display(row, column)
    }
}

/// A record batch whose columns have been opened for reading.
pub struct BatchView<'a> {
    columns: &'a [StagedColumn],
    values: Vec<Values<'a>>,
    exact: ExactValues<'a>,
    rows: usize,
}

impl<'a> BatchView<'a> {
    fn open(columns: &'a [StagedColumn], batch: &'a RecordBatch) -> Result<Self, CodecError> {
        if batch.num_columns() != columns.len() + 1 {
            return Err(CodecError::batch(CodecProblem::Layout));
        }
        let open = |(column, array): (&StagedColumn, &'a ArrayRef)| {
            Values::open(column.lane, array).ok_or_else(|| CodecError::column(&column.name, CodecProblem::Layout))
        };
        let values = columns.iter().zip(batch.columns()).map(open).collect::<Result<_, _>>()?;
        let exact = ExactValues::open(batch, columns.len()).ok_or(CodecError::batch(CodecProblem::Companion))?;
        Ok(Self { columns, values, exact, rows: batch.num_rows() })
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// Appends one row as a tuple of binary COPY, field count included.
    ///
    /// # Errors
    /// If there is no such row, or a value is none of its type. Part of the row may have been appended then.
    pub fn row(&self, row: usize, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let count = i16::try_from(self.columns.len()).map_err(|_| CodecError::batch(CodecProblem::Layout))?;
        out.extend_from_slice(&count.to_be_bytes());
        for column in 0..self.columns.len() {
            let at = out.len();
            out.extend_from_slice(&(-1_i32).to_be_bytes());
            if self.field(row, column, out)? {
                let length = i32::try_from(out.len() - at - 4).unwrap_or(i32::MAX);
                if let Some(slot) = out.get_mut(at..at + 4) {
                    slot.copy_from_slice(&length.to_be_bytes());
                }
            }
        }
        Ok(())
    }

    /// Appends the wire bytes of one value, without a length. Returns false, and appends nothing, for NULL.
    ///
    /// # Errors
    /// If there is no such row or column, or the value is none of its type, or longer than 1 GiB.
    #[inline]
    pub fn field(&self, row: usize, column: usize, out: &mut Vec<u8>) -> Result<bool, CodecError> {
        let (Some(values), Some(staged)) = (self.values.get(column), self.columns.get(column)) else {
            return Err(CodecError::batch(CodecProblem::OutOfRange));
        };
        let fails = |problem| CodecError::cell(&staged.name, row, problem);
        if row >= self.rows {
            return Err(fails(CodecProblem::OutOfRange));
        }
        if values.is_null(row) {
            let exact = self.exact.find(row, staged);
            exact.inspect(|wire| out.extend_from_slice(wire));
            return Ok(exact.is_some());
        }
        let start = out.len();
        let written = values.write(row, out);
        if written && out.len() - start <= MAX_VALUE {
            return Ok(true);
        }
        out.truncate(start);
        Err(fails(if written { CodecProblem::TooLarge } else { CodecProblem::Unencodable }))
    }

    /// Returns one value as text: what people read, and what the type's input function reads back to the identical value (NaN
    /// payloads of floats apart). None is NULL.
    ///
    /// # Errors
    /// As [`Self::field`], and for values that have no text: a jsonb version that this program does not know.
    pub fn display(&self, row: usize, column: usize) -> Result<Option<String>, CodecError> {
        let mut wire = Vec::new();
        if !self.field(row, column, &mut wire)? {
            return Ok(None);
        }
        let staged = self.columns.get(column).ok_or(CodecError::batch(CodecProblem::OutOfRange))?;
        let malformed = || CodecError::cell(&staged.name, row, CodecProblem::Malformed);
        shown(staged.lane, &wire).map(Some).ok_or_else(malformed)
    }
}

/// Returns a wire value as text.
fn shown(lane: Lane, wire: &[u8]) -> Option<String> {
    let Lane::Typed(codec) = lane else { return text::text(wire) };
    match codec {
        Codec::Bool => boolean::text(wire),
        Codec::Int2 => integer::text_int2(wire),
        Codec::Int4 => integer::text_int4(wire),
        Codec::Int8 => integer::text_int8(wire),
        Codec::Oid => integer::text_oid(wire),
        Codec::Float4 => float::text_float4(wire),
        Codec::Float8 => float::text_float8(wire),
        Codec::Text | Codec::Json | Codec::Enum => text::text(wire),
        Codec::Bytea => Some(bytes::text(wire)),
        Codec::Uuid => uuid::text(wire),
        Codec::Date => datetime::text_date(wire),
        Codec::Time => datetime::text_time(wire),
        Codec::Timestamp => datetime::text_timestamp(wire, ""),
        Codec::TimestampTz => datetime::text_timestamp(wire, "+00"),
        Codec::Jsonb => json::text_jsonb(wire),
        Codec::Numeric { .. } => numeric::text(wire),
    }
}

/// A column's array as its own type, so that the cast is done once for each batch.
enum Values<'a> {
    Bool(&'a BooleanArray),
    Int2(&'a Int16Array),
    Int4(&'a Int32Array),
    Int8(&'a Int64Array),
    Oid(&'a UInt32Array),
    Float4(&'a Float32Array),
    Float8(&'a Float64Array),
    Text(&'a StringArray),
    Jsonb(&'a StringArray),
    Bytea(&'a BinaryArray),
    Uuid(&'a FixedSizeBinaryArray),
    Date(&'a Date32Array),
    Time(&'a Time64MicrosecondArray),
    Timestamp(&'a TimestampMicrosecondArray),
    Numeric(&'a Decimal128Array, u8),
}

impl<'a> Values<'a> {
    fn open(lane: Lane, array: &'a ArrayRef) -> Option<Self> {
        // A decimal of another scale, or a timestamp of another zone, has the same array type and another meaning.
        if *array.data_type() != lane.data_type() {
            return None;
        }
        let Lane::Typed(codec) = lane else { return array.as_string_opt().map(Self::Text) };
        match codec {
            Codec::Bool => array.as_boolean_opt().map(Self::Bool),
            Codec::Int2 => numbers::<Int16Type>(array).map(Self::Int2),
            Codec::Int4 => numbers::<Int32Type>(array).map(Self::Int4),
            Codec::Int8 => numbers::<Int64Type>(array).map(Self::Int8),
            Codec::Oid => numbers::<UInt32Type>(array).map(Self::Oid),
            Codec::Float4 => numbers::<Float32Type>(array).map(Self::Float4),
            Codec::Float8 => numbers::<Float64Type>(array).map(Self::Float8),
            Codec::Text | Codec::Json | Codec::Enum => array.as_string_opt().map(Self::Text),
            Codec::Bytea => array.as_binary_opt().map(Self::Bytea),
            Codec::Uuid => array.as_fixed_size_binary_opt().map(Self::Uuid),
            Codec::Date => numbers::<Date32Type>(array).map(Self::Date),
            Codec::Time => numbers::<Time64MicrosecondType>(array).map(Self::Time),
            Codec::Timestamp | Codec::TimestampTz => numbers::<TimestampMicrosecondType>(array).map(Self::Timestamp),
            Codec::Jsonb => array.as_string_opt().map(Self::Jsonb),
            Codec::Numeric { scale, .. } => {
                let scale = u8::try_from(scale).ok()?;
                numbers::<Decimal128Type>(array).map(|array| Self::Numeric(array, scale))
            }
        }
    }

    #[inline]
    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Bool(array) => array.is_null(row),
            Self::Int2(array) => array.is_null(row),
            Self::Int4(array) => array.is_null(row),
            Self::Int8(array) => array.is_null(row),
            Self::Oid(array) => array.is_null(row),
            Self::Float4(array) => array.is_null(row),
            Self::Float8(array) => array.is_null(row),
            Self::Text(array) | Self::Jsonb(array) => array.is_null(row),
            Self::Bytea(array) => array.is_null(row),
            Self::Uuid(array) => array.is_null(row),
            Self::Date(array) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
            Self::Timestamp(array) => array.is_null(row),
            Self::Numeric(array, _) => array.is_null(row),
        }
    }

    /// Appends the wire bytes of a value that is not NULL; false if it is none of the type.
    #[inline]
    fn write(&self, row: usize, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Bool(array) => boolean::write(array.value(row), out),
            Self::Int2(array) => integer::write_int2(array.value(row), out),
            Self::Int4(array) => integer::write_int4(array.value(row), out),
            Self::Int8(array) => integer::write_int8(array.value(row), out),
            Self::Oid(array) => integer::write_oid(array.value(row), out),
            Self::Float4(array) => float::write_float4(array.value(row), out),
            Self::Float8(array) => float::write_float8(array.value(row), out),
            Self::Text(array) => text::write(array.value(row), out),
            Self::Jsonb(array) => json::write_jsonb(array.value(row), out),
            Self::Bytea(array) => bytes::write(array.value(row), out),
            Self::Uuid(array) => uuid::write(array.value(row), out),
            Self::Date(array) => return datetime::write_date(array.value(row), out),
            Self::Time(array) => return datetime::write_time(array.value(row), out),
            Self::Timestamp(array) => return datetime::write_timestamp(array.value(row), out),
            Self::Numeric(array, scale) => numeric::write(array.value(row), *scale, out),
        }
        true
    }
}

fn numbers<T: ArrowPrimitiveType>(array: &ArrayRef) -> Option<&arrow::array::PrimitiveArray<T>> {
    array.as_primitive_opt::<T>()
}
