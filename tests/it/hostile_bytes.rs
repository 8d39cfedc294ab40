//! Bytes that no server and no program of ours would send: streams and files that were altered, cut and made up. They are
//! refused with a place, cost no more memory than they are long, and never end the program.
//!
//! Everything here is deterministic: a failure names the number of the case.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use failback::codec::{BatchDecoder, BatchEncoder, RowLayout, StagedColumn, lane_of};
use failback::engine;
use failback::error::ErrorKind;
use failback::name::Side;
use failback::schema::{PgType, TypeKind};
use failback::staging::{Manifest, Segment, SegmentOptions, SegmentReader, SegmentWriter};
use failback::store::{LocalStore, Store};
use failback::wire::{CopyDecoder, RowBuffer};
use jiff::Timestamp;

use super::recovery::Recovery;
use super::support::{self, Dice, block_on};

/// A stream that PostgreSQL sent; `golden.sql` says what is in it.
const GOLDEN: &[u8] = include_bytes!("../../fixtures/copy/golden.bin");

/// Its columns.
const COLUMNS: [(&str, i32); 36] = include!("../../fixtures/copy/columns.in");

fn layout() -> RowLayout {
    let column = |(index, (base, typmod)): (usize, &(&str, i32))| {
        let kind = if base.starts_with('_') { TypeKind::Array } else { TypeKind::Base };
        let lane = lane_of(&PgType { kind, ..PgType::builtin(base, *typmod) });
        StagedColumn::plain(format!("c{index}").as_str(), *base, lane)
    };
    RowLayout { columns: COLUMNS.iter().enumerate().map(column).collect() }
}

impl Dice {
    /// A byte, more often one that stands for an edge.
    fn byte(&mut self) -> u8 {
        [0, 1, 0x7f, 0x80, 0xff, 0xfe, 0x3f, 0x40].get(self.below(16)).copied().unwrap_or_else(|| self.roll().to_le_bytes()[0])
    }

    /// Alters bytes: a few of them changed, a run inserted, removed, repeated or cut off.
    fn alter(&mut self, sound: &[u8]) -> Vec<u8> {
        let mut bytes = sound.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(bytes.len());
            let run = at..(at + self.below(12)).min(bytes.len());
            match self.below(8) {
                0 => drop(bytes.drain(run)),
                1 => bytes.truncate(at),
                2 => {
                    let repeated = bytes[run].to_vec();
                    bytes.splice(at..at, repeated);
                }
                3 => bytes.insert(at, self.byte()),
                // A length or count that claims much.
                4 if at + 4 <= bytes.len() => {
                    let claim = [i32::MAX, i32::MIN, -1, -2, 1 << 30, (1 << 30) + 1, 0x0fff_ffff, 0x0001_0000][self.below(8)];
                    bytes[at..at + 4].copy_from_slice(&claim.to_be_bytes());
                }
                _ => {
                    let byte = self.byte();
                    if let Some(slot) = bytes.get_mut(at) {
                        *slot = byte;
                    }
                }
            }
        }
        bytes
    }
}

/// Feeds a stream in pieces of any size.
fn feed(dice: &mut Dice, bytes: &[u8], columns: usize) -> (RowBuffer, Result<(), failback::wire::WireError>) {
    let mut rows = RowBuffer::new(columns);
    let mut decoder = CopyDecoder::new(columns);
    let mut rest = bytes;
    while !rest.is_empty() {
        let (chunk, tail) = rest.split_at((1 + dice.below(rest.len() / 2 + 2)).min(rest.len()));
        if let Err(error) = decoder.feed(chunk, &mut rows) {
            return (rows, Err(error));
        }
        rest = tail;
    }
    let end = decoder.finish();
    (rows, end)
}

#[test]
fn the_golden_stream_goes_there_and_back() {
    let layout = layout();
    let (rows, end) = feed(&mut Dice::seeded(1), GOLDEN, COLUMNS.len());
    end.expect("a whole stream");
    assert_eq!(rows.row_count(), 3);
    let batch = BatchDecoder::new(&layout).decode(&rows).expect("values of their types");
    let mut out = Vec::new();
    BatchEncoder::new(&layout).encode(&batch, &mut out).expect("the same values");
    // Header before, trailer behind.
    assert!(out == GOLDEN[19..GOLDEN.len() - 2], "every byte is the server's");
}

