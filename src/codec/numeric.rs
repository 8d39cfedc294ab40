//! `numeric(p,s)`: groups of four decimal digits on the wire, one 128-bit number in Arrow.
//!
//! | bytes | meaning (`numeric_send`, utils/adt/numeric.c) |
//! |---|---|
//! | 2 | number of groups |
//! | 2 | weight: the first group counts 10000^weight; signed |
//! | 2 | sign: 0000 plus, 4000 minus, C000 NaN, D000 infinity, F000 -infinity |
//! | 2 | display scale: digits shown behind the point |
//! | 2 each | groups, 0 to 9999 |
//!
//! Only what this file writes back to the same bytes becomes a decimal: display scale `s`, no group of zeros at either end,
//! zero as no groups with weight 0. Anything else goes to the companion column.

use arrow_array::Decimal128Array;
use arrow_array::types::Decimal128Type;

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::{CodecProblem, Fault};

pub(super) const NEGATIVE: u16 = 0x4000;

/// Groups of a 128-bit number, three digits of alignment included.
const MAX_GROUPS: usize = 11;

/// The powers of ten that 128 bits hold.
const POWERS: [u128; 39] = {
    let mut powers = [1; 39];
    let mut index = 1;
    while index < powers.len() {
        #[expect(clippy::indexing_slicing, reason = "const, checked by the compiler")]
        {
            powers[index] = powers[index - 1] * 10;
        }
        index += 1;
    }
    powers
};

/// A numeric as it lies on the wire.
pub(super) struct Wire<'a> {
    pub(super) weight: i16,
    pub(super) sign: u16,
    pub(super) scale: u16,
    pub(super) groups: &'a [[u8; 2]],
}

impl<'a> Wire<'a> {
    #[inline]
    pub(super) fn split(wire: &'a [u8]) -> Option<Self> {
        let (head, groups) = wire.split_first_chunk::<8>()?;
        let [c0, c1, w0, w1, s0, s1, d0, d1] = *head;
        let (groups, rest) = groups.as_chunks::<2>();
        let counted = usize::from(u16::from_be_bytes([c0, c1])) == groups.len() && rest.is_empty();
        counted.then_some(Self {
            weight: i16::from_be_bytes([w0, w1]),
            sign: u16::from_be_bytes([s0, s1]),
            scale: u16::from_be_bytes([d0, d1]),
            groups,
        })
    }

    /// Returns the number in units of 10^-scale if its bytes are those that [`write`] makes of it.
    #[inline]
    fn decimal(&self, precision: u8, scale: u8) -> Option<i128> {
        let plain = matches!(self.sign, 0 | NEGATIVE) && self.scale == u16::from(scale);
        let Some((last, head)) = self.groups.split_last() else {
            return (plain && self.sign == 0 && self.weight == 0).then_some(0);
        };
        let last = u16::from_be_bytes(*last);
        let first = head.first().map_or(last, |first| u16::from_be_bytes(*first));
        if !plain || first == 0 || last == 0 || last > 9999 || head.len() >= MAX_GROUPS {
            return None;
        }
        // The last group counts 10^exponent units; below -3 it lies wholly behind the scale.
        let exponent = 4 * (i32::from(self.weight) - i32::try_from(head.len()).ok()?) + i32::from(scale);
        let magnitude = if let Ok(exponent) = usize::try_from(exponent) {
            let power = POWERS.get(exponent)?;
            gather(head)?.checked_mul(10_000)?.checked_add(u128::from(last))?.checked_mul(*power)?
        } else {
            let divisor = [10, 100, 1000].get(usize::try_from(-exponent - 1).ok()?)?;
            let units = u128::from(last / divisor);
            (last % divisor == 0).then_some(())?;
            gather(head)?.checked_mul(10_000 / u128::from(*divisor))?.checked_add(units)?
        };
        let magnitude = (magnitude < *POWERS.get(usize::from(precision))?).then_some(magnitude)?;
        let value = i128::try_from(magnitude).ok()?;
        Some(if self.sign == NEGATIVE { -value } else { value })
    }
}

/// Joins groups into one number; none if a group is above 9999.
#[inline]
fn gather(groups: &[[u8; 2]]) -> Option<u128> {
    let (low, high) = groups.split_at_checked(4).unwrap_or((groups, &[]));
    let mut number = 0_u64;
    for group in low {
        let group = u16::from_be_bytes(*group);
        number = number * 10_000 + (group <= 9999).then_some(u64::from(group))?;
    }
    let mut number = u128::from(number);
    for group in high {
        let group = u16::from_be_bytes(*group);
        number = number.checked_mul(10_000)?.checked_add((group <= 9999).then_some(u128::from(group))?)?;
    }
    Some(number)
}

pub(super) fn decode(cells: &mut Cells<'_>, precision: u8, scale: i8) -> Result<Decimal128Array, Fault> {
    let invalid = Fault::whole(CodecProblem::Layout);
    let digits = u8::try_from(scale).map_err(|_| invalid)?;
    let array = cells.primitive::<Decimal128Type>(|wire| match Wire::split(wire) {
        Some(wire) => wire.decimal(precision, digits).map_or(Decoded::Companion, Decoded::Exact),
        None => Decoded::Malformed,
    })?;
    array.with_precision_and_scale(precision, scale).map_err(|_| invalid)
}

