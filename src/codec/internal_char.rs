//! `"char"`: one byte, whatever the encoding.
//!
//! ASCII is itself, the byte 0 the empty text, as servers print it. Bytes above 0x7f are no text: before PostgreSQL 16 servers
//! print them as they are, which is not UTF-8, since then as `\ooo`; here they go to the companion column.

use arrow_array::StringArray;

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::Fault;

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    cells.formatted(|wire, out| match wire {
        [0] => Decoded::Exact(()),
        [byte @ 1..=0x7f] => {
            out.push(*byte);
            Decoded::Exact(())
        }
        [_] => Decoded::Companion,
        _ => Decoded::Malformed,
    })
}

/// Writes a letter; false if it is not a single one of ASCII.
pub(super) fn write(value: &str, out: &mut Vec<u8>) -> bool {
    let byte = match value.as_bytes() {
        [] => 0,
        [byte @ 1..=0x7f] => *byte,
        _ => return false,
    };
    out.push(byte);
    true
}

/// What PostgreSQL 16 prints (`charout`, utils/adt/char.c).
pub(super) fn text(wire: &[u8]) -> Option<String> {
    Some(match wire {
        [0] => String::new(),
        [byte @ 1..=0x7f] => char::from(*byte).to_string(),
        [byte] => format!("\\{byte:03o}"),
        _ => return None,
    })
}
