//! One committed Parquet file back into Arrow batches, checked from end to end.

use std::ops::Range;
use std::panic::AssertUnwindSafe;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use super::Segment;
use super::pruned::Pruned;
use super::segment_bytes::SegmentBytes;
use super::segment_columns::{known, roots};
use super::segment_damage::{damaged, unreadable, wrong_count};
use super::segment_groups::row_group_ends;
use crate::error::Result;
use crate::store::Store;

/// Reads one segment, batch by batch. The file's digest was checked before the first batch and its row count is checked before
/// the first and after the last; after an error, the iterator is at its end.
///
/// Memory: one batch and one page per column, whatever the size of the file.
#[derive(Debug)]
pub struct SegmentReader {
    batches: ParquetRecordBatchReader,
    schema: SchemaRef,
    /// Where the file is, for people.
    location: String,
    batch_rows: u64,
    expected_rows: u64,
    /// Rows of the row groups up to and including each one.
    row_group_ends: Vec<u64>,
    read_rows: u64,
    is_done: bool,
}

impl SegmentReader {
    /// Opens a segment for all its columns.
    ///
    /// # Errors
    /// Damaged if the file is not what the manifest says, in any byte or in its number of rows.
    pub fn open(store: &dyn Store, segment: &Segment, batch_rows: usize) -> Result<Self> {
        Self::begin(store, segment, batch_rows, None, 0..segment.rows)
    }

    /// Opens a segment for some of its columns, by name, all that bear it. They come in the file's order, not in that asked.
    ///
    /// # Errors
    /// As [`open`](Self::open), and Damaged if there is no such column.
    pub fn open_projected(store: &dyn Store, segment: &Segment, batch_rows: usize, columns: &[&str]) -> Result<Self> {
        Self::begin(store, segment, batch_rows, Some((columns, true)), 0..segment.rows)
    }

    /// Opens a segment for those of some columns that it has: for what an earlier failback may not have written.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_known(store: &dyn Store, segment: &Segment, batch_rows: usize, columns: &[&str]) -> Result<Self> {
        Self::begin(store, segment, batch_rows, Some((columns, false)), 0..segment.rows)
    }

    /// Opens a segment for some of its rows, by position. Rows outside are passed over unread, as far as pages allow.
    ///
    /// # Errors
    /// As [`open`](Self::open), and Damaged if the rows are not all there.
    pub fn open_window(store: &dyn Store, segment: &Segment, batch_rows: usize, rows: Range<u64>) -> Result<Self> {
        Self::begin(store, segment, batch_rows, None, rows)
    }

    fn begin(
        store: &dyn Store,
        segment: &Segment,
        batch_rows: usize,
        columns: Option<(&[&str], bool)>,
        rows: Range<u64>,
    ) -> Result<Self> {
        let location = format!("{}/{}", store.location(), segment.file.path);
        Pruned::expect_rows(store)?;
        let file = SegmentBytes::of(store.open_checked(&segment.file)?);
        let batch_rows = batch_rows.max(1);
        let mut builder =
            unless_panic(|| ParquetRecordBatchReaderBuilder::try_new(file)).map_err(|error| damaged(&location, error))?;
        let row_group_ends = row_group_ends(&builder);
        let found = row_group_ends.last().copied().unwrap_or(0);
        if found != segment.rows {
            return Err(wrong_count(&location, segment.rows, found));
        }
        if let Some((columns, must_be_there)) = columns {
            let known = if must_be_there { columns.to_vec() } else { known(builder.schema(), columns) };
            let roots = roots(builder.schema(), &known).map_err(|missing| damaged(&location, missing))?;
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
            builder = builder.with_projection(mask);
        }
        if rows != (0..segment.rows) {
            let place = |row: u64| usize::try_from(row).unwrap_or(usize::MAX);
            builder = builder.with_offset(place(rows.start)).with_limit(place(rows.end.saturating_sub(rows.start)));
        }
        let batches =
            unless_panic(|| builder.with_batch_size(batch_rows).build()).map_err(|error| damaged(&location, error))?;
        Ok(Self {
            schema: batches.schema(),
            batches,
            location,
            batch_rows: batch_rows as u64,
            expected_rows: rows.end,
            row_group_ends,
            read_rows: rows.start,
            is_done: false,
        })
    }

    /// Returns the schema of the batches.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Returns at which row reading ends: how many the segment has in all, unless some of them were asked for.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.expected_rows
    }

    fn advance(&mut self) -> Result<Option<RecordBatch>> {
        let batches = &mut self.batches;
        match unless_panic(|| batches.next().transpose().map_err(ParquetError::from)).transpose() {
            Some(Ok(batch)) => {
                self.read_rows += batch.num_rows() as u64;
                Ok(Some(batch))
            }
            Some(Err(error)) => {
                let place = self.place_of_next_batch();
                Err(unreadable(error).at(place).at(&self.location))
            }
            None if self.read_rows == self.expected_rows => Ok(None),
            None => Err(wrong_count(&self.location, self.expected_rows, self.read_rows)),
        }
    }

    /// Names the row groups, counted from 1, that the batch after those read so far lies in.
    fn place_of_next_batch(&self) -> String {
        let group_of = |row: u64| self.row_group_ends.iter().take_while(|end| **end <= row).count() + 1;
        let last_row = self.expected_rows.min(self.read_rows.saturating_add(self.batch_rows)).saturating_sub(1);
        let (first, last) = (group_of(self.read_rows), group_of(last_row));
        let count = self.row_group_ends.len();
        if first == last { format!("row group {first} of {count}") } else { format!("row groups {first} to {last} of {count}") }
    }
}

