//! Arrow batches into one committed Parquet file.

use std::io::{self, Write};

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};

use super::SegmentOptions;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{FileDigest, FileWriter, Store, fault_of_write};

/// A committed Parquet file of rows, as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// The file.
    #[serde(flatten)]
    pub file: FileDigest,
    /// How many rows it holds.
    pub rows: u64,
    /// Whether its rows may have been written since the mark; nothing where they were not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub young: Option<bool>,
    /// BASE's rows for the keys of these, or what a baseline has for them, in the same order; nothing where there is neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Box<Segment>>,
    /// What NEW's log says of the keys of these, in the same order; nothing where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<Box<Segment>>,
}

/// Writes one segment. Dropped before [`finish`](Self::finish), it leaves nothing behind.
///
/// Memory: a row group is held, encoded and mostly compressed, until it ends, so at most
/// [`row_group_bytes`](SegmentOptions::row_group_bytes) and the batch that crossed that line; to it come about 1 MiB per column
/// (the page being filled) and up to 1 MiB per dictionary. It does not grow with the number of rows.
pub struct SegmentWriter {
    writer: ArrowWriter<Sink>,
    /// Where the file will be, for people.
    location: String,
    schema: SchemaRef,
    row_group_bytes: usize,
    /// Bytes of Arrow data taken into the row group in progress.
    taken_bytes: usize,
    rows: u64,
}

impl SegmentWriter {
    /// Begins a segment at `relative`.
    pub fn create(store: &dyn Store, relative: &str, schema: SchemaRef, options: &SegmentOptions) -> Result<Self> {
        let properties = options.properties(&schema)?;
        let file = store.create_file(relative)?;
        let location = file.location().to_owned();
        let writer = ArrowWriter::try_new(Sink(Some(file)), schema.clone(), Some(properties))
            .map_err(|error| refusal("begin the segment", &location, error))?;
        Ok(Self { writer, location, schema, row_group_bytes: options.row_group_bytes, taken_bytes: 0, rows: 0 })
    }

    /// Adds a batch.
    ///
    /// # Errors
    /// Malformed if its columns are not those that the segment began with: Parquet's writer goes by position and would take
    /// another table's rows without a word.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.schema_ref().fields() != self.schema.fields() {
            return Err(self.mistake("write the segment", "the batch has other columns than the segment"));
        }
        self.writer.write(batch).map_err(|error| refusal("write the segment", &self.location, error))?;
        self.rows += batch.num_rows() as u64;
        self.taken_bytes += arrow_bytes(batch);
        if self.taken_bytes >= self.row_group_bytes {
            self.writer.flush().map_err(|error| refusal("write the segment", &self.location, error))?;
            self.taken_bytes = 0;
        }
        Ok(())
    }

    /// Returns the rows written so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the bytes of the file so far, without the row group in progress: for deciding when to begin the next segment.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.writer.bytes_written() as u64
    }

    /// Ends the file and commits it: when this returns, the segment is on the disk.
    pub fn finish(mut self) -> Result<Segment> {
        let footer = self.writer.finish().map_err(|error| refusal("finish the segment", &self.location, error))?;
        if u64::try_from(footer.file_metadata().num_rows()) != Ok(self.rows) {
            return Err(self.mistake("finish the segment", "the footer counts other rows than were written"));
        }
        let Some(file) = self.writer.inner_mut().0.take() else {
            return Err(self.mistake("finish the segment", "it is closed"));
        };
        Ok(Segment { file: file.commit()?, rows: self.rows, young: None, base: None, log: None })
    }

    fn mistake(&self, what: &str, cause: &str) -> Error {
        Error::new(ErrorKind::Malformed, what).at(&self.location).because(cause.to_owned())
    }
}

/// Holds the file where it can be taken back: Parquet's own `into_inner` writes the footer in the same call, and turns a full
/// disk into a sentence.
struct Sink(Option<Box<dyn FileWriter>>);

