//! `bytea`: the bytes themselves.

use std::fmt::Write;

use arrow_array::BinaryArray;

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::{CodecProblem, Fault};

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<BinaryArray, Fault> {
    let variable = cells.variable(Decoded::Exact)?;
    BinaryArray::try_new(variable.offsets, variable.values, variable.nulls).map_err(|_| Fault::whole(CodecProblem::Layout))
}

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(value);
}

/// `\x` and hexadecimal digits, `bytea`'s default output.
pub(super) fn text(wire: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * wire.len());
    text.push_str("\\x");
    hex(wire, &mut text);
    text
}

pub(super) fn hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
}
