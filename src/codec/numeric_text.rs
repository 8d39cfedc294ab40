//! `numeric` without a modifier, or with one that 128 bits cannot hold: the digits as the server prints them, display scale and
//! all. The wire form is in `numeric`.
//!
//! Text and wire stand for each other one to one: a number that is not laid out as servers lay it out (zeros at its ends,
//! digits behind its display scale) goes to the companion column, and a text that is not spelt as servers spell it is not
//! written. So does a number with more than [`MAX_IMPLIED`] zeros that the wire leaves out: `1e131071` is ten bytes there and
//! 128 KiB as text, and a batch of those must not take the machine's memory.

use arrow_array::StringArray;

use super::cells::Cells;
use super::decoded::Decoded;
use super::error::Fault;
use super::numeric::{NEGATIVE, Wire};

const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const NEGATIVE_INFINITY: u16 = 0xf000;

/// What the two infinities have as display scale on the wire: bits of their header (`NUMERIC_DSCALE`, PostgreSQL 14 to 18).
const INFINITE_SCALE: u16 = 32;

/// The most digits that a number of the typed lane has beyond those on the wire.
const MAX_IMPLIED: usize = 1000;

/// The most digits before and behind the point (documentation, "Numeric Types").
const MAX_WHOLE: usize = 131_072;
const MAX_SCALE: usize = 16_383;

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0_u8;
    let mut index = 0;
    while index < pairs.len() {
        #[expect(clippy::indexing_slicing, reason = "const, checked by the compiler")]
        {
            pairs[index] = [b'0' + number / 10, b'0' + number % 10];
        }
        number += 1;
        index += 1;
    }
    pairs
};

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    cells.formatted(|wire, out| match Wire::split(wire) {
        Some(number) if number.groups.len() * 4 + MAX_IMPLIED < length(&number) => Decoded::Companion,
        Some(number) if is_canonical(&number) => print(&number, out).map_or(Decoded::Companion, Decoded::Exact),
        Some(_) => Decoded::Companion,
        None => Decoded::Malformed,
    })
}

/// Returns about how long the text is.
fn length(number: &Wire<'_>) -> usize {
    let whole = usize::try_from(number.weight).map_or(1, |weight| 4 * (weight + 1));
    whole + usize::from(number.scale)
}

/// Whether [`write`] makes the same bytes of the text.
fn is_canonical(number: &Wire<'_>) -> bool {
    let (Some(first), Some(last)) = (number.groups.first(), number.groups.last()) else {
        let scale = match number.sign {
            0 => return number.weight == 0 && usize::from(number.scale) <= MAX_SCALE,
            NAN => 0,
            INFINITY | NEGATIVE_INFINITY => INFINITE_SCALE,
            _ => return false,
        };
        return number.weight == 0 && number.scale == scale;
    };
    if !matches!(number.sign, 0 | NEGATIVE) || *first == [0, 0] || *last == [0, 0] || usize::from(number.scale) > MAX_SCALE {
        return false;
    }
    // The digits of the last group that lie behind the display scale must be zeros.
    let behind = i64::try_from(number.groups.len()).map_or(i64::MAX, |count| count - 1 - i64::from(number.weight));
    let hidden = 4 * behind - i64::from(number.scale);
    let last = u16::from_be_bytes(*last);
    match hidden {
        ..=0 => true,
        1 => last.is_multiple_of(10),
        2 => last.is_multiple_of(100),
        3 => last.is_multiple_of(1000),
        _ => false,
    }
}

/// Appends the number with all digits of its display scale; none, and nothing, if a group is above 9999 or the sign unknown.
fn print(number: &Wire<'_>, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let done = print_parts(number, out);
    if done.is_none() {
        out.truncate(start);
    }
    done
}

fn print_parts(number: &Wire<'_>, out: &mut Vec<u8>) -> Option<()> {
    match number.sign {
        0 => {}
        NEGATIVE => out.push(b'-'),
        NAN => out.extend_from_slice(b"NaN"),
        INFINITY => out.extend_from_slice(b"Infinity"),
        NEGATIVE_INFINITY => out.extend_from_slice(b"-Infinity"),
        _ => return None,
    }
    if !matches!(number.sign, 0 | NEGATIVE) {
        return Some(());
    }
    let whole = usize::try_from(number.weight).map_or(0, |weight| weight + 1);
    if whole == 0 {
        out.push(b'0');
    } else {
        let group = number.groups.first().map_or(0, |group| u16::from_be_bytes(*group));
        let digits = four(group)?;
        let skipped = digits.iter().take(3).take_while(|digit| **digit == b'0').count();
        out.extend_from_slice(digits.get(skipped..)?);
        print_groups(number.groups.get(1..whole.max(1).min(number.groups.len())).unwrap_or_default(), out)?;
        out.resize(out.len() + 4 * whole.saturating_sub(number.groups.len().max(1)), b'0');
    }
    if number.scale > 0 {
        out.push(b'.');
        let end = out.len() + usize::from(number.scale);
        // Groups of zeros between the point and the first group.
        let zeros = usize::try_from(-1 - i32::from(number.weight)).unwrap_or(0);
        out.resize((out.len() + 4 * zeros).min(end), b'0');
        if out.len() < end {
            print_groups(number.groups.get(whole..).unwrap_or_default(), out)?;
        }
        out.resize(end, b'0');
    }
    Some(())
}