impl Iterator for SegmentReader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let step = self.advance();
        self.is_done = !matches!(step, Ok(Some(_)));
        step.transpose()
    }
}

/// Runs a step of Parquet's reader. It believes what a file says of itself, and panics where offsets lie outside what they
/// point into: a file that was forged together with its digest must not end the program.
pub(super) fn unless_panic<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    // After a panic the reader is never asked again.
    std::panic::catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err(ParquetError::General("the file contradicts itself".to_owned())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::builder::{BinaryBuilder, ListBuilder, StringBuilder, StructBuilder};
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use arrow_array::{ArrayRef, Int64Array, StringArray};
    use arrow_schema::{DataType, Field};

    use super::*;
    use crate::error::ErrorKind;
    use crate::staging::{Compression, SegmentOptions, SegmentWriter};
    use crate::store::LocalStore;

    const ROWS: i64 = 200_000;
    const BATCH: i64 = 8_192;

    /// The sparse column of values that their own column cannot hold: list of struct, NULL for nearly every row.
    fn exact(from: i64, until: i64) -> ArrayRef {
        let fields = vec![Field::new("column", DataType::Utf8, false), Field::new("wire", DataType::Binary, false)];
        let builders: Vec<Box<dyn arrow_array::builder::ArrayBuilder>> =
            vec![Box::new(StringBuilder::new()), Box::new(BinaryBuilder::new())];
        let mut list = ListBuilder::new(StructBuilder::new(fields, builders));
        for row in from..until {
            if row % 50_000 == 7 {
                let values = list.values();
                values.field_builder::<StringBuilder>(0).unwrap().append_value("at");
                values.field_builder::<BinaryBuilder>(1).unwrap().append_value(row.to_be_bytes());
                values.append(true);
            }
            list.append(row % 50_000 == 7);
        }
        Arc::new(list.finish())
    }

    fn batch(from: i64, until: i64) -> RecordBatch {
        let text =
            (from..until).map(|row| (row % 11 != 0).then(|| format!("order {row} of {}", row.wrapping_mul(2_654_435_761))));
        let status = (from..until).map(|row| ["new", "paid", "sent"][usize::try_from(row % 3).unwrap()]);
        let columns: [(&str, ArrayRef, bool); 4] = [
            ("id", Arc::new(Int64Array::from_iter_values(from..until)), true),
            ("note", Arc::new(text.collect::<StringArray>()), true),
            ("the.status", Arc::new(StringArray::from_iter_values(status)), true),
            ("fb_exact", exact(from, until), true),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    struct Staged {
        _root: tempfile::TempDir,
        store: LocalStore,
        segment: Segment,
    }

    fn stage(compression: Compression, rows: i64) -> Staged {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        let options = SegmentOptions {
            compression,
            row_group_bytes: 2 << 20,
            dictionary_columns: vec!["the.status".into()],
            metadata: vec![("failback.table".into(), "public.orders".into())],
        };
        let mut writer = SegmentWriter::create(&store, "shop/stage/t0001/a.parquet", batch(0, 0).schema(), &options).unwrap();
        for from in (0..rows).step_by(usize::try_from(BATCH).unwrap()) {
            writer.write(&batch(from, (from + BATCH).min(rows))).unwrap();
        }
        let segment = writer.finish().unwrap();
        Staged { _root: root, store, segment }
    }

    fn rows_of(staged: &Staged) -> RecordBatch {
        let reader = SegmentReader::open(&staged.store, &staged.segment, 10_000).unwrap();
        let schema = reader.schema().clone();
        let batches: Vec<_> = reader.map(Result::unwrap).collect();
        assert!(batches.iter().all(|batch| batch.num_rows() <= 10_000));
        arrow_select::concat::concat_batches(&schema, &batches).unwrap()
    }

    #[test]
    fn what_goes_in_comes_out_in_several_row_groups() {
        for compression in [Compression::Zstd(1), Compression::Lz4Raw, Compression::Snappy, Compression::None] {
            let staged = stage(compression, ROWS);
            assert_eq!(staged.segment.rows, 200_000);
            let reader = SegmentReader::open(&staged.store, &staged.segment, 10_000).unwrap();
            assert!(reader.row_group_ends.len() >= 4, "{:?}", reader.row_group_ends);
            assert!(rows_of(&staged) == batch(0, ROWS), "{compression:?}");
        }
    }

    #[test]
    fn the_footer_says_what_other_readers_need() {
        let staged = stage(Compression::default(), 10);
        let file = SegmentBytes::of(staged.store.open_checked(&staged.segment.file).unwrap());
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let pairs = builder.metadata().file_metadata().key_value_metadata().unwrap();
        assert!(pairs.iter().any(|pair| pair.key == "failback.table" && pair.value.as_deref() == Some("public.orders")));
        let group = builder.metadata().row_group(0);
        assert!(group.column(0).statistics().is_some(), "readers can skip row groups by key");
        let has_dictionary = |column: usize| group.column(column).dictionary_page_offset().is_some();
        assert!(has_dictionary(2) && !has_dictionary(0) && !has_dictionary(1));
    }

    #[test]
    fn some_rows_can_be_read_alone() {
        let staged = stage(Compression::default(), ROWS);
        for (from, until) in [(0, 1), (199_999, 200_000), (54_321, 99_999), (7, 7)] {
            let window = u64::try_from(from).unwrap()..u64::try_from(until).unwrap();
            let reader = SegmentReader::open_window(&staged.store, &staged.segment, 10_000, window).unwrap();
            let schema = reader.schema().clone();
            let batches: Vec<_> = reader.map(Result::unwrap).collect();
            assert!(arrow_select::concat::concat_batches(&schema, &batches).unwrap() == batch(from, until), "{from}");
        }
        let mut beyond = SegmentReader::open_window(&staged.store, &staged.segment, 10, 199_999..200_001).unwrap();
        assert!(beyond.by_ref().any(|batch| batch.is_err()), "a row that is not there is missed");
    }

    #[test]
    fn no_rows_is_a_segment_too() {
        let staged = stage(Compression::default(), 0);
        let mut reader = SegmentReader::open(&staged.store, &staged.segment, 10).unwrap();
        assert_eq!(reader.schema(), &batch(0, 0).schema());
        assert!(reader.next().is_none());
    }

    #[test]
    fn some_columns_can_be_read_alone() {
        let staged = stage(Compression::default(), ROWS);
        let columns = ["fb_exact", "id"];
        let reader = SegmentReader::open_projected(&staged.store, &staged.segment, 5_000, &columns).unwrap();
        let names: Vec<_> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(names, ["id", "fb_exact"]);
        let sum: i64 =
            reader.map(|batch| batch.unwrap().column(0).as_primitive::<Int64Type>().values().iter().sum::<i64>()).sum();
        assert_eq!(sum, (0..ROWS).sum::<i64>());
        let error = SegmentReader::open_projected(&staged.store, &staged.segment, 5_000, &["none"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
    }

    #[test]
    fn a_manifest_that_miscounts_is_found_before_the_first_row() {
        let mut staged = stage(Compression::default(), 100);
        for wrong in [0, 99, 101, u64::MAX] {
            staged.segment.rows = wrong;
            let error = SegmentReader::open(&staged.store, &staged.segment, 10).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged);
            assert_eq!(error.causes(), [format!("expected {wrong} rows, found 100")]);
        }
    }

    #[test]
    fn a_footer_that_miscounts_is_found_after_the_last_row() {
        let staged = stage(Compression::default(), 100);
        let mut reader = SegmentReader::open(&staged.store, &staged.segment, 60).unwrap();
        reader.expected_rows = 101;
        let steps: Vec<_> = reader.by_ref().collect();
        assert_eq!(steps.len(), 3);
        let error = steps.into_iter().next_back().unwrap().unwrap_err();
        assert_eq!(error.causes(), ["expected 101 rows, found 100"]);
        assert!(reader.next().is_none(), "an error is the end");
    }

    #[test]
    fn damage_is_found_before_the_first_row() {
        let staged = stage(Compression::default(), ROWS);
        let path = staged.store.folder().join(&staged.segment.file.path);
        let sound = std::fs::read(&path).unwrap();
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        let longer = [&sound[..], b"PAR1"].concat();
        for bytes in [&flipped[..], &sound[..sound.len() - 8], &longer[..], &[]] {
            std::fs::write(&path, bytes).unwrap();
            let error = SegmentReader::open(&staged.store, &staged.segment, 10).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged);
            assert!(error.places()[0].ends_with("shop/stage/t0001/a.parquet"));
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(SegmentReader::open(&staged.store, &staged.segment, 10).unwrap_err().kind(), ErrorKind::Damaged);
    }

    /// Whoever made the file may have listed it as it is: then the digest holds and Parquet itself must say no, and where. It
    /// often cannot: a page of changed values is a page of values. So the digest is the guard, and this a courtesy.
    #[test]
    fn a_file_that_was_bad_when_listed_is_damage_with_a_place() {
        let staged = stage(Compression::default(), ROWS);
        let file = SegmentBytes::of(staged.store.open_checked(&staged.segment.file).unwrap());
        let footer = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().metadata().clone();
        let page = usize::try_from(footer.row_group(1).column(0).data_page_offset()).unwrap();
        let mut holed = std::fs::read(staged.store.folder().join(&staged.segment.file.path)).unwrap();
        holed[page..page + 64].fill(0xFF);
        let bad = Segment {
            file: staged.store.write("bad.parquet", &holed).unwrap(),
            rows: staged.segment.rows,
            young: None,
            base: None,
            log: None,
        };
        let first = usize::try_from(footer.row_group(0).num_rows()).unwrap();
        for (batch_rows, place) in [(first, "row group 2 of "), (first - 1, "row groups 1 to 2 of ")] {
            let error = SegmentReader::open(&staged.store, &bad, batch_rows).unwrap().find_map(Result::err).unwrap();
            assert_eq!(error.kind(), ErrorKind::Damaged);
            assert!(error.places()[0].ends_with("bad.parquet"));
            assert_eq!(error.places()[1], format!("{place}{}", footer.num_row_groups()));
        }
        let rubbish = Segment {
            file: staged.store.write("rubbish", b"PAR1, or not").unwrap(),
            rows: 1,
            young: None,
            base: None,
            log: None,
        };
        assert_eq!(SegmentReader::open(&staged.store, &rubbish, 10).unwrap_err().kind(), ErrorKind::Damaged);
    }

    #[test]
    fn both_ends_can_move_between_threads() {
        fn check<T: Send>() {}
        check::<SegmentReader>();
        check::<SegmentWriter>();
    }
}
