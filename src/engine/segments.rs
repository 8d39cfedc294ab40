//! Writing rows into segments.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::codec::{BatchDecoder, RowLayout};
use crate::error::Result;
use crate::staging::{Segment, SegmentOptions, SegmentWriter};
use crate::store::Store;
use crate::wire::RowBuffer;

use super::rows::undecodable;

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

/// Raw rows on their way into a file: decoded, encoded to Parquet, compressed and digested by whoever brings them.
pub(super) struct RawFile {
    decoder: BatchDecoder,
    file: Lazy,
}

impl RawFile {
    /// Promises a file; no rows, no file.
    pub(super) fn new(target: Target, layout: &RowLayout) -> Self {
        Self { decoder: BatchDecoder::new(layout), file: Lazy::new(target, layout.arrow_schema()) }
    }

    /// Writes rows.
    pub(super) fn write(&mut self, rows: &RowBuffer) -> Result<()> {
        self.file.write(&self.decoder.decode(rows).map_err(undecodable)?)
    }

    /// Closes the file; `None` if there were no rows.
    pub(super) fn finish(self) -> Result<Option<Segment>> {
        self.file.finish()
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
