//! `timetz`: a time of day and its distance from UTC, as the server prints the two.
//!
//! | bytes | meaning (`timetz_send`, utils/adt/date.c, PostgreSQL 15) |
//! |---|---|
//! | 8 | microseconds since midnight, up to and including 24:00 |
//! | 4 | seconds **west** of UTC, signed |

use arrow_array::StringArray;

use super::calendar::DAY;
use super::cells::Cells;
use super::decoded::Decoded;
use super::error::Fault;

/// Further than this no zone is (`MAX_TZDISP_HOUR`, datatype/timestamp.h).
const FARTHEST: i32 = 16 * 3600;

fn split(wire: &[u8]) -> Decoded<(i64, i32)> {
    Decoded::fixed(wire, |[a, b, c, d, e, f, g, h, zone @ ..]: [u8; 12]| {
        (i64::from_be_bytes([a, b, c, d, e, f, g, h]), i32::from_be_bytes(zone))
    })
}

/// Appends `HH:MM:SS[.ffffff]±HH[:MM[:SS]]`; false, and nothing, for a time or a zone that no server has.
fn print(time: i64, west: i32, out: &mut Vec<u8>) -> bool {
    if !(0..=DAY).contains(&time) || !(-FARTHEST + 1..FARTHEST).contains(&west) {
        return false;
    }
    let (seconds, fraction) = (time / 1_000_000, time % 1_000_000);
    for (part, sign) in [(seconds / 3600, None), (seconds / 60 % 60, Some(b':')), (seconds % 60, Some(b':'))] {
        out.extend(sign);
        push_two(part, out);
    }
    if fraction != 0 {
        out.push(b'.');
        for part in [fraction / 10_000, fraction / 100 % 100, fraction % 100] {
            push_two(part, out);
        }
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
    let zone = i64::from(west.unsigned_abs());
    out.push(if west > 0 { b'-' } else { b'+' });
    push_two(zone / 3600, out);
    if zone % 3600 != 0 {
        out.push(b':');
        push_two(zone / 60 % 60, out);
    }
    if zone % 60 != 0 {
        out.push(b':');
        push_two(zone % 60, out);
    }
    true
}

/// Appends a number below 100 as two digits.
fn push_two(number: i64, out: &mut Vec<u8>) {
    let digit = |number: i64| b'0' + u8::try_from(number).unwrap_or_default();
    out.extend([digit(number / 10), digit(number % 10)]);
}

pub(super) fn decode(cells: &mut Cells<'_>) -> Result<StringArray, Fault> {
    cells.formatted(|wire, out| {
        split(wire).then(|(time, west)| if print(time, west, out) { Decoded::Exact(()) } else { Decoded::Companion })
    })
}

/// Writes a time; false unless it is spelt as [`decode`] spells it.
pub(super) fn write(value: &str, out: &mut Vec<u8>) -> bool {
    let Some((time, west)) = parse(value.as_bytes()) else { return false };
    let mut again = Vec::with_capacity(value.len());
    if !print(time, west, &mut again) || again != value.as_bytes() {
        return false;
    }
    out.extend_from_slice(&time.to_be_bytes());
    out.extend_from_slice(&west.to_be_bytes());
    true
}

fn parse(text: &[u8]) -> Option<(i64, i32)> {
    let sign = text.iter().position(|byte| matches!(byte, b'+' | b'-'))?;
    let (clock, zone) = text.split_at_checked(sign)?;
    let mut fraction = 0;
    let mut parts = clock.splitn(2, |byte| *byte == b'.');
    let seconds = seconds(parts.next()?)?;
    if let Some(digits) = parts.next().filter(|digits| digits.len() <= 6) {
        fraction = number(digits)? * 10_i64.pow(6 - u32::try_from(digits.len()).ok()?);
    }
    let (sign, zone) = zone.split_first()?;
    let zone = i32::try_from(self::seconds(zone)?).ok()?;
    Some((seconds * 1_000_000 + fraction, if *sign == b'+' { -zone } else { zone }))
}

/// Reads `HH[:MM[:SS]]`.
fn seconds(text: &[u8]) -> Option<i64> {
    let mut factor = 3600;
    let mut sum = 0;
    for part in text.split(|byte| *byte == b':') {
        sum += factor * number(part)?;
        factor /= 60;
    }
    Some(sum)
}

/// Reads a number of at most six digits.
fn number(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    digits.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
}

pub(super) fn text(wire: &[u8]) -> Option<String> {
    let (time, west) = split(wire).exact()?;
    let mut out = Vec::new();
    print(time, west, &mut out).then_some(())?;
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(time: i64, west: i32) -> Vec<u8> {
        [&time.to_be_bytes()[..], &west.to_be_bytes()].concat()
    }

    /// `select timetz_send('04:05:06.789+05:30')`, PostgreSQL 15.
    #[test]
    fn the_server_counts_westwards() {
        let sent = [0, 0, 0, 0x03, 0x6c, 0x97, 0xca, 0x88, 0xff, 0xff, 0xb2, 0xa8];
        assert_eq!(sent.to_vec(), wire(14_706_789_000, -19_800));
        assert_eq!(text(&sent).as_deref(), Some("04:05:06.789+05:30"));
    }

    #[test]
    fn texts_come_back_and_nothing_else_does() {
        for (time, west, shown) in [
            (0, 0, "00:00:00+00"),
            (DAY, 3600, "24:00:00-01"),
            (DAY - 1, -57_599, "23:59:59.999999+15:59:59"),
            (1_500_000, 1, "00:00:01.5-00:00:01"),
        ] {
            let bytes = wire(time, west);
            assert_eq!(text(&bytes).as_deref(), Some(shown));
            let mut out = Vec::new();
            assert!(write(shown, &mut out), "{shown}");
            assert_eq!(out, bytes, "{shown}");
        }
        let wrong =
            ["", "+", "00:00:00", "00:00:00-00", "0:00:00+00", "24:00:01+00", "00:00:00+16", "00:00:00.10+00", "00:60:00+00"];
        for text in wrong.into_iter().chain(["00:00:00.1234567+00", "00:00:00+00:00", "é:00:00+00", "99999999999:00:00+00"]) {
            assert!(!write(text, &mut Vec::new()), "{text}");
        }
        assert_eq!(text(&wire(-1, 0)), None);
        assert_eq!(text(&wire(0, i32::MIN)), None);
    }
}
