//! `bool`: one byte, 0 or 1.

use arrow::array::{BooleanArray, BooleanBufferBuilder};

use super::cells::Cells;
use super::error::Fault;
use super::reading::Reading;

fn read(wire: &[u8]) -> Reading<bool> {
    match wire {
        [0] => Reading::Exact(false),
        [1] => Reading::Exact(true),
        _ => Reading::Malformed,
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
