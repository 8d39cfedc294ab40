//! Writing decoded batches into segments beside the connection that they come from.
//!
//! The socket is read on the runtime; decoding, encoding to Parquet, compressing and hashing happen on a thread of their own,
//! joined by a channel of two batches, so that all of them overlap and memory stays bounded.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::codec::{BatchDecoder, RowLayout};
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{Segment, SegmentOptions, SegmentWriter};
use crate::store::Store;
use crate::wire::RowBuffer;

use super::rows::undecodable;

/// How many batches may wait between the socket and the encoder.
const WAITING: usize = 2;

/// What is written, and where.
#[derive(Clone)]
pub(super) struct Target {
    /// The run.
    pub(super) store: Arc<Store>,
    /// The file, relative to the run.
    pub(super) path: String,
    /// Parquet settings and metadata.
    pub(super) options: SegmentOptions,
}

/// Encodes raw rows on a thread of its own.
pub(super) struct RawSink {
    full: Option<mpsc::Sender<RowBuffer>>,
    empty: mpsc::Receiver<RowBuffer>,
    writer: JoinHandle<Result<Option<Segment>>>,
}

impl RawSink {
    /// Starts the encoder. The file is made with its first batch; no rows, no file.
    pub(super) fn start(target: Target, layout: RowLayout) -> Self {
        let (full, mut to_encode) = mpsc::channel::<RowBuffer>(WAITING);
        let (used, empty) = mpsc::channel(WAITING + 1);
        for _ in 0..=WAITING {
            // Cannot fail: the channel holds that many.
            let _ = used.try_send(RowBuffer::new(layout.columns.len()));
        }
        let writer = spawn_blocking(move || {
            let mut decoder = BatchDecoder::new(&layout);
            let mut file = Lazy::new(target, layout.arrow_schema());
            while let Some(mut rows) = to_encode.blocking_recv() {
                file.write(&decoder.decode(&rows).map_err(undecodable)?)?;
                // Whoever fills it next may append.
                rows.clear();
                let _ = used.try_send(rows);
            }
            file.finish()
        });
        Self { full: Some(full), empty, writer }
    }

    /// Returns an empty buffer that may be filled; waits while the encoder is behind. `None` once the encoder has failed.
    pub(super) async fn buffer(&mut self) -> Option<RowBuffer> {
        self.empty.recv().await
    }

    /// Hands a filled buffer to the encoder. What it thinks of it is known at [`RawSink::finish`].
    pub(super) async fn send(&mut self, rows: RowBuffer) {
        if let Some(full) = &self.full {
            let _ = full.send(rows).await;
        }
    }

    /// Waits for the encoder; `None` if there were no rows.
    pub(super) async fn finish(mut self) -> Result<Option<Segment>> {
        self.full = None;
        joined(self.writer.await)
    }
}

/// Writes decoded batches into a file that is made with the first of them.
pub(super) struct Lazy {
    target: Target,
    schema: SchemaRef,
    writer: Option<SegmentWriter>,
}

impl Lazy {
    /// Promises a file.
    pub(super) const fn new(target: Target, schema: SchemaRef) -> Self {
        Self { target, schema, writer: None }
    }

    /// Writes a batch.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(SegmentWriter::create(
                &self.target.store,
                &self.target.path,
                self.schema.clone(),
                &self.target.options,
            )?),
        };
        writer.write(batch)
    }

    /// Closes the file; `None` if there were no rows.
    pub(super) fn finish(self) -> Result<Option<Segment>> {
        self.writer.map(SegmentWriter::finish).transpose()
    }
}

/// Unwraps a worker's result; a worker that panicked is an error like any other.
pub(super) fn joined<T>(result: std::result::Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    result.unwrap_or_else(|error| {
        Err(if error.is_cancelled() {
            Error::new(ErrorKind::Interrupted, "stop a worker").because(error)
        } else {
            Error::new(ErrorKind::Storage, "run a worker").because(error)
        })
    })
}
