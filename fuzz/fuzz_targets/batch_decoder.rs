//! Any bytes as one value of each type of the typed lane: refused, or read and written back as they were.
//!
//! The first byte chooses the type.
#![no_main]

use failback::codec::{BatchDecoder, BatchEncoder, RowLayout, StagedColumn, lane_of};
use failback::schema::{PgType, TypeKind};
use failback::wire::{CopyDecoder, CopyEncoder, RowBuffer};
use libfuzzer_sys::fuzz_target;

const TYPES: [(&str, i32); 36] = include!("../../fixtures/copy/columns.in");

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
