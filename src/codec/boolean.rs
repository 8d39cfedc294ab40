//! `bool`: one byte, 0 or 1.

use arrow_array::BooleanArray;
use arrow_buffer::BooleanBufferBuilder;

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::Fault;

fn read(wire: &[u8]) -> Decoded<bool> {
    match wire {
        [0] => Decoded::Exact(false),
        [1] => Decoded::Exact(true),
        _ => Decoded::Malformed,
    }
}

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<BooleanArray, Fault> {
    let mut values = BooleanBufferBuilder::new(cells.row_count());
    let nulls = cells.each(read, |value| values.append(value.unwrap_or_default()))?;
    Ok(BooleanArray::new(values.finish(), nulls))
}

pub(super) fn write(value: bool, out: &mut Vec<u8>) {
    out.push(u8::from(value));
}

pub(super) fn text(wire: &[u8]) -> Option<String> {
    read(wire).exact().map(|value| value.to_string())
}
