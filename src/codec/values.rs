//! Arrow columns, opened for reading single values.

use arrow_array::ArrowPrimitiveType;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float32Array, Float64Array,
    Int16Array, Int32Array, Int64Array, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray, UInt32Array,
    UInt64Array,
};
use arrow_buffer::NullBuffer;

use super::element::Element;
use super::interval::Intervals;
use super::lane::{Codec, Lane};
use super::{
    boolean, bytes, datetime, float, integer, internal_char, json, list, money, network, numeric, numeric_text, text, timetz,
    uuid,
};

/// A column, or the elements of a column's lists.
pub(super) struct Column<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

impl<'a> Column<'a> {
    /// Opens an array; none if it is not of the lane's type.
    pub(super) fn open(lane: Lane, array: &'a ArrayRef) -> Option<Self> {
        // A decimal of another scale, or a timestamp of another zone, has the same array type and another meaning.
        if *array.data_type() != lane.data_type() {
            return None;
        }
        Some(Self { nulls: array.nulls(), values: Values::open(lane, array)? })
    }

    #[inline]
    pub(super) fn is_null(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends the wire bytes of a value that is not NULL; false if it is none of the type.
    #[inline]
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.values.write(row, out)
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
    NumericText(&'a StringArray),
    Money(&'a Decimal128Array),
    Interval(Intervals<'a>),
    TimeTz(&'a StringArray),
    Inet(&'a StringArray),
    Cidr(&'a StringArray),
    Macaddr(&'a StringArray),
    Macaddr8(&'a StringArray),
    Char(&'a StringArray),
    Xid8(&'a UInt64Array),
    List(Box<Lists<'a>>),
}

impl<'a> Values<'a> {
    fn open(lane: Lane, array: &'a ArrayRef) -> Option<Self> {
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
            Codec::NumericText => array.as_string_opt().map(Self::NumericText),
            Codec::Money => numbers::<Decimal128Type>(array).map(Self::Money),
            Codec::Interval => Intervals::open(array).map(Self::Interval),
            Codec::TimeTz => array.as_string_opt().map(Self::TimeTz),
            Codec::Inet => array.as_string_opt().map(Self::Inet),
            Codec::Cidr => array.as_string_opt().map(Self::Cidr),
            Codec::Macaddr => array.as_string_opt().map(Self::Macaddr),
            Codec::Macaddr8 => array.as_string_opt().map(Self::Macaddr8),
            Codec::Char => array.as_string_opt().map(Self::Char),
            Codec::Xid8 => numbers::<UInt64Type>(array).map(Self::Xid8),
            Codec::List(element) => Lists::open(element, array).map(Box::new).map(Self::List),
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
            Self::NumericText(array) => return numeric_text::write(array.value(row), out),
            Self::Money(array) => return money::write(array.value(row), out),
            Self::Interval(intervals) => intervals.write(row, out),
            Self::TimeTz(array) => return timetz::write(array.value(row), out),
            Self::Inet(array) => return network::write_inet(array.value(row), out),
            Self::Cidr(array) => return network::write_cidr(array.value(row), out),
            Self::Macaddr(array) => return network::write_mac::<6>(array.value(row), out),
            Self::Macaddr8(array) => return network::write_mac::<8>(array.value(row), out),
            Self::Char(array) => return internal_char::write(array.value(row), out),
            Self::Xid8(array) => integer::write_xid8(array.value(row), out),
            Self::List(lists) => return lists.write(row, out),
        }
        true
    }
}

fn numbers<T: ArrowPrimitiveType>(array: &ArrayRef) -> Option<&arrow_array::PrimitiveArray<T>> {
    array.as_primitive_opt::<T>()
}

/// A column of lists.
struct Lists<'a> {
    element: Element,
    offsets: &'a [i32],
    elements: Column<'a>,
}

impl<'a> Lists<'a> {
    fn open(element: Element, array: &'a ArrayRef) -> Option<Self> {
        let list = array.as_list_opt::<i32>()?;
        let elements = Column::open(Lane::Typed(element.codec()), list.values())?;
        Some(Self { element, offsets: list.value_offsets(), elements })
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) -> bool {
        let [start, end] = [row, row + 1].map(|at| self.offsets.get(at).copied().unwrap_or_default());
        let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else { return false };
        let has_null = (from..to).any(|position| self.elements.is_null(position));
        list::write_head(self.element, end - start, has_null, out);
        for position in from..to {
            let at = out.len();
            out.extend_from_slice(&(-1_i32).to_be_bytes());
            if self.elements.is_null(position) {
                continue;
            }
            if !self.elements.write(position, out) {
                return false;
            }
            let Ok(length) = i32::try_from(out.len() - at - 4) else { return false };
            if let Some(slot) = out.get_mut(at..at + 4) {
                slot.copy_from_slice(&length.to_be_bytes());
            }
        }
        true
    }
}
