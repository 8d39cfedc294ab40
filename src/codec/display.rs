//! Wire values as text, for people and for keys.

use super::lane::{Codec, Lane};
use super::{
    boolean, bytes, datetime, float, integer, internal_char, interval, json, list, money, network, numeric_text, text, timetz,
    uuid,
};

/// Returns a wire value as text; none if it is malformed, or of a version that this program does not know.
pub(super) fn shown(lane: Lane, wire: &[u8]) -> Option<String> {
    let Lane::Typed(codec) = lane else { return text::text(wire) };
    match codec {
        Codec::Bool => boolean::text(wire),
        Codec::Int2 => integer::text_int2(wire),
        Codec::Int4 => integer::text_int4(wire),
        Codec::Int8 => integer::text_int8(wire),
        Codec::Oid => integer::text_oid(wire),
        Codec::Xid8 => integer::text_xid8(wire),
        Codec::Float4 => float::text_float4(wire),
        Codec::Float8 => float::text_float8(wire),
        Codec::Text | Codec::Json | Codec::Enum => text::text(wire),
        Codec::Char => internal_char::text(wire),
        Codec::Bytea => Some(bytes::text(wire)),
        Codec::Uuid => uuid::text(wire),
        Codec::Date => datetime::text_date(wire),
        Codec::Time => datetime::text_time(wire),
        Codec::TimeTz => timetz::text(wire),
        Codec::Timestamp => datetime::text_timestamp(wire, ""),
        Codec::TimestampTz => datetime::text_timestamp(wire, "+00"),
        Codec::Interval => interval::text(wire),
        Codec::Jsonb => json::text_jsonb(wire),
        Codec::Numeric { .. } | Codec::NumericText => numeric_text::text(wire),
        Codec::Money => money::text(wire),
        Codec::Inet => network::text_inet(wire),
        Codec::Cidr => network::text_cidr(wire),
        Codec::Macaddr => network::text_mac::<6>(wire),
        Codec::Macaddr8 => network::text_mac::<8>(wire),
        Codec::List(element) => list::text(wire, |wire| shown(Lane::Typed(element.codec()), wire)),
    }
}
