//! Any bytes as one value of each type of the typed lane: refused, or read and written back as they were.
//!
//! The first byte chooses the type.
#![no_main]

use failback::codec::{BatchDecoder, BatchEncoder, RowLayout, StagedColumn, lane_of};
use failback::schema::{PgType, TypeKind};
use failback::wire::{CopyDecoder, CopyEncoder, RowBuffer};
use libfuzzer_sys::fuzz_target;

const TYPES: [(&str, i32); 36] = [
    ("bool", -1),
    ("int2", -1),
    ("int4", -1),
    ("int8", -1),
    ("oid", -1),
    ("float4", -1),
    ("float8", -1),
    ("numeric", 786_438),
    ("numeric", -1),
    ("text", -1),
    ("bpchar", 9),
    ("bytea", -1),
    ("uuid", -1),
    ("date", -1),
    ("time", -1),
    ("timestamp", -1),
    ("timestamptz", -1),
    ("json", -1),
    ("jsonb", -1),
    ("money", -1),
    ("interval", -1),
    ("timetz", -1),
    ("inet", -1),
    ("cidr", -1),
    ("macaddr", -1),
    ("macaddr8", -1),
    ("char", -1),
    ("xid8", -1),
    ("_int4", -1),
    ("_text", -1),
    ("_float8", -1),
    ("_numeric", -1),
    ("_date", -1),
    ("_timestamptz", -1),
    ("_uuid", -1),
    ("_bool", -1),
];

fuzz_target!(|data: &[u8]| {
    let [choice, value @ ..] = data else { return };
    let (base, typmod) = TYPES[usize::from(*choice) % TYPES.len()];
    let kind = if base.starts_with('_') { TypeKind::Array } else { TypeKind::Base };
    let lane = lane_of(&PgType { kind, ..PgType::builtin(base, typmod) });
    let layout = RowLayout { columns: vec![StagedColumn::plain("c", base, lane)] };

    let mut stream = Vec::new();
    let mut writer = CopyEncoder::new(&mut stream);
    writer.header();
    writer.begin_row(1).expect("one column");
    writer.field(Some(value)).expect("a short value");
    writer.trailer();
    let mut rows = RowBuffer::new(1);
    CopyDecoder::new(1).feed(&stream, &mut rows).expect("a sound stream around it");

    let Ok(batch) = BatchDecoder::new(&layout).decode(&rows) else { return };
    let encoder = BatchEncoder::new(&layout);
    let mut out = Vec::new();
    encoder.encode(&batch, &mut out).expect("what is read can be written");
    let mut expected = stream[19..stream.len() - 2].to_vec();
    // An array may claim NULLs that it has not: the server says so of a slice, and reads no such claim.
    if kind == TypeKind::Array && out.len() == expected.len() {
        expected[13] = out[13];
    }
    assert_eq!(out, expected);
    let _ = encoder.display(&batch, 0, 0);
});
