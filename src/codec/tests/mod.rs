//! The codec's property: what is decoded without an error is encoded to the same bytes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed, as it should")]

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Decimal128Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch, StructArray};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use strategies::{any_rows, array_wire, lanes};

mod strategies;
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
