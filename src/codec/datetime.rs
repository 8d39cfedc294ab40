//! `date`, `time`, `timestamp`, `timestamptz`.
//!
//! The wire counts days (int32) or microseconds (int64) from 2000-01-01, Arrow from 1970-01-01. The ends of the wire's range
//! are PostgreSQL's infinities; they become the greatest number of Arrow's type and its negative, which other readers of
//! Parquet (DuckDB) know as infinities too, whereas the least number of all is a date to them that they cannot print. A finite
//! value that would pass Arrow's range or land on one of these goes to the companion column. Timestamps with time zone are UTC
//! on both.

use arrow_array::{Date32Array, Time64MicrosecondArray, TimestampMicrosecondArray};

use super::calendar::{self, DAY};
use super::cells::Cells;
use super::decoded::Decoded;
use super::error::Fault;

/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;

/// Microseconds from 1970-01-01 to 2000-01-01.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// What `-infinity` is in Arrow.
const LEAST_DATE: i32 = -i32::MAX;
const LEAST_TIMESTAMP: i64 = -i64::MAX;

pub(super) fn decode_date(cells: &mut Cells<'_>) -> Result<Date32Array, Fault> {
    cells.primitive(read_date)
}

pub(super) fn decode_time(cells: &mut Cells<'_>) -> Result<Time64MicrosecondArray, Fault> {
    cells.primitive(read_time)
}

pub(super) fn decode_timestamp(cells: &mut Cells<'_>) -> Result<TimestampMicrosecondArray, Fault> {
    cells.primitive(read_timestamp)
}

fn read_date(wire: &[u8]) -> Decoded<i32> {
    Decoded::fixed(wire, i32::from_be_bytes).then(|days| match days {
        i32::MIN => Decoded::Exact(LEAST_DATE),
        i32::MAX => Decoded::Exact(days),
        // The sum cannot reach the least numbers, which lie 10957 days behind the wire's.
        _ => match days.checked_add(EPOCH_DAYS) {
            None | Some(i32::MAX) => Decoded::Companion,
            Some(days) => Decoded::Exact(days),
        },
    })
}

/// 24:00 is a time for PostgreSQL, not for Arrow. Times outside the day cannot come from a server; they stay what they are.
fn read_time(wire: &[u8]) -> Decoded<i64> {
    Decoded::fixed(wire, i64::from_be_bytes).then(|time| match time {
        0..DAY => Decoded::Exact(time),
        _ => Decoded::Companion,
    })
}

fn read_timestamp(wire: &[u8]) -> Decoded<i64> {
    Decoded::fixed(wire, i64::from_be_bytes).then(|time| match time {
        i64::MIN => Decoded::Exact(LEAST_TIMESTAMP),
        i64::MAX => Decoded::Exact(time),
        _ => match time.checked_add(EPOCH_MICROSECONDS) {
            None | Some(i64::MAX) => Decoded::Companion,
            Some(time) => Decoded::Exact(time),
        },
    })
}

/// Writes a date; false if PostgreSQL's range does not reach there.
pub(super) fn write_date(value: i32, out: &mut Vec<u8>) -> bool {
    let days = match value {
        LEAST_DATE => Some(i32::MIN),
        i32::MAX => Some(value),
        _ => value.checked_sub(EPOCH_DAYS).filter(|days| *days != i32::MIN),
    };
    days.map(|days| out.extend_from_slice(&days.to_be_bytes())).is_some()
}

/// Writes a time; false if it lies outside the day.
pub(super) fn write_time(value: i64, out: &mut Vec<u8>) -> bool {
    (0..DAY).contains(&value) && {
        out.extend_from_slice(&value.to_be_bytes());
        true
    }
}

/// Writes a timestamp; false if PostgreSQL's range does not reach there.
pub(super) fn write_timestamp(value: i64, out: &mut Vec<u8>) -> bool {
    let time = match value {
        LEAST_TIMESTAMP => Some(i64::MIN),
        i64::MAX => Some(value),
        _ => value.checked_sub(EPOCH_MICROSECONDS).filter(|time| *time != i64::MIN),
    };
    time.map(|time| out.extend_from_slice(&time.to_be_bytes())).is_some()
}

