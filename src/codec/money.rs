//! `money`: an int64 that counts the smallest unit of the server's currency.
//!
//! How many of these make one unit of the currency is not in the value but in the server's `lc_monetary`: 100 in most, also in
//! C and POSIX, 1 for the yen, 1000 for the dinar. The text output depends on it, the wire does not; so the wire is what is
//! kept, and shown with the two digits that PostgreSQL itself assumes where the locale says nothing (`cash_out`,
//! utils/adt/cash.c).

use arrow_array::Decimal128Array;
use arrow_array::types::Decimal128Type;

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::{CodecProblem, Fault};

/// Digits of the largest number of 64 bits.
pub(super) const PRECISION: u8 = 19;
/// Digits shown behind the point.
pub(super) const SCALE: i8 = 2;

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<Decimal128Array, Fault> {
    let array =
        cells.primitive::<Decimal128Type>(|wire| Decoded::fixed(wire, |bytes| i128::from(i64::from_be_bytes(bytes))))?;
    array.with_precision_and_scale(PRECISION, SCALE).map_err(|_| Fault::whole(CodecProblem::Layout))
}

/// Writes an amount; false if it is more than 64 bits hold.
pub(super) fn write(value: i128, out: &mut Vec<u8>) -> bool {
    i64::try_from(value).map(|value| out.extend_from_slice(&value.to_be_bytes())).is_ok()
}

/// The number as the file shows it. As input it means the same amount wherever `lc_monetary` counts in hundredths.
pub(super) fn text(wire: &[u8]) -> Option<String> {
    let value = i64::from_be_bytes(wire.try_into().ok()?);
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    Some(format!("{sign}{}.{:02}", size / 100, size % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_in_hundredths() {
        let shown = |value: i64| text(&value.to_be_bytes()).unwrap_or_default();
        assert_eq!(shown(1234), "12.34");
        assert_eq!(shown(-5), "-0.05");
        assert_eq!(shown(i64::MIN), "-92233720368547758.08");
        assert!(!write(i128::from(i64::MAX) + 1, &mut Vec::new()));
    }
}
