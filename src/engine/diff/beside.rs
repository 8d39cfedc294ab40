//! A file that was staged beside a segment: one row for each of its keys, in their order.

use arrow_array::RecordBatch;

use crate::engine::rows::KEYS_PER_STATEMENT;
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{Segment, SegmentReader, SegmentRows};
use crate::store::Store;

/// A file beside a segment.
pub(super) struct Beside(SegmentRows);

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
        let reader = SegmentReader::open(store, beside, KEYS_PER_STATEMENT)?;
        Ok(Some(Self(SegmentRows::of(reader, "read what is staged beside rows"))))
    }

    /// Reads the rows for the next keys.
    pub(super) fn take(&mut self, keys: usize) -> Result<RecordBatch> {
        self.0.take(keys)
    }
}
