//! `uuid`: 16 bytes.

use arrow_array::FixedSizeBinaryArray;

use super::bytes::hex;
use super::cells::Cells;
use super::decoded::Decoded;
use super::error::{CodecProblem, Fault};

const SIZE: usize = 16;

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<FixedSizeBinaryArray, Fault> {
    let rows = cells.row_count();
    let mut values: Vec<u8> = Vec::with_capacity(rows * SIZE);
    let read = |wire: &[u8]| Decoded::fixed(wire, |bytes: [u8; SIZE]| bytes);
    let nulls = cells.each(read, |value| values.extend_from_slice(&value.unwrap_or_default()))?;
    FixedSizeBinaryArray::try_new_with_len(16, values.into(), nulls, rows).map_err(|_| Fault::whole(CodecProblem::Layout))
}

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(value);
}

/// Lower-case, with hyphens.
pub(super) fn text(wire: &[u8]) -> Option<String> {
    let wire: &[u8; SIZE] = wire.try_into().ok()?;
    let mut text = String::with_capacity(36);
    for (index, byte) in wire.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        hex(&[*byte], &mut text);
    }
    Some(text)
}
