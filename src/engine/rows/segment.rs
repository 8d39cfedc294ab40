//! Writing rows into segments.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::codec::{BatchDecoder, RowLayout};
use crate::error::Result;
use crate::staging::{Segment, SegmentOptions, SegmentWriter};
use crate::store::Store;
use crate::wire::RowBuffer;

use super::stream::undecodable;

/// What is written, and where.
#[derive(Clone)]
pub(crate) struct Target {
    /// Where the file is made.
    pub(crate) store: Arc<dyn Store>,
    /// The file, relative to the run.
    pub(crate) path: String,
    /// Parquet settings and metadata.
    pub(crate) options: SegmentOptions,
}

/// Raw rows on their way into a file: decoded, encoded to Parquet, compressed and digested by whoever brings them.
pub(crate) struct RawSegment {
    decoder: BatchDecoder,
    file: LazySegment,
}

impl RawSegment {
    /// Promises a file; no rows, no file.
    pub(crate) fn new(target: Target, layout: &RowLayout) -> Self {
        Self { decoder: BatchDecoder::new(layout), file: LazySegment::new(target, layout.arrow_schema()) }
    }

    /// Writes rows, and returns them decoded.
    pub(crate) fn write(&mut self, rows: &RowBuffer) -> Result<RecordBatch> {
        let batch = self.decoder.decode(rows).map_err(undecodable)?;
        self.file.write(&batch)?;
        Ok(batch)
    }

    /// Closes the file; `None` if there were no rows.
    pub(crate) fn finish(self) -> Result<Option<Segment>> {
        self.file.finish()
    }
}

/// Writes decoded batches into a file that is made with the first of them.
pub(crate) struct LazySegment {
    target: Target,
    schema: SchemaRef,
    writer: Option<SegmentWriter>,
}

impl LazySegment {
    /// Promises a file.
    pub(crate) const fn new(target: Target, schema: SchemaRef) -> Self {
        Self { target, schema, writer: None }
    }

    /// Writes a batch.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(SegmentWriter::create(
                self.target.store.as_ref(),
                &self.target.path,
                self.schema.clone(),
                &self.target.options,
            )?),
        };
        writer.write(batch)
    }

    /// Closes the file; `None` if there were no rows.
    pub(crate) fn finish(self) -> Result<Option<Segment>> {
        self.writer.map(SegmentWriter::finish).transpose()
    }
}