impl Sink {
    fn file(&mut self) -> io::Result<&mut Box<dyn FileWriter>> {
        self.0.as_mut().ok_or_else(|| io::Error::other("the segment is closed"))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Called again when the writer is dropped, after the file was taken.
        self.0.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// Returns the bytes of a batch's own rows. Buffers that it shares with other batches count only for the slice that is its own.
fn arrow_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| column_bytes(column)).sum()
}

fn column_bytes(column: &dyn Array) -> usize {
    // What Arrow counts of a sliced list are the elements of the whole one.
    if let Some(list) = column.as_list_opt::<i32>() {
        let (from, to) =
            (list.value_offsets()[0].unsigned_abs() as usize, list.value_offsets()[list.len()].unsigned_abs() as usize);
        return 4 * (list.len() + 1) + column_bytes(&list.values().slice(from, to - from));
    }
    if let Some(rows) = column.as_struct_opt() {
        return rows.columns().iter().map(|column| column_bytes(column)).sum();
    }
    column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_buffer_memory_size())
}

/// Tells a disk that failed from rows that do not fit their schema.
fn refusal(what: &str, location: &str, error: ParquetError) -> Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => fault_of_write(what, location, *error),
            Err(other) => Error::new(ErrorKind::Malformed, what).at(location).because(other),
        },
        other => Error::new(ErrorKind::Malformed, what).at(location).because(other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        ArrayRef, BinaryArray, Date32Array, Decimal128Array, Int16Array, Int32Array, Int64Array, StringArray,
        Time64MicrosecondArray, TimestampMicrosecondArray, UInt32Array,
    };

    use super::*;
    use crate::staging::SegmentReader;
    use crate::store::LocalStore;

    fn run() -> (tempfile::TempDir, LocalStore) {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        (root, store)
    }

    /// Values that no encoding or codec can shrink.
    fn noise(seed: u64, rows: u64) -> RecordBatch {
        let word = |row: u64| {
            let digest = blake3::hash(&(seed << 32 | row).to_le_bytes());
            i64::from_le_bytes(digest.as_bytes()[..8].try_into().unwrap())
        };
        let values: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(word)));
        RecordBatch::try_from_iter([("id", values)]).unwrap()
    }

    #[test]
    fn dropped_before_finish_leaves_nothing() {
        let (_root, store) = run();
        let batch = noise(0, 50_000);
        let options = SegmentOptions { row_group_bytes: 1, ..SegmentOptions::default() };
        let mut writer = SegmentWriter::create(&store, "shop/stage/t0001/a", batch.schema(), &options).unwrap();
        writer.write(&batch).unwrap();
        assert!(writer.bytes() > 300_000, "a row group went to the disk: {}", writer.bytes());
        assert_eq!(store.leftovers().unwrap().len(), 1);
        drop(writer);
        assert!(store.leftovers().unwrap().is_empty());
        assert!(!store.exists("shop/stage/t0001/a").unwrap());
    }

    #[test]
    fn memory_does_not_grow_with_rows() {
        let (_root, store) = run();
        let options = SegmentOptions { row_group_bytes: 1 << 20, ..SegmentOptions::default() };
        let batch = noise(0, 8192);
        let mut writer = SegmentWriter::create(&store, "a", batch.schema(), &options).unwrap();
        let mut most = 0;
        for seed in 0..100 {
            writer.write(&noise(seed, 8192)).unwrap();
            most = most.max(writer.writer.memory_size());
        }
        assert!(most < 3 << 20, "{most} bytes were held");
        assert!(writer.bytes() > 4 << 20);
        assert_eq!(writer.finish().unwrap().rows, 819_200);
    }

    #[test]
    fn slices_count_only_their_own_bytes() {
        let batch = noise(0, 10_000);
        assert_eq!(arrow_bytes(&batch), 80_000);
        assert_eq!(arrow_bytes(&batch.slice(5_000, 10)), 80);
        let values = Arc::clone(batch.column(0));
        let item = Arc::new(arrow_schema::Field::new("item", values.data_type().clone(), true));
        let offsets = arrow_buffer::OffsetBuffer::from_lengths(std::iter::repeat_n(2, 5_000));
        let lists: ArrayRef = Arc::new(arrow_array::ListArray::new(item, offsets, values, None));
        let lists = RecordBatch::try_from_iter([("lists", lists)]).unwrap();
        assert_eq!(arrow_bytes(&lists.slice(4_000, 10)), 44 + 160);
    }

    #[test]
    fn a_batch_of_another_schema_is_refused() {
        let (_root, store) = run();
        let batch = noise(0, 10);
        let other = RecordBatch::try_from_iter([("other", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
        let mut writer = SegmentWriter::create(&store, "a", batch.schema(), &SegmentOptions::default()).unwrap();
        assert_eq!(writer.write(&other).unwrap_err().kind(), ErrorKind::Malformed);
    }

    #[test]
    fn a_full_disk_keeps_its_kind() {
        let full = ParquetError::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(refusal("write the segment", "/r/a", full).kind(), ErrorKind::StorageFull);
        let other = ParquetError::General("no".into());
        assert_eq!(refusal("write the segment", "/r/a", other).kind(), ErrorKind::Malformed);
    }

    /// Infinity is the extreme of its type, and a delta between two extremes does not fit the type.
    #[test]
    fn extremes_survive_their_encodings() {
        const ROWS: usize = 3_000;
        fn cycle<T: Copy>(values: [T; 5]) -> impl Iterator<Item = Option<T>> {
            (0..ROWS).map(move |row| (row % 7 != 0).then(|| values[row % 5]))
        }
        let most = 10_i128.pow(18) - 1;
        let widest = 10_i128.pow(38) - 1;
        let digits = |values, precision| -> ArrayRef {
            let array: Decimal128Array = cycle(values).collect();
            Arc::new(array.with_precision_and_scale(precision, 2).unwrap())
        };
        let longs = || cycle([i64::MIN, i64::MAX, 0, -1, 1_700_000_000_000_000]);
        let columns: [(&str, ArrayRef, bool); 11] = [
            ("int2", Arc::new(cycle([i16::MIN, i16::MAX, 0, -1, i16::MAX]).collect::<Int16Array>()), true),
            ("int4", Arc::new(cycle([i32::MIN, i32::MAX, 0, -1, i32::MAX]).collect::<Int32Array>()), true),
            ("oid", Arc::new(cycle([u32::MIN, u32::MAX, 0, 1 << 31, 5]).collect::<UInt32Array>()), true),
            ("int8", Arc::new(longs().collect::<Int64Array>()), true),
            ("date", Arc::new(cycle([i32::MIN, i32::MAX, 0, -1, 20_000]).collect::<Date32Array>()), true),
            ("time", Arc::new(cycle([0, 86_399_999_999, 1, 2, 3]).collect::<Time64MicrosecondArray>()), true),
            ("at", Arc::new(longs().collect::<TimestampMicrosecondArray>().with_timezone("UTC")), true),
            ("price", digits([-most, most, 0, -1, 125], 18), true),
            ("wide", digits([-widest, widest, 0, -1, 125], 38), true),
            ("text", Arc::new(cycle(["", "é", "\u{10FFFF}", " ", "x"]).collect::<StringArray>()), true),
            ("bytes", Arc::new(cycle([&b""[..], b"\0", b"\xff", b"PAR1", b"x"]).collect::<BinaryArray>()), true),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let (_root, store) = run();
        let mut writer = SegmentWriter::create(&store, "a", batch.schema(), &SegmentOptions::default()).unwrap();
        writer.write(&batch).unwrap();
        let segment = writer.finish().unwrap();
        let batches: Vec<_> = SegmentReader::open(&store, &segment, ROWS).unwrap().map(Result::unwrap).collect();
        assert_eq!(batches, [batch]);
    }

    #[test]
    fn a_segment_is_flat_in_json() {
        let file = FileDigest { path: "a".into(), bytes: 2, blake3: "00".into() };
        let segment = Segment { file, rows: 3, young: None, base: None, log: None };
        let json = serde_json::to_string(&segment).unwrap();
        assert_eq!(json, r#"{"path":"a","bytes":2,"blake3":"00","rows":3}"#);
        assert_eq!(serde_json::from_str::<Segment>(&json).unwrap(), segment);
    }
}
