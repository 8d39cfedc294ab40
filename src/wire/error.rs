//! What is wrong with a COPY stream, and where.

use std::error::Error;
use std::fmt;

/// A stream that does not follow the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError {
    offset: u64,
    problem: WireProblem,
}

/// What is wrong with the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireProblem {
    /// The stream does not begin with the signature.
    Signature,
    /// The header has critical flags that this reader does not know.
    CriticalFlags(u32),
    /// The header extension claims a negative length.
    ExtensionLength(i32),
    /// A row has another number of fields than the query has columns.
    FieldCount {
        /// How many the query has.
        expected: usize,
        /// How many the row claims.
        found: i16,
    },
    /// A field's length is below -1 or above 1 GiB.
    FieldLength(i32),
    /// There are bytes behind the trailer.
    AfterTrailer,
    /// The stream ended before the trailer.
    Truncated,
    /// The rows do not fit into one [`super::RowBuffer`] (4 GiB); the caller did not empty it in time.
    BufferFull,
    /// The row buffer was made for another number of columns than the decoder.
    ColumnCount {
        /// The decoder's.
        decoder: usize,
        /// The row buffer's.
        buffer: usize,
    },
}

impl WireError {
    pub(super) const fn new(offset: u64, problem: WireProblem) -> Self {
        Self { offset, problem }
    }

    /// Returns the position in the stream, in bytes from its start.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns what is wrong.
    #[must_use]
    pub const fn problem(&self) -> WireProblem {
        self.problem
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} of the COPY stream", self.problem, self.offset)
    }
}

impl fmt::Display for WireProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => f.write_str("no binary COPY signature"),
            Self::CriticalFlags(flags) => write!(f, "unknown critical flags {flags:#010x}"),
            Self::ExtensionLength(length) => write!(f, "header extension of length {length}"),
            Self::FieldCount { expected, found } => write!(f, "row of {found} fields instead of {expected}"),
            Self::FieldLength(length) => write!(f, "field of length {length}"),
            Self::AfterTrailer => f.write_str("bytes behind the trailer"),
            Self::Truncated => f.write_str("end of data without a trailer"),
            Self::BufferFull => f.write_str("more than 4 GiB of rows in one buffer"),
            Self::ColumnCount { decoder, buffer } => {
                write!(f, "a buffer of {buffer} columns for a decoder of {decoder}")
            }
        }
    }
}

impl Error for WireError {}