#[test]
fn altered_streams_are_rows_or_errors_with_a_place() {
    let layout = layout();
    let encoder = BatchEncoder::new(&layout);
    let mut decoder = BatchDecoder::new(&layout);
    let (mut refused, mut unreadable, mut read) = (0, 0, 0);
    for case in 0..20_000 {
        let mut dice = Dice::seeded(case);
        let bytes = dice.alter(GOLDEN);
        let (rows, end) = feed(&mut dice, &bytes, COLUMNS.len());
        if let Err(error) = end {
            assert!(error.offset() <= bytes.len() as u64, "case {case}: {error} lies behind the stream");
            refused += 1;
        }
        assert!(rows.byte_count() <= bytes.len(), "case {case}");
        match decoder.decode(&rows) {
            Err(error) => {
                assert!(error.column_name().is_some(), "case {case}: {error} names no column");
                unreadable += 1;
            }
            Ok(batch) => {
                // The arrays round up to whole pages of 64 bytes each, several to a column.
                let bound = 16 * bytes.len() + 1024 * COLUMNS.len();
                assert!(batch.get_array_memory_size() < bound, "case {case}: {} bytes", batch.get_array_memory_size());
                let mut out = Vec::new();
                encoder.encode(&batch, &mut out).unwrap_or_else(|error| panic!("case {case}: {error}"));
                // A value that the server could not have sent may have no text, but it does not end the program.
                let view = encoder.view(&batch).expect("a batch of the layout");
                for row in 0..batch.num_rows() {
                    let _ = (0..COLUMNS.len()).filter(|column| view.display(row, *column).is_err()).count();
                }
                assert_eq!(out.len(), rows.byte_count() + 2 * rows.row_count(), "case {case}: what is read is written back");
                read += 1;
            }
        }
    }
    // Each way out is taken often, or the test has lost its bite.
    assert!(refused > 1000 && unreadable > 1000 && read > 1000, "{refused} {unreadable} {read}");
}

/// One field at a time takes every byte of every value, so that no codec is spared because another column refused first.
#[test]
fn altered_values_of_every_type_are_survived() {
    let whole = layout();
    let (rows, _) = feed(&mut Dice::seeded(1), GOLDEN, COLUMNS.len());
    for (index, column) in whole.columns.iter().enumerate() {
        let layout = RowLayout { columns: vec![column.clone()] };
        let mut decoder = BatchDecoder::new(&layout);
        let encoder = BatchEncoder::new(&layout);
        for case in 0..2000_u64 {
            let mut dice = Dice::seeded(case << 8 | index as u64);
            let sound = rows.field(if case % 2 == 0 { 0 } else { 2 }, index).expect("no NULL");
            let value = dice.alter(sound);
            let mut stream = GOLDEN[..19].to_vec();
            stream.extend_from_slice(&1_i16.to_be_bytes());
            stream.extend_from_slice(&i32::try_from(value.len()).expect("a short value").to_be_bytes());
            stream.extend_from_slice(&value);
            stream.extend_from_slice(&(-1_i16).to_be_bytes());
            let (row, end) = feed(&mut dice, &stream, 1);
            end.expect("a sound stream around it");
            let Ok(batch) = decoder.decode(&row) else { continue };
            let size = batch.get_array_memory_size();
            assert!(size < 16 * value.len() + 4096, "{} case {case}: {size} bytes for {}", column.pg_type, value.len());
            let mut out = Vec::new();
            encoder.encode(&batch, &mut out).unwrap_or_else(|error| panic!("{} case {case}: {error}", column.pg_type));
            let mut expected = stream[19..stream.len() - 2].to_vec();
            // An array may claim NULLs that it has not: the server says so of a slice, and reads no such claim.
            if column.pg_type.starts_with('_') && out.len() == expected.len() {
                expected[13] = out[13];
            }
            assert!(out == expected, "{} case {case}: what is read is written back", column.pg_type);
            let _ = encoder.display(&batch, 0, 0);
        }
    }
}

fn small_segment(store: &dyn Store) -> Segment {
    let text: StringArray = (0..40).map(|row| (row % 5 != 0).then(|| format!("order {row}"))).collect();
    let data: BinaryArray = (0..40_u8).map(|row| Some([row, 0, 255])).collect();
    let columns: [(&str, ArrayRef); 3] =
        [("id", Arc::new(Int64Array::from_iter_values(0..40))), ("note", Arc::new(text)), ("data", Arc::new(data))];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).expect("a batch");
    let mut writer = SegmentWriter::create(store, "a.parquet", batch.schema(), &SegmentOptions::default()).expect("a segment");
    writer.write(&batch).expect("rows");
    writer.finish().expect("a file")
}

