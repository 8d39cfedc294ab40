//! Any bytes, in any pieces, as a COPY stream: rows or an error with its offset, the same whatever the pieces.
//!
//! The first byte is the number of columns, the second the size of the pieces.
#![no_main]

use failback::wire::{CopyDecoder, RowBuffer, WireError};
use libfuzzer_sys::fuzz_target;

fn decode(columns: usize, bytes: &[u8], piece: usize) -> (RowBuffer, Result<(), WireError>) {
    let (mut decoder, mut rows) = (CopyDecoder::new(columns), RowBuffer::new(columns));
    for chunk in bytes.chunks(piece) {
        if let Err(error) = decoder.feed(chunk, &mut rows) {
            return (rows, Err(error));
        }
    }
    let end = decoder.finish();
    (rows, end)
}

fuzz_target!(|data: &[u8]| {
    let [columns, piece, bytes @ ..] = data else { return };
    let columns = usize::from(*columns) % 40;
    let (whole, end) = decode(columns, bytes, bytes.len().max(1));
    let (pieces, end_of_pieces) = decode(columns, bytes, usize::from(*piece) + 1);
    assert_eq!(end, end_of_pieces);
    if let Err(error) = end {
        assert!(error.offset() <= bytes.len() as u64);
    }
    assert_eq!(whole.row_count(), pieces.row_count());
    assert!(whole.byte_count() <= bytes.len());
    for row in 0..whole.row_count() {
        assert_eq!(whole.row_bytes(row), pieces.row_bytes(row));
    }
});
