//! The Arrow type of a column, by its lane.

use arrow_schema::{DataType, TimeUnit};

use super::lane::{Codec, Lane};
use super::{interval, list, money};

impl Lane {
    /// Returns the Arrow type of the column.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Typed(codec) => codec.data_type(),
            Self::Text => DataType::Utf8,
        }
    }
}

impl Codec {
    /// Returns the Arrow type that holds every value of the type, or nearly every one.
    #[must_use]
    pub fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int2 => DataType::Int16,
            Self::Int4 => DataType::Int32,
            Self::Int8 => DataType::Int64,
            Self::Oid => DataType::UInt32,
            Self::Float4 => DataType::Float32,
            Self::Float8 => DataType::Float64,
            Self::Text
            | Self::Json
            | Self::Jsonb
            | Self::Enum
            | Self::NumericText
            | Self::TimeTz
            | Self::Char
            | Self::Inet
            | Self::Cidr
            | Self::Macaddr
            | Self::Macaddr8 => DataType::Utf8,
            Self::Bytea => DataType::Binary,
            Self::Uuid => DataType::FixedSizeBinary(16),
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampTz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Numeric { precision, scale } => DataType::Decimal128(precision, scale),
            Self::Money => DataType::Decimal128(money::PRECISION, money::SCALE),
            Self::Interval => DataType::Struct(interval::fields()),
            Self::Xid8 => DataType::UInt64,
            Self::List(element) => DataType::List(list::item(element)),
        }
    }
}