/// Reads a file as whoever listed it with its damage would have it read: the digest holds, so Parquet itself meets the bytes.
fn read_forged(store: &dyn Store, bytes: &[u8], rows: u64) -> Result<u64, ErrorKind> {
    let file = store.write("forged.parquet", bytes).expect("a file");
    let reader = SegmentReader::open(store, &Segment { file, rows, young: None, base: None, log: None }, 16)
        .map_err(|error| error.kind())?;
    let mut count = 0;
    for batch in reader {
        let batch = batch.map_err(|error| error.kind())?;
        // Every value is looked at: offsets and lengths must lie inside.
        for column in batch.columns() {
            if let Some(texts) = column.as_string_opt::<i32>() {
                count += texts.iter().flatten().map(|text| text.chars().count() as u64).sum::<u64>();
            } else if let Some(data) = column.as_binary_opt::<i32>() {
                count += data.iter().flatten().map(|bytes| bytes.len() as u64).sum::<u64>();
            } else {
                count += column.null_count() as u64;
            }
        }
    }
    Ok(count)
}

#[test]
fn every_flipped_byte_and_every_cut_of_a_segment_is_damage() {
    let root = tempfile::tempdir().expect("a folder");
    let store = LocalStore::create(&root.path().join("run")).expect("a run");
    let segment = small_segment(&store);
    let path = store.folder().join(&segment.file.path);
    let sound = std::fs::read(&path).expect("the file");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("a damaged file");
        SegmentReader::open(&store, &segment, 16).expect_err("the digest is checked first").kind()
    };
    let (mut damaged, mut unseen) = (0, 0);
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        assert_eq!(refused(&bytes), ErrorKind::Damaged, "byte {at}");
        assert_eq!(refused(&sound[..at]), ErrorKind::Damaged, "cut at {at}");
        for bytes in [&bytes[..], &sound[..at]] {
            match read_forged(&store, bytes, segment.rows) {
                Err(kind) => {
                    assert_eq!(kind, ErrorKind::Damaged, "byte {at}");
                    damaged += 1;
                }
                Ok(_) => unseen += 1,
            }
        }
    }
    // A page of other values is a page of values: that is what the digest is for.
    assert!(damaged > sound.len(), "{damaged} of {} seen without the digest, {unseen} not", 2 * sound.len());
}

#[test]
fn altered_manifests_are_damage_or_read() {
    let pair = support::pair("hostile");
    for side in Side::BOTH {
        support::sql(pair.url(side), "create table facts (id int primary key, body text, price numeric(12,2)[])");
    }
    support::sql(&pair.new, "insert into facts values (1, 'one', '{1.50}'), (2, null, null)");
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    block_on(engine::export(&recovery.context)).expect("an export");
    let store = &recovery.store;
    let sound = std::fs::read(store.folder().join("manifest.json")).expect("a manifest");
    let head = support::unsealed(std::str::from_utf8(&sound).expect("text")).as_bytes();
    let mut read = 0;
    for case in 0..2000 {
        // With a digest that holds, so that the altered text itself is met.
        let bytes = support::sealed(Dice::seeded(case).alter(head));
        store.write("manifest.json", &bytes).expect("a manifest");
        let manifest = match Manifest::read(store) {
            Ok(manifest) => manifest,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Damaged | ErrorKind::Refused), "case {case}: {error}");
                continue;
            }
        };
        read += 1;
        // Whatever paths, sizes, rows and lanes it now claims: files are opened as listed, and read by its layout, or refused.
        for table in manifest.databases.iter().flat_map(|database| &database.tables) {
            let encoder = BatchEncoder::new(&table.layout);
            for segment in &table.candidates {
                let Ok(reader) = SegmentReader::open(store, segment, 16) else { continue };
                for batch in reader.flatten() {
                    let _ = encoder.encode(&batch, &mut Vec::new());
                }
            }
        }
    }
    assert!(read > 20, "{read} of the altered manifests are still manifests");
    store.write("manifest.json", &sound).expect("a manifest");
    block_on(engine::diff(&recovery.context)).expect("the sound one still serves");
}