pub(super) fn text_date(wire: &[u8]) -> Option<String> {
    Some(match i32::from_be_bytes(wire.try_into().ok()?) {
        i32::MIN => "-infinity".to_owned(),
        i32::MAX => "infinity".to_owned(),
        days => {
            let (date, before_christ) = calendar::date(i64::from(days) + i64::from(EPOCH_DAYS));
            date + era(before_christ)
        }
    })
}

pub(super) fn text_time(wire: &[u8]) -> Option<String> {
    let time = i64::from_be_bytes(wire.try_into().ok()?);
    (0..=DAY).contains(&time).then(|| calendar::clock(time.unsigned_abs()))
}

/// `zone` is what stands behind the clock: nothing, or `+00`.
pub(super) fn text_timestamp(wire: &[u8], zone: &str) -> Option<String> {
    Some(match i64::from_be_bytes(wire.try_into().ok()?) {
        i64::MIN => "-infinity".to_owned(),
        i64::MAX => "infinity".to_owned(),
        time => {
            let (date, before_christ) = calendar::date(time.div_euclid(DAY) + i64::from(EPOCH_DAYS));
            format!("{date} {}{zone}{}", calendar::clock(time.rem_euclid(DAY).unsigned_abs()), era(before_christ))
        }
    })
}

const fn era(before_christ: bool) -> &'static str {
    if before_christ { " BC" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinities_are_ends_and_nothing_else_is() {
        assert_eq!(read_date(&i32::MAX.to_be_bytes()), Decoded::Exact(i32::MAX));
        assert_eq!(read_date(&(i32::MAX - EPOCH_DAYS).to_be_bytes()), Decoded::Companion);
        assert_eq!(read_date(&(i32::MAX - EPOCH_DAYS - 1).to_be_bytes()), Decoded::Exact(i32::MAX - 1));
        assert_eq!(read_date(&(i32::MAX - 1).to_be_bytes()), Decoded::Companion);
        assert_eq!(read_timestamp(&i64::MIN.to_be_bytes()), Decoded::Exact(-i64::MAX));
        assert_eq!(read_date(&i32::MIN.to_be_bytes()), Decoded::Exact(-i32::MAX));
        assert_eq!(read_date(&(i32::MIN + 1).to_be_bytes()), Decoded::Exact(i32::MIN + 1 + EPOCH_DAYS));
        assert_eq!(read_timestamp(&(i64::MAX - EPOCH_MICROSECONDS).to_be_bytes()), Decoded::Companion);
        assert_eq!(read_timestamp(&0_i64.to_be_bytes()), Decoded::Exact(EPOCH_MICROSECONDS));
        assert_eq!(read_time(&DAY.to_be_bytes()), Decoded::Companion);
        assert_eq!(read_time(&(-1_i64).to_be_bytes()), Decoded::Companion);
    }

    #[test]
    fn arrow_values_behind_the_range_are_refused() {
        let mut out = Vec::new();
        assert!(!write_date(i32::MIN + EPOCH_DAYS, &mut out), "would be read as -infinity");
        assert!(!write_date(i32::MIN, &mut out) && !write_timestamp(i64::MIN, &mut out));
        assert!(!write_date(i32::MIN + 2, &mut out));
        assert!(!write_timestamp(i64::MIN + EPOCH_MICROSECONDS, &mut out));
        assert!(!write_time(DAY, &mut out));
        assert!(out.is_empty());
    }

    #[test]
    fn texts_are_input_syntax() {
        let timestamp = |time: i64, zone| text_timestamp(&time.to_be_bytes(), zone).unwrap_or_default();
        assert_eq!(timestamp(0, "+00"), "2000-01-01 00:00:00+00");
        assert_eq!(timestamp(-1, ""), "1999-12-31 23:59:59.999999");
        assert_eq!(timestamp(-64_505_548_800_000_000, "+00"), "0046-11-26 00:00:00+00 BC");
        assert_eq!(timestamp(9_223_371_331_199_999_999, ""), "294276-12-31 23:59:59.999999");
        assert_eq!(timestamp(i64::MIN, "+00"), "-infinity");
        assert_eq!(text_date(&(-2_451_545_i32).to_be_bytes()).as_deref(), Some("4714-11-24 BC"));
        assert_eq!(text_time(&DAY.to_be_bytes()).as_deref(), Some("24:00:00"));
        assert_eq!(text_time(&[0]), None);
    }
}
