//! One committed Parquet file back into Arrow batches, checked from end to end.

use std::error::Error as StdError;
use std::ops::Range;
use std::panic::AssertUnwindSafe;

use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderBuilder, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

use super::Segment;
use super::segment_bytes::SegmentBytes;
use crate::error::{Error, ErrorKind, Result};
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

    /// Opens a segment for some of its columns, by name. They come in the file's order, whatever the order asked for.
    ///
    /// # Errors
    /// As [`open`](Self::open), and Damaged if there is no such column.
    pub fn open_projected(store: &dyn Store, segment: &Segment, batch_rows: usize, columns: &[&str]) -> Result<Self> {
        Self::begin(store, segment, batch_rows, Some(columns), 0..segment.rows)
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
        columns: Option<&[&str]>,
        rows: Range<u64>,
    ) -> Result<Self> {
        let location = format!("{}/{}", store.location(), segment.file.path);
        let file = SegmentBytes::of(store.open_checked(&segment.file)?);
        let batch_rows = batch_rows.max(1);
        let mut builder =
            unless_panic(|| ParquetRecordBatchReaderBuilder::try_new(file)).map_err(|error| damaged(&location, error))?;
        let row_group_ends = row_group_ends(&builder);
        let found = row_group_ends.last().copied().unwrap_or(0);
        if found != segment.rows {
            return Err(wrong_count(&location, segment.rows, found));
        }
        if let Some(columns) = columns {
            let roots = roots(builder.schema(), columns).map_err(|missing| damaged(&location, missing))?;
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
fn unless_panic<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    // After a panic the reader is never asked again.
    std::panic::catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err(ParquetError::General("the file contradicts itself".to_owned())))
}

fn row_group_ends<T>(builder: &ArrowReaderBuilder<T>) -> Vec<u64> {
    let counts = builder.metadata().row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0));
    counts
        .scan(0_u64, |end, rows| {
            *end = end.saturating_add(rows);
            Some(*end)
        })
        .collect()
}

fn roots(schema: &SchemaRef, columns: &[&str]) -> Result<Vec<usize>, String> {
    columns.iter().map(|name| schema.index_of(name).map_err(|_| format!("the file has no column {name:?}"))).collect()
}

fn unreadable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Damaged, "read the segment").because(cause)
}

fn damaged(location: &str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    unreadable(cause).at(location)
}

fn wrong_count(location: &str, expected: u64, found: u64) -> Error {
    damaged(location, format!("expected {expected} rows, found {found}"))
}

#[cfg(test)]
mod tests;
