//! The time columns of staged rows: what they say, and the literals that select by them.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::codec::RowLayout;
use crate::delta::{Fence, History};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Ident;
use crate::schema::{TimeColumn, TimeColumns, TimeKind};

const DAY_US: i64 = 86_400_000_000;

/// The cutover, and the zone in which wall clocks are read.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    cutover: Timestamp,
    since: Timestamp,
    zone: TimeZone,
}

impl Clock {
    /// # Errors
    /// `Config` where the zone is unknown or the instants lie outside the years that can be handled.
    pub(super) fn new(cutover_us: i64, overlap_us: i64, zone: &str) -> Result<Self> {
        let instant = |us| Timestamp::from_microsecond(us).map_err(|error| bad_clock("read the cutover", error));
        Ok(Self {
            cutover: instant(cutover_us)?,
            since: instant(cutover_us.saturating_sub(overlap_us))?,
            zone: TimeZone::get(zone).map_err(|error| bad_clock("read the time zone", error))?,
        })
    }

    /// Returns the cutover's fence in the terms of a column: instants, wall clock or days, each in microseconds since 1970.
    fn fence(&self, kind: TimeKind) -> Fence {
        match kind {
            TimeKind::Instant => between(self.since.as_microsecond(), self.cutover.as_microsecond()),
            TimeKind::WallClock => between(self.wall_us(self.since), self.wall_us(self.cutover)),
            // A row stamped with the cutover's day may have been written on either side of it.
            TimeKind::Day => between(self.day(self.since) * DAY_US, (self.day(self.cutover) + 1) * DAY_US),
        }
    }

    fn wall_us(&self, instant: Timestamp) -> i64 {
        instant.as_microsecond() + i64::from(self.zone.to_offset(instant).seconds()) * 1_000_000
    }

    fn day(&self, instant: Timestamp) -> i64 {
        let epoch = Date::constant(1970, 1, 1);
        let date = self.zone.to_datetime(instant).date();
        i64::from((date - epoch).get_days())
    }

    /// Returns a literal of the column's type for the earliest stamp that makes a row a candidate.
    fn since_literal(&self, kind: TimeKind) -> String {
        let local = self.zone.to_datetime(self.since);
        match kind {
            TimeKind::Instant => self.since.to_string(),
            TimeKind::WallClock => local.to_string(),
            TimeKind::Day => local.date().to_string(),
        }
    }

    /// Pairs every time column with the literal that selects candidates by it.
    pub(super) fn since_literals(&self, times: &TimeColumns) -> Vec<(Ident, String)> {
        times.iter().map(|column| (column.name.clone(), self.since_literal(column.kind))).collect()
    }
}

const fn between(since_us: i64, cutover_us: i64) -> Fence {
    Fence { cutover_us, overlap_us: cutover_us - since_us }
}

fn bad_clock(what: &str, error: jiff::Error) -> Error {
    Error::new(ErrorKind::Config, what).because(error)
}

/// Reads stamps out of batches of one layout.
#[derive(Clone, Debug)]
pub(super) struct Stamps {
    created: Option<(usize, Fence)>,
    updated: Option<(usize, Fence)>,
}

impl Stamps {
    /// Finds the time columns in a layout.
    pub(super) fn new(layout: &RowLayout, times: &TimeColumns, clock: &Clock) -> Self {
        let find = |column: &Option<TimeColumn>| {
            let column = column.as_ref()?;
            let position = layout.columns.iter().position(|staged| staged.name == column.name)?;
            Some((position, clock.fence(column.kind)))
        };
        Self { created: find(&times.created), updated: find(&times.updated) }
    }

    /// Says what a row's stamps say about it.
    pub(super) fn history(&self, batch: &RecordBatch, row: usize) -> History {
        let created = self.created.and_then(|(column, fence)| stamp(batch, column, row).map(|us| (us, fence)));
        let updated = self.updated.and_then(|(column, fence)| stamp(batch, column, row).map(|us| (us, fence)));
        // Both columns' stamps are brought to one fence, since their types may differ.
        let fence = Fence { cutover_us: 0, overlap_us: 1 };
        let normal = |(us, fence): (i64, Fence)| match fence.is_after(us) {
            Some(true) => 0,
            None => -1,
            Some(false) => -2,
        };
        History::from_stamps(&fence, created.map(normal), updated.map(normal))
    }

    /// Returns when a row was last written, for `last_update_wins`: its updated, else its created stamp.
    pub(super) fn written_us(&self, batch: &RecordBatch, row: usize) -> Option<i64> {
        let read = |found: Option<(usize, Fence)>| found.and_then(|(column, _)| stamp(batch, column, row));
        read(self.updated).or_else(|| read(self.created))
    }
}

/// Reads a stamp in microseconds since 1970-01-01; infinities are the ends of the range.
fn stamp(batch: &RecordBatch, column: usize, row: usize) -> Option<i64> {
    let array = batch.column(column);
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Timestamp(..) => Some(array.as_primitive::<TimestampMicrosecondType>().value(row)),
        DataType::Date32 => Some(i64::from(array.as_primitive::<Date32Type>().value(row)).saturating_mul(DAY_US)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wall_clocks_are_read_in_the_stated_zone() {
        let cutover: Timestamp = "2026-07-01T10:00:00Z".parse().expect("a timestamp");
        let clock = Clock::new(cutover.as_microsecond(), 300_000_000, "Europe/Berlin").expect("a zone");
        assert_eq!(clock.since_literal(TimeKind::Instant), "2026-07-01T09:55:00Z");
        assert_eq!(clock.since_literal(TimeKind::WallClock), "2026-07-01T11:55:00");
        assert_eq!(clock.since_literal(TimeKind::Day), "2026-07-01");
        let fence = clock.fence(TimeKind::WallClock);
        assert_eq!(fence.cutover_us - clock.fence(TimeKind::Instant).cutover_us, 7_200_000_000);
    }

    #[test]
    fn a_row_of_the_cutovers_day_is_in_doubt() {
        let cutover: Timestamp = "2026-07-01T10:00:00Z".parse().expect("a timestamp");
        let clock = Clock::new(cutover.as_microsecond(), 0, "UTC").expect("a zone");
        let fence = clock.fence(TimeKind::Day);
        let midnight = cutover.as_microsecond() / DAY_US * DAY_US;
        assert_eq!(fence.is_after(midnight), None);
        assert_eq!(fence.is_after(midnight - DAY_US), Some(false));
        assert_eq!(fence.is_after(midnight + DAY_US), Some(true));
        assert_eq!(fence.is_after(i64::from(i32::MAX).saturating_mul(DAY_US)), Some(true));
    }

    #[test]
    fn unknown_zones_are_named() {
        assert_eq!(Clock::new(0, 0, "Mars/Olympus").expect_err("no such zone").kind(), ErrorKind::Config);
    }
}
