//! A file that was staged beside a segment: one row for each of its keys, in their order.

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use crate::engine::rows::KEYS_PER_STATEMENT;
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{Segment, SegmentReader};
use crate::store::Store;

/// A file beside a segment.
pub(super) struct Beside {
    reader: SegmentReader,
    /// What was read and not asked for yet.
    rest: Option<RecordBatch>,
}

impl Beside {
    /// Opens a file beside a segment, if there is one.
    ///
    /// # Errors
    /// `Damaged` where it has not a row for each key.
    pub(super) fn open(store: &dyn Store, segment: &Segment, beside: Option<&Segment>) -> Result<Option<Self>> {
        let Some(beside) = beside else { return Ok(None) };
        if beside.rows != segment.rows {
            return Err(Error::new(ErrorKind::Damaged, "read the manifest")
                .at(&beside.file.path)
                .because(format!("it has {} rows for {} keys", beside.rows, segment.rows)));
        }
        Ok(Some(Self { reader: SegmentReader::open(store, beside, KEYS_PER_STATEMENT)?, rest: None }))
    }

    /// Reads the rows for the next keys.
    pub(super) fn take(&mut self, keys: usize) -> Result<RecordBatch> {
        let (mut parts, mut missing): (Vec<RecordBatch>, _) = (Vec::new(), keys);
        while missing > 0 {
            let batch = match self.rest.take() {
                Some(batch) => batch,
                None => self.reader.next().ok_or_else(|| damaged("it ends before its keys do"))??,
            };
            let used = missing.min(batch.num_rows());
            parts.push(batch.slice(0, used));
            self.rest = (used < batch.num_rows()).then(|| batch.slice(used, batch.num_rows() - used));
            missing -= used;
        }
        let schema = parts.first().ok_or_else(|| damaged("it holds no rows"))?.schema();
        concat_batches(&schema, &parts).map_err(|error| damaged(&error.to_string()))
    }
}

fn damaged(cause: &str) -> Error {
    Error::new(ErrorKind::Damaged, "read what is staged beside rows").because(cause.to_owned())
}