/// Writes a number of `value` units of 10^-scale as the server does.
pub(super) fn write(value: i128, scale: u8, out: &mut Vec<u8>) {
    let mut groups = [0_u16; MAX_GROUPS + 1];
    let mut used = 0;
    let mut zeros = 0;
    // The lowest group is filled with zeros from the right until the point lies between two groups.
    let behind = scale.div_ceil(4);
    let fill = u32::from(behind * 4 - scale);
    let mut rest = value.unsigned_abs();
    let mut width = 10_u16.pow(4 - fill);
    let mut factor = 10_u16.pow(fill);
    while rest != 0 {
        let (quotient, group) = divide(rest, width);
        if used == 0 && group == 0 {
            zeros += 1;
        } else if let Some(slot) = groups.get_mut(used) {
            *slot = group * factor;
            used += 1;
        }
        rest = quotient;
        (width, factor) = (10_000, 1);
    }
    let count = u16::try_from(used).unwrap_or(u16::MAX);
    let weight = if used == 0 { 0 } else { i16::try_from(used).unwrap_or(i16::MAX) + zeros - i16::from(behind) - 1 };
    let sign = if value < 0 { NEGATIVE } else { 0 };
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&u16::from(scale).to_be_bytes());
    for group in groups.get(..used).unwrap_or_default().iter().rev() {
        out.extend_from_slice(&group.to_be_bytes());
    }
}

/// Divides, in 64 bits where they suffice: 128-bit division is many times slower.
#[inline]
fn divide(number: u128, by: u16) -> (u128, u16) {
    let (quotient, rest) = if let Ok(small) = u64::try_from(number) {
        (u128::from(small / u64::from(by)), u128::from(small % u64::from(by)))
    } else {
        (number / u128::from(by), number % u128::from(by))
    };
    (quotient, u16::try_from(rest).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::numeric_text::tests::wire;
    use super::super::numeric_text::text;
    use super::*;

    fn decimal(bytes: &[u8], precision: u8, scale: u8) -> Option<i128> {
        Wire::split(bytes)?.decimal(precision, scale)
    }

    #[test]
    fn values_of_the_server_are_exact() {
        let cases = [
            (wire(0, 0, 2, &[12, 5000]), 12, 2, 1250, "12.50"),
            (wire(0, NEGATIVE, 2, &[12, 5000]), 12, 2, -1250, "-12.50"),
            (wire(0, 0, 2, &[]), 12, 2, 0, "0.00"),
            (wire(-1, 0, 2, &[100]), 12, 2, 1, "0.01"),
            (wire(-2, 0, 8, &[1000]), 20, 8, 1000, "0.00001000"),
            (wire(2, 0, 0, &[1]), 12, 0, 100_000_000, "100000000"),
            (wire(1, 0, 3, &[1, 0, 10]), 12, 3, 10_000_001, "10000.001"),
        ];
        for (bytes, precision, scale, value, shown) in cases {
            assert_eq!(decimal(&bytes, precision, scale), Some(value), "{shown}");
            assert_eq!(text(&bytes).as_deref(), Some(shown));
            let mut out = Vec::new();
            write(value, scale, &mut out);
            assert_eq!(out, bytes, "{shown}");
        }
    }

    #[test]
    fn what_would_not_come_back_is_not_taken() {
        for bytes in [
            wire(0, 0xc000, 0, &[]),
            wire(0, NEGATIVE, 2, &[]),
            wire(1, 0, 2, &[]),
            wire(0, 0, 3, &[12, 5000]),
            wire(1, 0, 2, &[0, 12]),
            wire(0, 0, 2, &[12, 0]),
            wire(0, 0, 2, &[12, 5050, 1]),
            wire(0, 0, 2, &[12, 5001]),
            wire(0, 0, 2, &[10_000]),
            wire(0, 0, 2, &[10_000, 5000]),
            wire(3, 0, 2, &[1]),
            wire(i16::MAX, 0, 2, &[1]),
            wire(i16::MIN, 0, 2, &[1]),
            wire(20, 0, 2, &[9999; 30]),
        ] {
            assert_eq!(decimal(&bytes, 12, 2), None, "{bytes:?}");
        }
        assert_eq!(text(&wire(0, 0xc000, 0, &[])).as_deref(), Some("NaN"));
        assert_eq!(text(&wire(0, 0, 1, &[12, 5000])).as_deref(), Some("12.5"));
        assert!(Wire::split(&[0, 1, 0, 0, 0, 0, 0, 0]).is_none(), "a group is missing");
    }

    #[test]
    fn the_ends_of_the_range_come_back() {
        for scale in 0..=38 {
            for value in [10_i128.pow(38) - 1, 1 - 10_i128.pow(38), 1, 10_i128.pow(37), i128::from(u64::MAX)] {
                let mut out = Vec::new();
                write(value, scale, &mut out);
                assert_eq!(decimal(&out, 38, scale), Some(value), "scale {scale}");
            }
        }
    }
}
