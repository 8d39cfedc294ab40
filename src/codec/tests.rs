//! The codec's property: what is decoded without an error is encoded to the same bytes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, as it should")]

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch, StructArray};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::{CopyDecoder, CopyEncoder, RowBuffer};

type Cell = Option<Vec<u8>>;

fn layout(lanes: &[Lane]) -> RowLayout {
    let column = |(index, lane): (usize, &Lane)| StagedColumn::plain(format!("c{index}").as_str(), "a type", *lane);
    RowLayout { columns: lanes.iter().enumerate().map(column).collect() }
}

fn stream(rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = CopyEncoder::new(&mut out);
    encoder.header();
    for row in rows {
        encoder.begin_row(row.len()).unwrap();
        for cell in row {
            encoder.field(cell.as_deref()).unwrap();
        }
    }
    encoder.trailer();
    out
}

fn buffer(rows: &[Vec<Cell>], columns: usize) -> RowBuffer {
    let mut buffer = RowBuffer::new(columns);
    CopyDecoder::new(columns).feed(&stream(rows), &mut buffer).unwrap();
    buffer
}

fn decode(layout: &RowLayout, rows: &[Vec<Cell>]) -> Result<RecordBatch, CodecError> {
    BatchDecoder::new(layout).decode(&buffer(rows, layout.columns.len()))
}

/// Decodes, and checks that encoding gives the stream back, whole and value by value.
fn round_trip(layout: &RowLayout, rows: &[Vec<Cell>]) -> RecordBatch {
    let batch = decode(layout, rows).unwrap();
    assert_eq!(batch.schema(), layout.arrow_schema());
    let encoder = BatchEncoder::new(layout);
    let mut out = Vec::new();
    encoder.encode(&batch, &mut out).unwrap();
    let sent = stream(rows);
    assert_eq!(out, &sent[19..sent.len() - 2]);
    let view = encoder.view(&batch).unwrap();
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let mut wire = Vec::new();
            let present = view.field(row, column, &mut wire).unwrap();
            assert_eq!(present.then_some(wire), *cell, "row {row}, column {column}");
        }
    }
    batch
}

fn one(codec: Codec, wires: &[&[u8]]) -> RecordBatch {
    let rows: Vec<Vec<Cell>> = wires.iter().map(|wire| vec![Some(wire.to_vec())]).collect();
    round_trip(&layout(&[Lane::Typed(codec)]), &rows)
}

fn ends(bits: u32) -> impl Strategy<Value = i64> {
    let (low, high) = (-1_i64 << (bits - 1), ((1_u64 << (bits - 1)) - 1).cast_signed());
    prop_oneof![
        Just(0),
        Just(-1),
        (0_i64..40_000).prop_map(move |near| high - near),
        (0_i64..40_000).prop_map(move |near| low + near),
        low..=high,
    ]
}

fn int(bytes: usize) -> BoxedStrategy<Vec<u8>> {
    let bits = u32::try_from(bytes * 8).unwrap();
    ends(bits).prop_map(move |value| value.to_be_bytes()[8 - bytes..].to_vec()).boxed()
}

fn timestamp() -> BoxedStrategy<Vec<u8>> {
    let near_overflow = (-5_i64..5).prop_map(|near| i64::MAX - 946_684_800_000_000 + near);
    prop_oneof![ends(64), near_overflow, any::<i64>()].prop_map(|time| time.to_be_bytes().to_vec()).boxed()
}

/// Numerics as servers send them, and nearly so: any sign, odd weights and scales, zeros at the ends, groups above 9999.
fn numeric_wire() -> BoxedStrategy<Vec<u8>> {
    let group = prop_oneof![4 => 0_u16..10_000, 1 => Just(0), 1 => Just(9999), 1 => (0_u16..10).prop_map(|g| g * 1000), 1 => any::<u16>()];
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

fn text() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![any::<String>(), "[a-z ]{0,40}"].prop_map(String::into_bytes).boxed()
}

fn jsonb() -> BoxedStrategy<Vec<u8>> {
    let version = prop_oneof![8 => Just(1_u8), 1 => any::<u8>()];
    (version, text()).prop_map(|(version, text)| [vec![version], text].concat()).boxed()
}

