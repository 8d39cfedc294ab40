//! `interval`: months, days and microseconds, which do not convert into each other.
//!
//! | bytes | meaning (`interval_send`, utils/adt/timestamp.c, PostgreSQL 17) |
//! |---|---|
//! | 8 | microseconds, signed |
//! | 4 | days, signed |
//! | 4 | months, signed |
//!
//! Infinity (PostgreSQL 17) is all three at the end of their range, -infinity all three at the beginning. Arrow has a type of
//! its own for this, which Parquet's writer refuses; so it is a struct of three numbers.

use std::fmt::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, Int32Array, Int64Array, StructArray};
use arrow_schema::{DataType, Field, Fields};

use super::calendar;
use super::cells::Cells;
use super::decoded::Decoded;
use super::error::{CodecProblem, Fault};

#[derive(Clone, Copy, Default)]
struct Parts {
    months: i32,
    days: i32,
    microseconds: i64,
}

pub(super) fn fields() -> Fields {
    let field = |name: &str, data_type| Field::new(name, data_type, false);
    Fields::from(vec![field("months", DataType::Int32), field("days", DataType::Int32), field("microseconds", DataType::Int64)])
}

fn read(wire: &[u8]) -> Decoded<Parts> {
    Decoded::fixed(wire, |[a, b, c, d, e, f, g, h, days @ .., i, j, k, l]: [u8; 16]| Parts {
        months: i32::from_be_bytes([i, j, k, l]),
        days: i32::from_be_bytes(days),
        microseconds: i64::from_be_bytes([a, b, c, d, e, f, g, h]),
    })
}

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<StructArray, Fault> {
    let rows = cells.row_count();
    let (mut months, mut days, mut microseconds) =
        (Vec::with_capacity(rows), Vec::with_capacity(rows), Vec::with_capacity(rows));
    let nulls = cells.each(read, |parts| {
        let parts = parts.unwrap_or_default();
        months.push(parts.months);
        days.push(parts.days);
        microseconds.push(parts.microseconds);
    })?;
    let columns: Vec<Arc<dyn Array>> =
        vec![Arc::new(Int32Array::from(months)), Arc::new(Int32Array::from(days)), Arc::new(Int64Array::from(microseconds))];
    StructArray::try_new(fields(), columns, nulls).map_err(|_| Fault::whole(CodecProblem::Layout))
}

/// An interval column, opened for reading.
pub(super) struct Intervals<'a> {
    months: &'a Int32Array,
    days: &'a Int32Array,
    microseconds: &'a Int64Array,
}

impl<'a> Intervals<'a> {
    pub(super) fn open(array: &'a dyn Array) -> Option<Self> {
        let [months, days, microseconds] = array.as_struct_opt()?.columns() else { return None };
        Some(Self {
            months: months.as_primitive_opt::<Int32Type>()?,
            days: days.as_primitive_opt::<Int32Type>()?,
            microseconds: microseconds.as_primitive_opt::<Int64Type>()?,
        })
    }

    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.microseconds.value(row).to_be_bytes());
        out.extend_from_slice(&self.days.value(row).to_be_bytes());
        out.extend_from_slice(&self.months.value(row).to_be_bytes());
    }
}

/// The server's own output in the style `postgres` (`EncodeInterval`, utils/adt/datetime.c).
pub(super) fn text(wire: &[u8]) -> Option<String> {
    let parts = read(wire).exact()?;
    match (parts.months, parts.days, parts.microseconds) {
        (i32::MAX, i32::MAX, i64::MAX) => return Some("infinity".to_owned()),
        (i32::MIN, i32::MIN, i64::MIN) => return Some("-infinity".to_owned()),
        _ => {}
    }
    let mut text = String::new();
    let mut before = false;
    for (value, unit) in [(parts.months / 12, "year"), (parts.months % 12, "mon"), (parts.days, "day")] {
        if value != 0 {
            let space = if text.is_empty() { "" } else { " " };
            // A part without a sign behind a negative one must say that it is positive.
            let plus = if before && value > 0 { "+" } else { "" };
            let plural = if value == 1 { "" } else { "s" };
            // Writing to a String cannot fail.
            let _ = write!(text, "{space}{plus}{value} {unit}{plural}");
            before = value < 0;
        }
    }
    if text.is_empty() || parts.microseconds != 0 {
        let space = if text.is_empty() { "" } else { " " };
        let sign = match parts.microseconds {
            ..0 => "-",
            _ if before => "+",
            _ => "",
        };
        let _ = write!(text, "{space}{sign}{}", calendar::clock(parts.microseconds.unsigned_abs()));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(months: i32, days: i32, microseconds: i64) -> Vec<u8> {
        [&microseconds.to_be_bytes()[..], &days.to_be_bytes(), &months.to_be_bytes()].concat()
    }

    /// `select interval_send('1 year 2 mons 3 days 04:05:06.789')`, PostgreSQL 15.
    #[test]
    fn the_server_sends_the_clock_first() {
        let sent = [0, 0, 0, 0x03, 0x6c, 0x97, 0xca, 0x88, 0, 0, 0, 3, 0, 0, 0, 14];
        assert_eq!(sent.to_vec(), wire(14, 3, 14_706_789_000));
        assert_eq!(text(&sent).as_deref(), Some("1 year 2 mons 3 days 04:05:06.789"));
    }

    #[test]
    fn texts_are_the_servers() {
        let shown = |months, days, microseconds| text(&wire(months, days, microseconds)).unwrap_or_default();
        assert_eq!(shown(0, 0, 0), "00:00:00");
        assert_eq!(shown(-1, 3, 0), "-1 mons +3 days");
        assert_eq!(shown(-1, 0, 3_600_000_000), "-1 mons +01:00:00");
        assert_eq!(shown(0, 1, -1), "1 day -00:00:00.000001");
        assert_eq!(shown(0, -1, 3_600_000_000), "-1 days +01:00:00");
        assert_eq!(shown(-13, 0, 0), "-1 years -1 mons");
        assert_eq!(shown(0, 0, i64::MIN), "-2562047788:00:54.775808");
        assert_eq!(shown(i32::MAX, i32::MAX, i64::MAX), "infinity");
        assert_eq!(shown(i32::MIN, i32::MIN, i64::MIN), "-infinity");
        assert_eq!(text(&[0; 15]), None);
    }
}
