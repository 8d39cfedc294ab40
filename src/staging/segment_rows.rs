//! A segment's rows so many at a time, as somebody who reads beside them asks for them, whatever its batches are.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use super::segment_reader::SegmentReader;
use crate::error::{Error, ErrorKind, Result};

/// A segment's rows so many at a time. Memory: what is asked for, and one batch.
pub struct SegmentRows {
    reader: SegmentReader,
    /// What was read and not asked for yet.
    rest: Option<RecordBatch>,
    /// What it is read for, for errors.
    what: &'static str,
}

impl SegmentRows {
    /// Reads on from where a reader is; `what` is verb and object, for errors.
    #[must_use]
    pub const fn of(reader: SegmentReader, what: &'static str) -> Self {
        Self { reader, rest: None, what }
    }

    /// Reads the next rows.
    ///
    /// # Errors
    /// `Damaged` where there are fewer, or none was asked for, or the file is not what was written.
    pub fn take(&mut self, rows: usize) -> Result<RecordBatch> {
        let (mut parts, mut missing): (Vec<RecordBatch>, _) = (Vec::new(), rows);
        while missing > 0 {
            let batch = match self.rest.take() {
                Some(batch) => batch,
                None => {
                    self.reader.next().ok_or_else(|| self.damaged("it ends before the rows do that it is read beside"))??
                }
            };
            let used = missing.min(batch.num_rows());
            parts.push(batch.slice(0, used));
            self.rest = (used < batch.num_rows()).then(|| batch.slice(used, batch.num_rows() - used));
            missing -= used;
        }
        let schema = parts.first().ok_or_else(|| self.damaged("it holds no rows"))?.schema();
        concat_batches(&schema, &parts).map_err(|error| self.damaged(&error.to_string()))
    }

    fn damaged(&self, cause: &str) -> Error {
        Error::new(ErrorKind::Damaged, self.what).because(cause.to_owned())
    }
}