#[inline]
fn print_groups(groups: &[[u8; 2]], out: &mut Vec<u8>) -> Option<()> {
    for group in groups {
        out.extend_from_slice(&four(u16::from_be_bytes(*group))?);
    }
    Some(())
}

#[inline]
fn four(group: u16) -> Option<[u8; 4]> {
    let [a, b] = *PAIRS.get(usize::from(group / 100))?;
    let [c, d] = *PAIRS.get(usize::from(group % 100))?;
    Some([a, b, c, d])
}

/// Writes a number; false, and nothing, unless it is spelt as servers spell it.
pub(super) fn write(value: &str, out: &mut Vec<u8>) -> bool {
    let special = match value {
        "NaN" => Some((NAN, 0)),
        "Infinity" => Some((INFINITY, INFINITE_SCALE)),
        "-Infinity" => Some((NEGATIVE_INFINITY, INFINITE_SCALE)),
        _ => None,
    };
    if let Some((sign, scale)) = special {
        push_head(0, 0, sign, scale, out);
        return true;
    }
    let start = out.len();
    let written = write_number(value.as_bytes(), out).is_some();
    if !written {
        out.truncate(start);
    }
    written
}

fn write_number(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let point = text.iter().position(|byte| *byte == b'.');
    let (whole, behind) = match point {
        Some(point) => (text.get(..point)?, text.get(point + 1..)?),
        None => (text, &[][..]),
    };
    let spelt = match whole {
        [] => false,
        [b'0', more @ ..] => more.is_empty(),
        _ => whole.len() <= MAX_WHOLE,
    };
    if !spelt || behind.len() > MAX_SCALE || (behind.is_empty() && point.is_some()) {
        return None;
    }
    let head = out.len();
    push_head(0, 0, 0, 0, out);
    let mut groups = Groups { weight: i16::try_from(whole.len().div_ceil(4) - 1).ok()?, out, start: head + 8 };
    let (first, more) = whole.split_at_checked((whole.len() - 1) % 4 + 1)?;
    groups.push(gather(first)?);
    let (more, _) = more.as_chunks::<4>();
    let (full, rest) = behind.as_chunks::<4>();
    for group in more.iter().chain(full) {
        groups.push(gather(group)?);
    }
    if !rest.is_empty() {
        groups.push(gather(rest)? * 10_u16.pow(4 - u32::try_from(rest.len()).ok()?));
    }
    let (count, weight) = groups.finish();
    let sign = if negative { NEGATIVE } else { 0 };
    // Servers have no negative zero.
    if negative && count == 0 {
        return None;
    }
    let scale = u16::try_from(behind.len()).ok()?;
    let slot = out.get_mut(head..head + 8)?;
    for (slot, word) in slot.as_chunks_mut::<2>().0.iter_mut().zip([count, weight.cast_unsigned(), sign, scale]) {
        *slot = word.to_be_bytes();
    }
    Some(())
}

/// Groups on their way onto the wire, zeros at both ends left out.
struct Groups<'a> {
    weight: i16,
    out: &'a mut Vec<u8>,
    start: usize,
}

impl Groups<'_> {
    #[inline]
    fn push(&mut self, group: u16) {
        if group == 0 && self.out.len() == self.start {
            self.weight -= 1;
        } else {
            self.out.extend_from_slice(&group.to_be_bytes());
        }
    }

    fn finish(self) -> (u16, i16) {
        while self.out.len() > self.start && self.out.ends_with(&[0, 0]) {
            self.out.truncate(self.out.len() - 2);
        }
        // At most 32768 groups before the point and 4096 behind it.
        let count = u16::try_from((self.out.len() - self.start) / 2).unwrap_or(u16::MAX);
        (count, if count == 0 { 0 } else { self.weight })
    }
}

