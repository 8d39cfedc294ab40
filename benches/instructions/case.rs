//! What is counted: one thing done to one shape of rows.

use std::hint::black_box;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch, UInt32Array};
use arrow_select::take::take_record_batch;
use failback::codec::{BatchDecoder, BatchEncoder};
use failback::delta::{Class, CutoverWindow, Evidence, History, Stamp, Witness, classify, compare};
use failback::staging::{SegmentOptions, SegmentWriter};
use failback::store::{LocalStore, Store as _};
use failback::wire::{CopyDecoder, RowBuffer};
use tempfile::TempDir;

use super::Outcome;
use super::rows::{self, Shape};

/// The server sends about this much at a time.
const CHUNK: usize = 64 * 1024;

/// A case that is ready to run.
type Once<'a> = Box<dyn FnMut() -> Outcome<()> + 'a>;

/// Makes whatever a case needs before it can run.
type Begin = fn(&Shape) -> Outcome<Once<'_>>;

/// What can be done to rows, by name.
const WORKS: [(&str, Begin); 6] = [
    ("frame", frame),
    ("decode", decode),
    ("encode", encode),
    ("classify", classify_rows),
    ("segment", segment),
    ("digest", digest),
];

/// The shapes of rows.
const SHAPES: [&str; 2] = ["oltp_14", "narrow_4"];

/// Returns the names of all cases.
pub(crate) fn names() -> impl Iterator<Item = String> {
    WORKS.iter().flat_map(|(work, _)| SHAPES.iter().map(move |shape| format!("{work}/{shape}")))
}

/// One thing to do, and rows to do it to.
pub(crate) struct Case {
    begin: Begin,
    shape: Shape,
}

impl Case {
    /// Finds a case by its name.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let (work, shape) = name.split_once('/')?;
        let (_, begin) = WORKS.iter().find(|(name, _)| *name == work)?;
        Some(Self { begin: *begin, shape: rows::shapes().find(|found| found.name == shape)? })
    }

    /// Makes whatever it needs before it can run.
    pub(crate) fn begin(&self) -> Outcome<Once<'_>> {
        (self.begin)(&self.shape)
    }
}

/// The stream in the server's chunks becomes rows of fields.
fn frame(shape: &Shape) -> Outcome<Once<'_>> {
    let mut buffer = framed(shape)?;
    Ok(Box::new(move || {
        buffer.clear();
        feed(black_box(shape), &mut buffer)
    }))
}

fn framed(shape: &Shape) -> Outcome<RowBuffer> {
    let mut buffer = RowBuffer::new(shape.layout.columns.len());
    feed(shape, &mut buffer)?;
    Ok(buffer)
}

fn feed(shape: &Shape, buffer: &mut RowBuffer) -> Outcome<()> {
    let mut decoder = CopyDecoder::new(shape.layout.columns.len());
    for chunk in shape.stream.chunks(CHUNK) {
        decoder.feed(chunk, buffer)?;
    }
    Ok(decoder.finish()?)
}

/// Rows of fields become a batch.
fn decode(shape: &Shape) -> Outcome<Once<'_>> {
    let buffer = framed(shape)?;
    let mut decoder = BatchDecoder::new(&shape.layout);
    Ok(Box::new(move || {
        black_box(decoder.decode(black_box(&buffer))?);
        Ok(())
    }))
}

fn batch_of(shape: &Shape) -> Outcome<RecordBatch> {
    Ok(BatchDecoder::new(&shape.layout).decode(&framed(shape)?)?)
}

/// A batch becomes tuples of binary COPY.
fn encode(shape: &Shape) -> Outcome<Once<'_>> {
    let batch = batch_of(shape)?;
    let encoder = BatchEncoder::new(&shape.layout);
    let mut out = Vec::new();
    Ok(Box::new(move || {
        out.clear();
        Ok(encoder.encode(black_box(&batch), black_box(&mut out))?)
    }))
}

/// OLD's rows are compared with NEW's, of which every tenth is another row, and each pair gets its class.
fn classify_rows(shape: &Shape) -> Outcome<Once<'_>> {
    let old = batch_of(shape)?;
    let other: UInt32Array = (0..rows::ROWS).map(|row| if row % 10 == 9 { row - 1 } else { row }).collect();
    let new = take_record_batch(&old, &other)?;
    // The last column that PostgreSQL knows is a stamp in both shapes; the cutover lies amid the stamps.
    let stamp = shape.layout.columns.len() - 1;
    let amid = written_us(&old, stamp, old.num_rows() / 2).ok_or("the last column is no stamp")?;
    let window = CutoverWindow { cutover_us: amid, overlap_us: 60_000_000 };
    let mut counts = [0_u32; Class::ALL.len()];
    Ok(Box::new(move || {
        let (old, new) = (black_box(&old), black_box(&new));
        let differences = compare(old, new)?;
        let witness = |batch: &RecordBatch, row| {
            let updated = written_us(batch, stamp, row).map_or(Stamp::Silent, |us| window.read(us));
            Some(Witness::new(History::from_stamps(Stamp::Silent, updated), Evidence::Column))
        };
        for row in 0..old.num_rows() {
            let verdict = classify(witness(old, row), witness(new, row), None, !differences.any(row));
            counts[verdict.class as usize] += 1;
            for column in differences.columns(row) {
                black_box(column);
            }
        }
        black_box(&mut counts);
        Ok(())
    }))
}

fn written_us(batch: &RecordBatch, column: usize, row: usize) -> Option<i64> {
    let stamps = batch.column(column).as_primitive_opt::<TimestampMicrosecondType>()?;
    stamps.is_valid(row).then(|| stamps.value(row))
}

/// A run in a folder of its own, which goes with it.
fn run() -> Outcome<(TempDir, LocalStore)> {
    let folder = tempfile::tempdir()?;
    let store = LocalStore::create(&folder.path().join("run"))?;
    Ok((folder, store))
}

/// A batch becomes a committed file: Parquet, zstd and BLAKE3.
fn segment(shape: &Shape) -> Outcome<Once<'_>> {
    let batch = batch_of(shape)?;
    let (folder, store) = run()?;
    let options = SegmentOptions::default();
    Ok(Box::new(move || {
        let _kept = &folder;
        let mut writer = SegmentWriter::create(&store, "segment", batch.schema(), &options)?;
        writer.write(black_box(&batch))?;
        black_box(writer.finish()?);
        Ok(())
    }))
}

/// Bytes become a file whose digest is known, and are checked against it when the file is opened.
fn digest(shape: &Shape) -> Outcome<Once<'_>> {
    let (folder, store) = run()?;
    Ok(Box::new(move || {
        let _kept = &folder;
        let file = store.write("file", black_box(&shape.stream))?;
        black_box(store.open_checked(&file)?);
        Ok(())
    }))
}
