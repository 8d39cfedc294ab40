//! Random values of every typed lane, as the wire carries them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::*;
use super::{Cell, layout};

pub(super) fn ends(bits: u32) -> impl Strategy<Value = i64> {
    let (low, high) = (-1_i64 << (bits - 1), ((1_u64 << (bits - 1)) - 1).cast_signed());
    prop_oneof![
        Just(0),
        Just(-1),
        (0_i64..40_000).prop_map(move |near| high - near),
        (0_i64..40_000).prop_map(move |near| low + near),
        low..=high,
    ]
}

pub(super) fn int(bytes: usize) -> BoxedStrategy<Vec<u8>> {
    let bits = u32::try_from(bytes * 8).unwrap();
    ends(bits).prop_map(move |value| value.to_be_bytes()[8 - bytes..].to_vec()).boxed()
}

pub(super) fn timestamp() -> BoxedStrategy<Vec<u8>> {
    let near_overflow = (-5_i64..5).prop_map(|near| i64::MAX - 946_684_800_000_000 + near);
    prop_oneof![ends(64), near_overflow, any::<i64>()].prop_map(|time| time.to_be_bytes().to_vec()).boxed()
}

/// Numerics as servers send them, and nearly so: any sign, odd weights and scales, zeros at the ends, groups above 9999.
pub(super) fn numeric_wire() -> BoxedStrategy<Vec<u8>> {
    let thousands = (0_u16..10).prop_map(|g| g * 1000);
    let group = prop_oneof![4 => 0_u16..10_000, 1 => Just(0), 1 => Just(9999), 1 => thousands, 1 => any::<u16>()];
    let sign = prop_oneof![8 => Just(0_u16), 4 => Just(0x4000), 1 => Just(0xc000), 1 => Just(0xd000), 1 => any::<u16>()];
    let weight = prop_oneof![8 => -3_i16..10, 1 => any::<i16>()];
    let scale = prop_oneof![8 => Just(4_u16), 4 => 0_u16..40, 1 => any::<u16>()];
    (vec(group, 0..13), weight, sign, scale)
        .prop_map(|(groups, weight, sign, scale)| {
            let count = u16::try_from(groups.len()).unwrap();
            let head = [count, weight.cast_unsigned(), sign, scale];
            head.iter().chain(&groups).flat_map(|word| word.to_be_bytes()).collect()
        })
        .boxed()
}

pub(super) fn text() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![any::<String>(), "[a-z ]{0,40}"].prop_map(String::into_bytes).boxed()
}

pub(super) fn jsonb() -> BoxedStrategy<Vec<u8>> {
    let version = prop_oneof![8 => Just(1_u8), 1 => any::<u8>()];
    (version, text()).prop_map(|(version, text)| [vec![version], text].concat()).boxed()
}

/// Wire values that a column of that lane may meet.
pub(super) fn wires(lane: Lane) -> BoxedStrategy<Vec<u8>> {
    let Lane::Typed(codec) = lane else { return text() };
    match codec {
        Codec::Bool => any::<bool>().prop_map(|value| vec![u8::from(value)]).boxed(),
        Codec::Int2 => int(2),
        Codec::Int4 | Codec::Oid | Codec::Date => int(4),
        Codec::Float4 => any::<u32>().prop_map(|bits| bits.to_be_bytes().to_vec()).boxed(),
        Codec::Float8 => any::<u64>().prop_map(|bits| bits.to_be_bytes().to_vec()).boxed(),
        Codec::Int8 | Codec::Money => int(8),
        Codec::Time => prop_oneof![0..=86_400_000_000_i64, any::<i64>()].prop_map(|t| t.to_be_bytes().to_vec()).boxed(),
        Codec::Timestamp | Codec::TimestampTz => timestamp(),
        Codec::Text | Codec::Json | Codec::Enum => text(),
        Codec::Jsonb => jsonb(),
        Codec::Bytea => vec(any::<u8>(), 0..40).boxed(),
        Codec::Uuid | Codec::Interval => vec(any::<u8>(), 16).boxed(),
        Codec::Numeric { .. } | Codec::NumericText => numeric_wire(),
        Codec::Xid8 => any::<u64>().prop_map(|value| value.to_be_bytes().to_vec()).boxed(),
        Codec::TimeTz => timetz(),
        Codec::Inet => network(0),
        Codec::Cidr => network(1),
        Codec::Macaddr => vec(any::<u8>(), 6).boxed(),
        Codec::Macaddr8 => vec(any::<u8>(), 8).boxed(),
        Codec::Char => any::<u8>().prop_map(|byte| vec![byte]).boxed(),
        Codec::List(element) => array(element),
    }
}