/// Reads at most four digits.
#[inline]
fn gather(digits: &[u8]) -> Option<u16> {
    let mut number = 0;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        number = number * 10 + (digit <= 9).then_some(u16::from(digit))?;
    }
    Some(number)
}

fn push_head(count: u16, weight: i16, sign: u16, scale: u16, out: &mut Vec<u8>) {
    for word in [count, weight.cast_unsigned(), sign, scale] {
        out.extend_from_slice(&word.to_be_bytes());
    }
}

/// The number with all digits of its display scale.
pub(super) fn text(wire: &[u8]) -> Option<String> {
    let mut out = Vec::new();
    print(&Wire::split(wire)?, &mut out)?;
    String::from_utf8(out).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The wire form of a number, from its parts.
    pub(in super::super) fn wire(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
        let count = u16::try_from(groups.len()).unwrap_or(0);
        let head = [count, weight.cast_unsigned(), sign, scale];
        head.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect()
    }

    fn is_exact(bytes: &[u8]) -> bool {
        Wire::split(bytes).is_some_and(|number| is_canonical(&number))
    }

    /// `numeric_send` of the text, PostgreSQL 15.
    #[test]
    fn digits_are_the_servers() {
        let whole = "9".repeat(MAX_WHOLE);
        let behind = format!("0.{}1", "0".repeat(MAX_SCALE - 1));
        let cases = [
            (wire(0, 0, 0, &[]), "0"),
            (wire(0, 0, 3, &[]), "0.000"),
            (wire(0, 0, 0, &[1]), "1"),
            (wire(0, 0, 1, &[1]), "1.0"),
            (wire(0, 0, 2, &[1]), "1.00"),
            (wire(0, NEGATIVE, 2, &[12, 5000]), "-12.50"),
            (wire(-1, 0, 2, &[100]), "0.01"),
            (wire(-2, 0, 8, &[1000]), "0.00001000"),
            (wire(-2, 0, 5, &[1000]), "0.00001"),
            (wire(2, 0, 0, &[1]), "100000000"),
            (wire(2, 0, 1, &[1, 0, 10]), "100000010.0"),
            (wire(1, 0, 5, &[1, 0, 10, 1000]), "10000.00101"),
            (wire(0, NAN, 0, &[]), "NaN"),
            (wire(0, INFINITY, 32, &[]), "Infinity"),
            (wire(0, NEGATIVE_INFINITY, 32, &[]), "-Infinity"),
            (wire(i16::MAX, 0, 0, &vec![9999; 32_768]), &whole),
            (wire(-4096, 0, 16_383, &[10]), &behind),
        ];
        for (bytes, shown) in cases {
            assert!(is_exact(&bytes), "{}", shown.len());
            assert!(text(&bytes).as_deref() == Some(shown), "{} digits", shown.len());
            let mut out = Vec::new();
            assert!(write(shown, &mut out));
            assert!(out == bytes, "{} digits", shown.len());
        }
    }

    #[test]
    fn what_would_not_come_back_is_not_taken() {
        for bytes in [
            wire(0, NAN, 1, &[]),
            wire(0, INFINITY, 0, &[]),
            wire(0, NAN, 0, &[1]),
            wire(0, NEGATIVE, 2, &[]),
            wire(1, 0, 2, &[]),
            wire(0, 0, 3, &[12, 5050, 1]),
            wire(1, 0, 2, &[0, 12]),
            wire(0, 0, 2, &[12, 0]),
            wire(0, 0, 2, &[12, 5001]),
            wire(0, 0, 16_384, &[1]),
            wire(0, 0x1234, 0, &[1]),
            wire(i16::MIN, 0, 2, &[1]),
        ] {
            assert!(!is_exact(&bytes), "{bytes:?}");
        }
        assert_eq!(text(&wire(0, 0, 0, &[10_000])), None);
        assert_eq!(text(&wire(0, 0, 1, &[12, 5000])).as_deref(), Some("12.5"));
    }

    #[test]
    fn what_is_spelt_otherwise_is_not_written() {
        for text in ["", "-", "+1", "01", "1.", ".5", "-0", "-0.0", "1e5", "1 ", "1,0", "nan", "1.0.0", "--1", "0x1", "1.-5"] {
            let mut out = Vec::new();
            assert!(!write(text, &mut out), "{text}");
            assert!(out.is_empty());
        }
        assert!(!write(&"1".repeat(MAX_WHOLE + 1), &mut Vec::new()));
        assert!(!write(&format!("0.{}", "1".repeat(MAX_SCALE + 1)), &mut Vec::new()));
    }
}
