//! Writes a binary COPY stream.

use bytes::BufMut;

use super::{MAX_FIELD, SIGNATURE, WireError, WireProblem};

/// Appends the parts of a binary COPY stream to a `Vec<u8>` or `BytesMut`. Keeps no order: the caller writes the header once,
/// each row's count before its fields, and the trailer last.
#[derive(Debug)]
pub struct CopyEncoder<'a, B> {
    out: &'a mut B,
    written: u64,
}

impl<'a, B: BufMut> CopyEncoder<'a, B> {
    /// Makes an encoder that appends to `out`.
    pub fn new(out: &'a mut B) -> Self {
        Self { out, written: 0 }
    }

    /// Writes signature, no flags, no extension.
    pub fn header(&mut self) {
        self.put(&SIGNATURE);
        self.put(&[0; 8]);
    }

    /// Writes the number of fields that a row begins with.
    ///
    /// # Errors
    /// If there are more than 32767, which no table has.
    pub fn begin_row(&mut self, fields: usize) -> Result<(), WireError> {
        let problem = WireProblem::FieldCount { expected: fields, found: i16::MAX };
        let count = i16::try_from(fields).map_err(|_| WireError::new(self.written, problem))?;
        self.put(&count.to_be_bytes());
        Ok(())
    }

    /// Writes one field; none is NULL.
    ///
    /// # Errors
    /// If the field is longer than 1 GiB, which no server takes.
    pub fn field(&mut self, value: Option<&[u8]>) -> Result<(), WireError> {
        let Some(value) = value else {
            self.put(&(-1_i32).to_be_bytes());
            return Ok(());
        };
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        if length > MAX_FIELD {
            return Err(WireError::new(self.written, WireProblem::FieldLength(length)));
        }
        self.put(&length.to_be_bytes());
        self.put(value);
        Ok(())
    }

    /// Writes the trailer.
    pub fn trailer(&mut self) {
        self.put(&(-1_i16).to_be_bytes());
    }

    fn put(&mut self, bytes: &[u8]) {
        self.out.put_slice(bytes);
        self.written += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    }
}
