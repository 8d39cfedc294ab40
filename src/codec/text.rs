//! `text`, `varchar`, `bpchar`, `name`, `json`, enum labels and the text lane: UTF-8 as the server sends it, blanks and all.

use arrow::array::StringArray;

use super::cells::{Cells, Variable};
use super::error::{CodecProblem, Fault};
use super::reading::Reading;

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    let variable = cells.variable(Reading::Exact)?;
    finish(cells, variable)
}

/// Makes the array. UTF-8 is checked once for the whole column; only a column that fails is looked at value by value.
pub(super) fn finish(cells: &Cells<'_>, variable: Variable) -> Result<StringArray, Fault> {
    StringArray::try_new(variable.offsets, variable.values, variable.nulls).map_err(|_| {
        let broken = cells.wires().position(|wire| wire.is_some_and(|wire| std::str::from_utf8(wire).is_err()));
        Fault { row: broken, problem: CodecProblem::InvalidUtf8 }
    })
}

pub(super) fn write(value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(value.as_bytes());
}

pub(super) fn text(wire: &[u8]) -> Option<String> {
    std::str::from_utf8(wire).ok().map(str::to_owned)
}
