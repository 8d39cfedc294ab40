//! Single rows on their way into a file, in batches.

use std::ops::Range;

use super::cursor::Cursor;
use super::lone_run::{Kept, LoneRuns};
use super::stamped::{StampTally, Stamped};
use crate::codec::RowLayout;
use crate::engine::rows::{BATCH_BYTES, BATCH_ROWS, RawSegment, Target};
use crate::error::Result;
use crate::schema::KeyOrder;
use crate::staging::Segment;
use crate::statement::KeyRange;
use crate::wire::RowBuffer;

/// Collects single rows into batches for a file.
pub(crate) struct Feed {
    file: RawSegment,
    rows: RowBuffer,
    tally: StampTally,
}

impl Feed {
    /// Promises a file; no rows, no file.
    pub(crate) fn new(target: Target, layout: &RowLayout, tally: StampTally) -> Self {
        Self { file: RawSegment::new(target, layout), rows: RowBuffer::new(layout.columns.len()), tally }
    }

    /// Takes some columns of the row at a cursor.
    pub(crate) fn push(&mut self, from: &Cursor, columns: Range<usize>) -> Result<()> {
        self.take(&from.rows, from.at, columns)
    }

    fn take(&mut self, rows: &RowBuffer, row: usize, columns: Range<usize>) -> Result<()> {
        self.rows.push(rows, row, columns);
        if self.rows.row_count() >= BATCH_ROWS || self.rows.byte_count() >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.tally.add(&self.file.write(&self.rows)?);
        self.rows.clear();
        Ok(())
    }

    /// Ends the file.
    pub(crate) fn finish(mut self) -> Result<(Vec<Segment>, Stamped)> {
        self.flush()?;
        Ok((self.file.finish()?.into_iter().collect(), self.tally.found()))
    }
}

/// Keys of NEW that OLD lacks: those of long runs as ranges, all others one by one.
pub(crate) struct LoneKeys {
    runs: LoneRuns,
    /// The keys of the run that goes on, while it is short.
    waiting: RowBuffer,
}

impl LoneKeys {
    /// For keys whose columns are ordered like this.
    pub(crate) fn new(orders: &[KeyOrder]) -> Self {
        Self { runs: LoneRuns::new(orders), waiting: RowBuffer::new(orders.len()) }
    }

    /// Takes the key at NEW's cursor.
    pub(crate) fn push(&mut self, from: &Cursor, feed: &mut Feed) -> Result<()> {
        let columns = 0..self.waiting.column_count();
        match self.runs.take(from.field(0)) {
            Kept::Alone => return feed.push(from, columns),
            Kept::Waiting => drop(self.waiting.push(&from.rows, from.at, columns)),
            Kept::ByRun => {}
        }
        Ok(())
    }

    /// Ends a run: a key of both sides follows, or none.
    pub(crate) fn end(&mut self, feed: &mut Feed) -> Result<()> {
        if !self.runs.end() {
            for row in 0..self.waiting.row_count() {
                feed.take(&self.waiting, row, 0..self.waiting.column_count())?;
            }
        }
        self.waiting.clear();
        Ok(())
    }

    /// Whether a run goes on.
    pub(crate) fn is_running(&self) -> bool {
        self.waiting.row_count() > 0
    }

    /// Returns the ranges.
    pub(crate) fn into_ranges(self) -> Vec<KeyRange> {
        self.runs.into_ranges()
    }
}