/// Wire values that a column of that lane may meet.
fn wires(lane: Lane) -> BoxedStrategy<Vec<u8>> {
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

fn timetz() -> BoxedStrategy<Vec<u8>> {
    let time = prop_oneof![8 => 0..=86_400_000_000_i64, 4 => (0..=86_400_i64).prop_map(|s| s * 1_000_000), 1 => any::<i64>()];
    let west = prop_oneof![4 => (-15_i32..=15).prop_map(|hours| hours * 3600), 4 => -57_599..57_600, 1 => any::<i32>()];
    (time, west).prop_map(|(time, west)| [&time.to_be_bytes()[..], &west.to_be_bytes()].concat()).boxed()
}

fn network(cidr: u8) -> BoxedStrategy<Vec<u8>> {
    let four = (vec(any::<u8>(), 4), 0..=32_u8).prop_map(move |(address, bits)| [vec![2, bits, cidr, 4], address].concat());
    let byte = prop_oneof![Just(0), any::<u8>()];
    let six = (vec(byte, 16), 0..=128_u8).prop_map(move |(address, bits)| [vec![3, bits, cidr, 16], address].concat());
    prop_oneof![four, six].boxed()
}

/// Arrays of that type, mostly of one dimension; the flag says whether there is a NULL.
fn array(element: Element) -> BoxedStrategy<Vec<u8>> {
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

fn array_wire(element: Element, shape: &[(usize, i32)], values: &[Cell]) -> Vec<u8> {
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

fn lanes() -> Vec<Lane> {
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

fn any_rows() -> impl Strategy<Value = (RowLayout, Vec<Vec<Cell>>)> {
    prop::sample::subsequence(lanes(), 1..=lanes().len()).prop_shuffle().prop_flat_map(|lanes| {
        let cell = |lane: &Lane| prop::option::weighted(0.85, wires(*lane));
        let row: Vec<_> = lanes.iter().map(cell).collect();
        (Just(layout(&lanes)), vec(row, 0..20))
    })
}

proptest! {
    #[test]
    fn encoding_gives_back_what_was_decoded((layout, rows) in any_rows()) {
        round_trip(&layout, &rows);
    }

    #[test]
    fn canonical_decimals_are_typed(value in any::<i128>(), scale in 0_u8..=38, digits in 1_u32..=38) {
        let value = value % 10_i128.pow(digits);
        let mut wire = Vec::new();
        numeric::write(value, scale, &mut wire);
        let batch = one(Codec::Numeric { precision: 38, scale: i8::try_from(scale).unwrap() }, &[&wire]);
        prop_assert_eq!(batch.column(0).as_primitive::<Decimal128Type>().value(0), value);
        prop_assert_eq!(batch.column(1).null_count(), 1);
    }

    #[test]
    fn any_bytes_are_survived(cells in vec(prop::option::of(vec(any::<u8>(), 0..20)), 70)) {
        for (lane, cell) in lanes().into_iter().zip(cells) {
            let layout = layout(&[lane]);
            let rows = [vec![cell]];
            match decode(&layout, &rows) {
                Ok(_) => { round_trip(&layout, &rows); }
                Err(error) => prop_assert_eq!(error.row(), Some(0)),
            }
        }
    }

    #[test]
    fn any_value_has_a_text_or_an_error((layout, rows) in any_rows()) {
        let batch = decode(&layout, &rows).unwrap();
        let encoder = BatchEncoder::new(&layout);
        let view = encoder.view(&batch).unwrap();
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                match view.display(row, column) {
                    Ok(text) => prop_assert_eq!(text.is_some(), cell.is_some()),
                    Err(error) => prop_assert_eq!(error.problem(), CodecProblem::Malformed),
                }
            }
        }
    }
}

#[test]
fn values_that_arrow_cannot_hold_are_in_the_companion_and_null_in_the_column() {
    let midnight = 86_400_000_000_i64.to_be_bytes();
    let far = (i64::MAX - 1).to_be_bytes();
    let nan = [0, 0, 0, 0, 0xc0, 0, 0, 0];
    let lanes = [Codec::Time, Codec::Timestamp, Codec::Numeric { precision: 5, scale: 1 }, Codec::Int4].map(Lane::Typed);
    let plain = vec![None, Some(vec![0; 8]), None, Some(vec![0, 0, 0, 9])];
    let odd = vec![Some(midnight.to_vec()), Some(far.to_vec()), Some(nan.to_vec()), None];
    let rows = [plain.clone(), odd, plain];
    let layout = layout(&lanes);
    let batch = round_trip(&layout, &rows);
    assert!((0..4).all(|column| batch.column(column).is_null(1)));
    let exact = batch.column(4).as_list::<i32>();
    assert_eq!((0..3).map(|row| exact.is_null(row)).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(exact.value_length(1), 3);
    let encoder = BatchEncoder::new(&layout);
    let text = |column| encoder.display(&batch, 1, column).unwrap();
    assert_eq!(text(0).as_deref(), Some("24:00:00"));
    assert_eq!(text(1).as_deref(), Some("294277-01-09 04:00:54.775806"));
    assert_eq!(text(2).as_deref(), Some("NaN"));
    assert_eq!(text(3), None);
    let middle = batch.slice(1, 1);
    assert_eq!(encoder.display(&middle, 0, 2).unwrap().as_deref(), Some("NaN"), "a slice of a batch is a batch");
}

#[test]
fn arrays_are_lists_where_lists_hold_them() {
    let one = |value: i64| Some(value.to_be_bytes().to_vec());
    let wire = |shape: &[(usize, i32)], values: &[Cell]| array_wire(Element::Timestamp, shape, values);
    let far = Some((i64::MAX - 1).to_be_bytes().to_vec());
    let arrays = [
        wire(&[(2, 1)], &[one(0), None]),
        wire(&[], &[]),
        wire(&[(2, 0)], &[one(0), one(1)]),
        wire(&[(1, 1), (2, 1)], &[one(0), None]),
        wire(&[(3, 1)], &[one(1), far, one(2)]),
        wire(&[(1, 1)], &[one(i64::MAX)]),
    ];
    let mut rows: Vec<Vec<Cell>> = arrays.into_iter().map(|wire| vec![Some(wire)]).collect();
    rows.insert(1, vec![None]);
    let layout = layout(&[Lane::Typed(Codec::List(Element::Timestamp))]);
    let batch = round_trip(&layout, &rows);
    let is_null = |column: usize| (0..7).map(|row| u8::from(batch.column(column).is_null(row))).collect::<Vec<_>>();
    assert_eq!(is_null(0), [0, 1, 0, 1, 1, 1, 0]);
    assert_eq!(is_null(1), [1, 1, 1, 0, 0, 0, 1]);
    let first = batch.column(0).as_list::<i32>().value(0);
    assert_eq!((first.as_primitive::<TimestampMicrosecondType>().value(0), first.is_null(1)), (946_684_800_000_000, true));
    let encoder = BatchEncoder::new(&layout);
    let shown = |row| encoder.display(&batch, row, 0).unwrap();
    assert_eq!(shown(0).as_deref(), Some("{\"2000-01-01 00:00:00\",NULL}"));
    assert_eq!(shown(3).as_deref(), Some("[0:1]={\"2000-01-01 00:00:00\",\"2000-01-01 00:00:00.000001\"}"));
    assert_eq!(shown(4).as_deref(), Some("{{\"2000-01-01 00:00:00\",NULL}}"));
    let slice = batch.slice(4, 3);
    let mut out = Vec::new();
    encoder.row(&slice, 2, &mut out).unwrap();
    assert_eq!(out[6..], array_wire(Element::Timestamp, &[(1, 1)], &[one(i64::MAX)]), "a slice of a batch is a batch");
}

/// `array_send` of `'{1,NULL}'::int2[]`, `'[0:1]={a,b}'::varchar[]` and `'{}'::text[]`, PostgreSQL 15.
#[test]
fn arrays_are_read_as_servers_send_them() {
    let head =
        |dimensions: u8, flag: u8, oid: u16| [&[0, 0, 0, dimensions, 0, 0, 0, flag, 0, 0][..], &oid.to_be_bytes()].concat();
    let ints = [&head(1, 1, 21)[..], b"\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\x01\xff\xff\xff\xff"].concat();
    let words = [&head(1, 0, 0x413)[..], b"\0\0\0\x02\0\0\0\0\0\0\0\x01a\0\0\0\x01b"].concat();
    let list = |element, wire: &[u8]| {
        let layout = layout(&[Lane::Typed(Codec::List(element))]);
        BatchEncoder::new(&layout).display(&one(Codec::List(element), &[wire]), 0, 0).unwrap().unwrap()
    };
    assert_eq!(list(Element::Int2, &ints), "{1,NULL}");
    assert_eq!(list(Element::Varchar, &words), "[0:1]={a,b}");
    assert_eq!(list(Element::Text, &head(0, 0, 25)), "{}");
}

/// What `array_recv` does not keep: a flag without a NULL, and the bounds of nothing.
#[test]
fn arrays_are_sent_as_a_server_keeps_them() {
    let layout = layout(&[Lane::Typed(Codec::List(Element::Int2))]);
    let value = Some(vec![0, 7]);
    let plain = array_wire(Element::Int2, &[(1, 1)], std::slice::from_ref(&value));
    let shifted = array_wire(Element::Int2, &[(1, 0)], &[value]);
    let empty = array_wire(Element::Int2, &[], &[]);
    let flagged = |wire: &[u8]| [&wire[..7], &[1], &wire[8..]].concat();
    let bounds_of_nothing = [&[0, 0, 0, 1], &empty[4..], &[0, 0, 0, 0, 0, 0, 0, 0]].concat();
    for (sent, kept) in [(flagged(&plain), &plain), (flagged(&shifted), &shifted), (bounds_of_nothing, &empty)] {
        let batch = decode(&layout, &[vec![Some(sent)]]).unwrap();
        let mut wire = Vec::new();
        assert!(BatchEncoder::new(&layout).field(&batch, 0, 0, &mut wire).unwrap());
        assert_eq!(wire, *kept);
    }
}

#[test]
fn arrays_that_are_none_of_their_type_name_their_row() {
    let layout = layout(&[Lane::Typed(Codec::List(Element::Varchar))]);
    let good = array_wire(Element::Varchar, &[(2, 1)], &[Some(b"one".to_vec()), None]);
    let spoilt = |at: usize, byte: u8| {
        let mut wire = good.clone();
        wire[at] = byte;
        wire
    };
    let other_type = array_wire(Element::Text, &[(1, 1)], &[Some(b"one".to_vec())]);
    let cases = [
        (other_type, CodecProblem::Malformed),
        (good[..good.len() - 1].to_vec(), CodecProblem::Malformed),
        ([&good[..], &[0]].concat(), CodecProblem::Malformed),
        (spoilt(3, 7), CodecProblem::Malformed),
        (spoilt(7, 0), CodecProblem::Malformed),
        (spoilt(7, 2), CodecProblem::Malformed),
        (spoilt(12, 0x7f), CodecProblem::Malformed),
        (spoilt(15, 3), CodecProblem::Malformed),
        (spoilt(20, 0x80), CodecProblem::Malformed),
        (spoilt(20, 0x10), CodecProblem::Malformed),
    ];
    for (wire, problem) in cases {
        let rows = [vec![Some(good.clone())], vec![None], vec![Some(wire.clone())]];
        let error = decode(&layout, &rows).unwrap_err();
        assert_eq!((error.row(), error.problem()), (Some(2), problem), "{wire:?}");
    }
}

/// Ten bytes that stand for 128 KiB: they stay ten bytes.
#[test]
fn numbers_of_zeros_do_not_fill_the_memory() {
    let long = [[0, 1], [0x7f, 0xff], [0, 0], [0, 0], [0, 1]].concat();
    let batch = one(Codec::NumericText, &[&long, b"\0\x01\0\xf0\0\0\0\0\0\x01"]);
    assert!(batch.column(0).is_null(0) && batch.column(0).is_valid(1));
    assert_eq!(batch.column(0).as_string::<i32>().value(1).len(), 961);
    let layout = layout(&[Lane::Typed(Codec::NumericText)]);
    assert_eq!(BatchEncoder::new(&layout).display(&batch, 0, 0).unwrap().unwrap().len(), 131_069);
}

#[test]
fn what_is_usual_is_typed_and_leaves_the_companion_empty() {
    let epoch = one(Codec::TimestampTz, &[&0_i64.to_be_bytes(), &i64::MAX.to_be_bytes()]);
    let times = epoch.column(0).as_primitive::<TimestampMicrosecondType>();
    assert_eq!((times.value(0), times.value(1)), (946_684_800_000_000, i64::MAX));
    assert_eq!(epoch.column(1).null_count(), 2);
    let day = one(Codec::Date, &[&0_i32.to_be_bytes()]);
    assert_eq!(day.column(0).as_primitive::<Date32Type>().value(0), 10_957);
    assert_eq!(one(Codec::Jsonb, &[b"\x01{}"]).column(0).as_string::<i32>().value(0), "{}");
}

#[test]
fn displays_are_input_syntax() {
    let show = |codec, wire: &[u8]| BatchEncoder::new(&layout(&[Lane::Typed(codec)])).display(&one(codec, &[wire]), 0, 0);
    let shown = |codec, wire: &[u8]| show(codec, wire).unwrap().unwrap();
    assert_eq!(shown(Codec::Bool, &[1]), "true");
    assert_eq!(shown(Codec::Oid, &[0xff; 4]), "4294967295");
    assert_eq!(shown(Codec::Bytea, b"\0\xff"), "\\x00ff");
    assert_eq!(shown(Codec::Uuid, &[0x1a; 16]), "1a1a1a1a-1a1a-1a1a-1a1a-1a1a1a1a1a1a");
    assert_eq!(shown(Codec::TimestampTz, &0_i64.to_be_bytes()), "2000-01-01 00:00:00+00");
    assert_eq!(shown(Codec::Char, &[0x80]), "\\200");
    assert_eq!(shown(Codec::Cidr, &[2, 8, 1, 4, 10, 0, 0, 0]), "10.0.0.0/8");
    assert_eq!(show(Codec::Jsonb, b"\x02{}").unwrap_err().problem(), CodecProblem::Malformed);
}

/// What a database in `SQL_ASCII` holds: its bytes come back, whatever they are.
#[test]
fn text_that_is_not_utf8_stands_in_the_companion() {
    let list = Lane::Typed(Codec::List(Element::Varchar));
    let lanes = layout(&[Lane::Typed(Codec::Text), Lane::Text, list, Lane::Typed(Codec::Jsonb)]);
    let array = |value: &[u8]| Some(array_wire(Element::Varchar, &[(2, 1)], &[Some(b"one".to_vec()), Some(value.to_vec())]));
    let rows = [
        vec![Some(b"fine".to_vec()), None, array(b"fine"), Some(b"\x01\"a\"".to_vec())],
        vec![Some(b"\xe9t\xe9".to_vec()), Some(b"\xff".to_vec()), array(b"\xff"), Some(b"\x01\"\xe9\"".to_vec())],
        // Each half of a character is broken, the column's bytes behind each other are not.
        vec![Some(b"\xc3".to_vec()), None, None, None],
        vec![Some(b"\xa9".to_vec()), None, None, None],
    ];
    let batch = decode(&lanes, &rows).unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("fine"), None, None, None]);
    let (encoder, mut wire) = (BatchEncoder::new(&lanes), Vec::new());
    for (row, values) in rows.iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            wire.clear();
            let there = encoder.field(&batch, row, column, &mut wire).unwrap();
            assert_eq!(there.then_some(&wire), value.as_ref(), "row {row}, column {column}");
        }
    }
    assert_eq!(encoder.display(&batch, 1, 0).unwrap_err().row(), Some(1));
}

