//! `text`, `varchar`, `bpchar`, `name`, `json`, enum labels and the text lane: UTF-8 as the server sends it, blanks and all. A
//! database in `SQL_ASCII` holds any bytes; what of them is not UTF-8 goes to the companion column.

use arrow_array::StringArray;

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::{CodecProblem, Fault};

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    readable(cells, Decoded::Exact)
}

/// Makes the array of what `read` keeps of each value. UTF-8 is checked once for the whole column; only a column that fails is
/// looked at value by value.
pub(super) fn readable<'a>(cells: &mut Cells<'a>, read: impl Fn(&'a [u8]) -> Decoded<&'a [u8]>) -> Result<StringArray, Fault> {
    let variable = cells.variable(&read)?;
    if let Ok(array) = StringArray::try_new(variable.offsets, variable.values, variable.nulls) {
        return Ok(array);
    }
    let variable = cells.variable(|wire| read(wire).then(in_utf8))?;
    StringArray::try_new(variable.offsets, variable.values, variable.nulls).map_err(|_| Fault::whole(CodecProblem::InvalidUtf8))
}

fn in_utf8(text: &[u8]) -> Decoded<&[u8]> {
    if std::str::from_utf8(text).is_ok() { Decoded::Exact(text) } else { Decoded::Companion }
}

pub(super) fn write(value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(value.as_bytes());
}

pub(super) fn text(wire: &[u8]) -> Option<String> {
    std::str::from_utf8(wire).ok().map(str::to_owned)
}
