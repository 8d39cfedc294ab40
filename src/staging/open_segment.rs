//! One committed Parquet file that stays open, so that any of its rows can be read at once.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;

use super::Segment;
use super::pruned::Pruned;
use super::segment_bytes::SegmentBytes;
use super::segment_columns::roots;
use super::segment_damage::{damaged, wrong_count};
use super::segment_reader::unless_panic;
use crate::error::Result;
use crate::store::Store;

/// One segment, whose digest was checked when it was opened.
///
/// Memory: its footer, with where each page begins. Reading takes the rows that are asked for, and one page of each column.
#[derive(Debug)]
pub struct OpenSegment {
    file: SegmentBytes,
    metadata: ArrowReaderMetadata,
    /// Where the file is, for people.
    location: String,
    /// Rows of the row groups up to and including each one.
    row_group_ends: Vec<u64>,
}

impl OpenSegment {
    /// Opens a segment.
    ///
    /// # Errors
    /// Damaged if the file is not what the manifest says, in any byte or in its number of rows.
    pub fn open(store: &dyn Store, segment: &Segment) -> Result<Self> {
        let location = format!("{}/{}", store.location(), segment.file.path);
        Pruned::expect_rows(store)?;
        let file = SegmentBytes::of(store.open_checked(&segment.file)?);
        // Where pages begin is all that is needed of their index, and an older file may not have it.
        let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
        let metadata = unless_panic(|| ArrowReaderMetadata::load(&file, options)).map_err(|error| damaged(&location, error))?;
        let mut end = 0_u64;
        let mut row_group_ends = Vec::new();
        for group in metadata.metadata().row_groups() {
            end = end.saturating_add(u64::try_from(group.num_rows()).unwrap_or(0));
            row_group_ends.push(end);
        }
        if end != segment.rows {
            return Err(wrong_count(&location, segment.rows, end));
        }
        Ok(Self { file, metadata, location, row_group_ends })
    }