pub(super) fn timetz() -> BoxedStrategy<Vec<u8>> {
    let time = prop_oneof![8 => 0..=86_400_000_000_i64, 4 => (0..=86_400_i64).prop_map(|s| s * 1_000_000), 1 => any::<i64>()];
    let west = prop_oneof![4 => (-15_i32..=15).prop_map(|hours| hours * 3600), 4 => -57_599..57_600, 1 => any::<i32>()];
    (time, west).prop_map(|(time, west)| [&time.to_be_bytes()[..], &west.to_be_bytes()].concat()).boxed()
}

pub(super) fn network(cidr: u8) -> BoxedStrategy<Vec<u8>> {
    let four = (vec(any::<u8>(), 4), 0..=32_u8).prop_map(move |(address, bits)| [vec![2, bits, cidr, 4], address].concat());
    let byte = prop_oneof![Just(0), any::<u8>()];
    let six = (vec(byte, 16), 0..=128_u8).prop_map(move |(address, bits)| [vec![3, bits, cidr, 16], address].concat());
    prop_oneof![four, six].boxed()
}

/// Arrays of that type, mostly of one dimension; the flag says whether there is a NULL.
pub(super) fn array(element: Element) -> BoxedStrategy<Vec<u8>> {
    let value = prop::option::weighted(0.85, wires(Lane::Typed(element.codec())));
    let shape = prop_oneof![
        8 => (0..6_usize).prop_map(|length| vec![(length, 1)]),
        1 => (1..6_usize, any::<i32>()).prop_map(|(length, lower)| vec![(length, lower)]),
        1 => (1..3_usize, 1..3_usize, -2..2_i32).prop_map(|(one, two, lower)| vec![(one, 1), (two, lower)]),
    ];
    shape
        .prop_flat_map(move |shape| {
            let count: usize = shape.iter().map(|(length, _)| *length).product();
            (Just(shape), vec(value.clone(), count))
        })
        .prop_map(move |(shape, values)| array_wire(element, &shape, &values))
        .boxed()
}

pub(super) fn array_wire(element: Element, shape: &[(usize, i32)], values: &[Cell]) -> Vec<u8> {
    let shape = if values.is_empty() { &[] } else { shape };
    let int = |number: usize| i32::try_from(number).unwrap();
    let flag = i32::from(values.iter().any(Option::is_none));
    let mut wire: Vec<u8> = [int(shape.len()), flag, element.oid().cast_signed()].map(i32::to_be_bytes).concat();
    for (length, lower) in shape {
        wire.extend([int(*length), *lower].map(i32::to_be_bytes).concat());
    }
    for value in values {
        wire.extend(value.as_ref().map_or(-1, |value| int(value.len())).to_be_bytes());
        wire.extend(value.as_deref().unwrap_or_default());
    }
    wire
}

pub(super) fn lanes() -> Vec<Lane> {
    let numeric = |precision, scale| Codec::Numeric { precision, scale };
    let codecs = [Codec::Bool, Codec::Int2, Codec::Int4, Codec::Int8, Codec::Oid, Codec::Float4, Codec::Float8, Codec::Text];
    let others = [Codec::Bytea, Codec::Uuid, Codec::Date, Codec::Time, Codec::Timestamp, Codec::TimestampTz, Codec::Json];
    let last = [Codec::Jsonb, Codec::Enum, numeric(38, 4), numeric(12, 4), numeric(38, 0), numeric(38, 38)];
    let more = [Codec::NumericText, Codec::Money, Codec::Interval, Codec::TimeTz, Codec::Inet, Codec::Cidr];
    let rest = [Codec::Macaddr, Codec::Macaddr8, Codec::Char, Codec::Xid8];
    let decimal = Element::Numeric { precision: 12, scale: 4 };
    let lists = Element::PLAIN.iter().copied().chain([decimal, Element::NumericText]).map(Codec::List);
    let typed = codecs.into_iter().chain(others).chain(last).chain(more).chain(rest).chain(lists).map(Lane::Typed);
    typed.chain([Lane::Text]).collect()
}

pub(super) fn any_rows() -> impl Strategy<Value = (RowLayout, Vec<Vec<Cell>>)> {
    prop::sample::subsequence(lanes(), 1..=lanes().len()).prop_shuffle().prop_flat_map(|lanes| {
        let cell = |lane: &Lane| prop::option::weighted(0.85, wires(*lane));
        let row: Vec<_> = lanes.iter().map(cell).collect();
        (Just(layout(&lanes)), vec(row, 0..20))
    })
}
