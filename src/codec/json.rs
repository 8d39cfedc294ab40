//! `jsonb`: a version byte, 1 since there is jsonb, and the text. `json` is text without anything (see `text`).

use arrow_array::StringArray;

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::Fault;
use super::text;

const VERSION: u8 = 1;

fn read(wire: &[u8]) -> Decoded<&[u8]> {
    match wire {
        [VERSION, text @ ..] => Decoded::Exact(text),
        [_, ..] => Decoded::Companion,
        [] => Decoded::Malformed,
    }
}

pub(super) fn decode_jsonb(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    text::readable(cells, read)
}

pub(super) fn write_jsonb(value: &str, out: &mut Vec<u8>) {
    out.push(VERSION);
    out.extend_from_slice(value.as_bytes());
}

/// None for versions that this program does not know: their text would be a guess.
pub(super) fn text_jsonb(wire: &[u8]) -> Option<String> {
    read(wire).exact().and_then(text::text)
}