    /// Returns how many rows it has.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.row_group_ends.last().copied().unwrap_or(0)
    }

    /// Reads some rows, by their positions in ascending order, with all their columns or some.
    ///
    /// # Errors
    /// Damaged if the rows are not all there, or cannot be read.
    pub fn read(&self, rows: &[u64], columns: Option<&[&str]>) -> Result<RecordBatch> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(RecordBatch::new_empty(self.metadata.schema().clone()));
        };
        if *last >= self.rows() {
            return Err(wrong_count(&self.location, *last + 1, self.rows()));
        }
        // Row groups that no row is asked of are not even begun.
        let group = |row: &u64| self.row_group_ends.partition_point(|end| end <= row);
        let (from, to) = (group(first), group(last));
        let before = from.checked_sub(1).map_or(0, |group| self.row_group_ends[group]);
        let place = |row: u64| usize::try_from(row - before).unwrap_or(usize::MAX);
        let ranges = rows.chunk_by(|one, next| one + 1 == *next).map(|run| place(run[0])..place(run[run.len() - 1]) + 1);
        let selection = RowSelection::from_consecutive_ranges(ranges, place(self.row_group_ends[to]));
        let builder = self.builder(columns)?.with_row_groups((from..=to).collect()).with_row_selection(selection);
        let batches = self.steps(builder.with_batch_size(rows.len()), rows.len() as u64)?.collect::<Result<Vec<_>>>()?;
        let schema = batches.first().map_or_else(|| self.metadata.schema().clone(), RecordBatch::schema);
        concat_batches(&schema, &batches).map_err(|error| damaged(&self.location, error))
    }

    /// Reads all rows, batch by batch, with some of their columns.
    ///
    /// # Errors
    /// As [`read`](Self::read); Damaged if there is no such column.
    pub fn batches(&self, batch_rows: usize, columns: &[&str]) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
        self.steps(self.builder(Some(columns))?.with_batch_size(batch_rows.max(1)), self.rows())
    }

    fn builder(&self, columns: Option<&[&str]>) -> Result<ParquetRecordBatchReaderBuilder<SegmentBytes>> {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone());
        let Some(columns) = columns else { return Ok(builder) };
        let roots = roots(builder.schema(), columns).map_err(|missing| damaged(&self.location, missing))?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        Ok(builder.with_projection(mask))
    }

    /// Reads to the end, and misses rows that are not there.
    fn steps(
        &self,
        builder: ParquetRecordBatchReaderBuilder<SegmentBytes>,
        expected: u64,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>>> {
        let mut reader = Some(unless_panic(|| builder.build()).map_err(|error| damaged(&self.location, error))?);
        let mut found = 0;
        Ok(std::iter::from_fn(move || {
            let next = reader.as_mut()?;
            match unless_panic(|| next.next().transpose().map_err(ParquetError::from)) {
                Ok(Some(batch)) => {
                    found += batch.num_rows() as u64;
                    return Some(Ok(batch));
                }
                Ok(None) => reader = None,
                Err(error) => {
                    reader = None;
                    return Some(Err(damaged(&self.location, error)));
                }
            }
            (found != expected).then(|| Err(wrong_count(&self.location, expected, found)))
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;
    use crate::error::ErrorKind;
    use crate::staging::{SegmentOptions, SegmentWriter};
    use crate::store::LocalStore;

    const ROWS: i64 = 100_000;

    fn batch(from: i64, until: i64) -> RecordBatch {
        let text = (from..until).map(|row| (row % 7 != 0).then(|| format!("row {row}")));
        let columns: [(&str, ArrayRef); 2] =
            [("id", Arc::new(Int64Array::from_iter_values(from..until))), ("note", Arc::new(text.collect::<StringArray>()))];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
    }

    fn staged() -> (tempfile::TempDir, LocalStore, Segment) {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        let options = SegmentOptions { row_group_bytes: 512 << 10, ..SegmentOptions::default() };
        let mut writer = SegmentWriter::create(&store, "a.parquet", batch(0, 0).schema(), &options).unwrap();
        for from in (0..ROWS).step_by(5_000) {
            writer.write(&batch(from, from + 5_000)).unwrap();
        }
        let segment = writer.finish().unwrap();
        (root, store, segment)
    }

    #[test]
    fn any_rows_are_read_as_often_as_they_are_asked_for() {
        let (_root, store, segment) = staged();
        let open = OpenSegment::open(&store, &segment).unwrap();
        assert!(open.row_group_ends.len() > 3, "{:?}", open.row_group_ends);
        let end = open.row_group_ends[1];
        let apart = [3, 4, 5, end - 1, end, 77_777, 99_999];
        for rows in [&[99_999][..], &[0, 1, 2], &[end - 1, end], &[end], &apart, &[]] {
            let expected: Vec<_> = rows.iter().map(|row| batch(row.cast_signed(), row.cast_signed() + 1)).collect();
            let expected = concat_batches(&batch(0, 0).schema(), &expected).unwrap();
            assert!(open.read(rows, None).unwrap() == expected, "{rows:?}");
        }
        assert_eq!(open.read(&[1, 7], Some(&["note"])).unwrap().num_columns(), 1);
        let ids: Vec<_> = open.batches(7_000, &["id"]).unwrap().map(Result::unwrap).collect();
        assert_eq!(ids.iter().map(RecordBatch::num_rows).sum::<usize>(), 100_000);
        assert!(ids.iter().all(|batch| batch.num_columns() == 1 && batch.num_rows() <= 7_000));
    }

    #[test]
    fn what_is_not_there_is_missed() {
        let (root, store, segment) = staged();
        let open = OpenSegment::open(&store, &segment).unwrap();
        assert_eq!(open.read(&[5, 100_000], None).unwrap_err().causes(), ["expected 100001 rows, found 100000"]);
        assert_eq!(open.batches(1, &["none"]).err().map(|error| error.kind()), Some(ErrorKind::Damaged));
        let other = Segment { rows: 5, ..segment.clone() };
        assert_eq!(OpenSegment::open(&store, &other).unwrap_err().kind(), ErrorKind::Damaged);
        let path = root.path().join("r1/a.parquet");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[1_000] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(OpenSegment::open(&store, &segment).unwrap_err().kind(), ErrorKind::Damaged);
    }
}
