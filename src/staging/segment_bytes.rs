//! A file of the run as Parquet's reader wants it.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use crate::store::FileReader;

/// The bytes of a segment. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct SegmentBytes(Arc<dyn FileReader>);

impl SegmentBytes {
    /// Reads from an open file.
    pub(super) fn of(file: Box<dyn FileReader>) -> Self {
        Self(file.into())
    }

    fn from(&self, offset: u64) -> Forward {
        Forward { file: Arc::clone(&self.0), offset }
    }
}

impl Length for SegmentBytes {
    fn len(&self) -> u64 {
        self.0.bytes()
    }
}

impl ChunkReader for SegmentBytes {
    type T = BufReader<Forward>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(self.from(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        // A footer may name any length, so nothing is set aside for bytes that are not there.
        let end = u64::try_from(length).ok().and_then(|length| start.checked_add(length));
        if end.is_none_or(|end| end > self.len()) {
            return Err(ParquetError::EOF(format!("{length} bytes from {start} on are asked for, of {}", self.len())));
        }
        let mut buffer = vec![0; length];
        self.from(start).read_exact(&mut buffer)?;
        Ok(buffer.into())
    }
}

/// Reads on from a place.
pub(super) struct Forward {
    file: Arc<dyn FileReader>,
    offset: u64,
}

impl Read for Forward {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}
