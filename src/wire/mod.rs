//! Binary COPY as bytes: framing in both directions (PostgreSQL documentation, COPY, "Binary Format").
//!
//! Comes in: a stream of `COPY … TO STDOUT (FORMAT binary)`, cut anywhere. Goes out: rows of raw fields, each one exactly the
//! bytes of the type's send function; and the same back.
//! Beside it the lines in which PostgreSQL's own plugin prints a server's log ([`Decoded`]).
//! Never: knows a type, talks to a server, trusts a length, panics on what a server sent.
//!
//! | bytes | meaning |
//! |---|---|
//! | 11 | signature `PGCOPY\n\xff\r\n\0` |
//! | 4 | flags; bits 16-31 are critical: unknown ones must stop the reader |
//! | 4 + n | length of the header extension, and the extension, which is skipped |
//! | 2 | for each row the number of fields; -1 ends the stream |
//! | 4 + n | for each field its length, -1 for NULL, and its bytes |
//!
//! ```
//! use failback::wire::{CopyDecoder, CopyEncoder, RowBuffer, WireError};
//!
//! let mut stream: Vec<u8> = Vec::new();
//! let mut encoder = CopyEncoder::new(&mut stream);
//! encoder.header();
//! encoder.begin_row(2)?;
//! encoder.field(Some(&7_i32.to_be_bytes()))?;
//! encoder.field(None)?;
//! encoder.trailer();
//!
//! let (mut decoder, mut rows) = (CopyDecoder::new(2), RowBuffer::new(2));
//! for chunk in stream.chunks(5) {
//!     decoder.feed(chunk, &mut rows)?;
//! }
//! decoder.finish()?;
//! assert_eq!((rows.field(0, 0), rows.field(0, 1)), (Some(&[0, 0, 0, 7][..]), None));
//! # Ok::<(), WireError>(())
//! ```

#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::as_conversions)]

mod decoded;
mod decoder;
mod encoder;
mod error;
mod fields;
mod rows;
mod tuple;

pub use decoded::{Decoded, DecodedRow, DecodedValue, NotDecoded, RowChange};
pub use decoder::CopyDecoder;
pub use encoder::CopyEncoder;
pub use error::{WireError, WireProblem};
pub(crate) use fields::{Fields, Span};
pub use rows::RowBuffer;

/// The 11 bytes that every binary COPY stream begins with. The high bit, both line ends and the NUL show streams that were
/// mangled on the way.
const SIGNATURE: [u8; 11] = *b"PGCOPY\n\xff\r\n\0";

/// The longest field that is believed: 1 GiB, which no server can exceed (`MaxAllocSize`).
const MAX_FIELD: i32 = 1 << 30;

#[cfg(test)]
mod tests;