#[test]
fn errors_name_column_and_row_and_no_value() {
    let lanes = layout(&[Lane::Typed(Codec::Int4), Lane::Text]);
    let short = [vec![Some(vec![0; 3]), None]];
    assert_eq!(decode(&lanes, &short).unwrap_err().to_string(), "malformed binary value in column c0, row 0 of the batch");
}

#[test]
fn a_batch_of_another_layout_is_refused() {
    let batch = one(Codec::Int4, &[&[0; 4]]);
    let refused = |lane| BatchEncoder::new(&layout(&[lane])).encode(&batch, &mut Vec::new()).unwrap_err().problem();
    assert_eq!(refused(Lane::Text), CodecProblem::Layout);
    assert_eq!(refused(Lane::Typed(Codec::Date)), CodecProblem::Layout);
    let own = BatchEncoder::new(&layout(&[Lane::Typed(Codec::Int4)]));
    assert_eq!(own.field(&batch, 1, 0, &mut Vec::new()).unwrap_err().problem(), CodecProblem::OutOfRange);
    assert_eq!(own.field(&batch, 0, 1, &mut Vec::new()).unwrap_err().problem(), CodecProblem::OutOfRange);
    assert_eq!(own.view(&batch.project(&[0]).unwrap()).err().unwrap().problem(), CodecProblem::Layout);
}

#[test]
fn rows_survive_inside_a_struct_column() {
    let lanes = layout(&[Lane::Typed(Codec::Time), Lane::Text]);
    let rows = [vec![Some(86_400_000_000_i64.to_be_bytes().to_vec()), Some(b"x".to_vec())]];
    let batch = round_trip(&lanes, &rows);
    let nested = StructArray::new(lanes.fields(), batch.columns().to_vec(), None);
    let mut out = Vec::new();
    BatchEncoder::new(&lanes).encode(&RecordBatch::from(nested), &mut out).unwrap();
    let sent = stream(&rows);
    assert_eq!(out, &sent[19..sent.len() - 2]);
}
