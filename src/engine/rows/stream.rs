//! Streams of decoded rows: a binary COPY on one side, Arrow batches on the other.
//!
//! Memory: one batch of raw rows (at most [`BATCH_ROWS`] rows or about [`BATCH_BYTES`], or one row where that is larger) and
//! one decoded batch.

use std::collections::VecDeque;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use crate::codec::{BatchDecoder, CodecError, RowLayout};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{CopyOut, Session};
use crate::wire::{CopyDecoder, RowBuffer, WireError};

/// How many rows a batch holds at most.
pub(crate) const BATCH_ROWS: usize = 8192;

/// How many bytes of raw rows a batch holds at most, short of a single larger row.
pub(crate) const BATCH_BYTES: usize = 4 << 20;

/// A COPY stream, read batch by batch as raw rows.
pub(crate) struct RawRows {
    copy: CopyOut,
    decoder: CopyDecoder,
    ended: bool,
    /// What broke the stream behind the rows that were handed out.
    broken: Option<Error>,
}

impl RawRows {
    /// Starts a `COPY … TO STDOUT (FORMAT binary)` whose rows have so many columns.
    pub(crate) async fn open(session: &Session, statement: &str, columns: usize) -> Result<Self> {
        Ok(Self { copy: session.copy_out(statement).await?, decoder: CopyDecoder::new(columns), ended: false, broken: None })
    }

    /// Replaces what `rows` holds by the next batch; false at the end of the stream, which was then complete. Every row that
    /// came before an error is handed out before the error is, so that the row at fault is the one behind them.
    ///
    /// Cancel safety: none; a dropped call loses rows, so the stream must be dropped with it.
    pub(crate) async fn fill(&mut self, rows: &mut RowBuffer) -> Result<bool> {
        rows.clear();
        while !self.ended && rows.row_count() < BATCH_ROWS && rows.byte_count() < BATCH_BYTES {
            if let Err(error) = self.step(rows).await {
                self.ended = true;
                self.broken = Some(error);
            }
        }
        match self.broken.take_if(|_| rows.row_count() == 0) {
            Some(error) => Err(error),
            None => Ok(rows.row_count() > 0),
        }
    }

    async fn step(&mut self, rows: &mut RowBuffer) -> Result<()> {
        if let Some(chunk) = self.copy.next().await? {
            return self.decoder.feed(chunk, rows).map_err(malformed);
        }
        self.ended = true;
        self.decoder.finish().map_err(malformed)
    }
}

/// A COPY stream, read as decoded batches.
pub(crate) struct Batches {
    raw: RawRows,
    rows: RowBuffer,
    decoder: BatchDecoder,
    ready: VecDeque<RecordBatch>,
}

impl Batches {
    /// Starts a `COPY … TO STDOUT (FORMAT binary)` whose columns are those of the layout.
    pub(crate) async fn open(session: &Session, statement: &str, layout: &RowLayout) -> Result<Self> {
        let columns = layout.columns.len();
        Ok(Self {
            raw: RawRows::open(session, statement, columns).await?,
            rows: RowBuffer::new(columns),
            decoder: BatchDecoder::new(layout),
            ready: VecDeque::new(),
        })
    }

    /// Reads the next batch, of whatever size.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(batch) = self.ready.pop_front() {
            return Ok(Some(batch));
        }
        if !self.raw.fill(&mut self.rows).await? {
            return Ok(None);
        }
        self.decoder.decode(&self.rows).map(Some).map_err(undecodable)
    }

    /// Reads exactly so many rows.
    ///
    /// # Errors
    /// `Malformed` where the stream ends before.
    pub(crate) async fn take(&mut self, row_count: usize) -> Result<RecordBatch> {
        let mut parts: Vec<RecordBatch> = Vec::new();
        let mut missing = row_count;
        while missing > 0 {
            let Some(batch) = self.next().await? else {
                return Err(Error::new(ErrorKind::Malformed, "read rows")
                    .because(format!("the server sent {missing} rows fewer than it was asked for")));
            };
            let used = missing.min(batch.num_rows());
            if used < batch.num_rows() {
                self.ready.push_front(batch.slice(used, batch.num_rows() - used));
            }
            parts.push(batch.slice(0, used));
            missing -= used;
        }
        match parts.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(Error::new(ErrorKind::Malformed, "read rows").because("asked for no rows")),
            [first, ..] => concat_batches(&first.schema(), &parts)
                .map_err(|error| Error::new(ErrorKind::Malformed, "join batches of rows").because(error)),
        }
    }

    /// # Errors
    /// `Refused` unless the stream has ended, as it must when everything asked for was read: two rows have one key.
    pub(crate) async fn expect_end(&mut self) -> Result<()> {
        match self.next().await? {
            None => Ok(()),
            Some(_) => Err(Error::new(ErrorKind::Refused, "read rows by their key")
                .because(
                    "the comparison key is not unique on this side: there is more than one row under a key that was asked for",
                )
                .next("take the other row away, or configure another key for the table in failback.toml")
                .next("then make a new run with `failback export`, which says so of the whole table")),
        }
    }
}

pub(crate) fn malformed(error: WireError) -> Error {
    Error::new(ErrorKind::Malformed, "read the COPY stream").because(error)
}

pub(crate) fn undecodable(error: CodecError) -> Error {
    Error::new(ErrorKind::Malformed, "decode rows").because(error)
}
