//! The time columns of staged rows: what they say, and the literals that select by them.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::codec::RowLayout;
use crate::config::Zone;
use crate::delta::{CutoverWindow, Evidence, History, Witness};
use crate::error::{Error, ErrorKind, Result};
use crate::name::literal;
use crate::schema::{TimeColumn, TimeColumns, TimeKind};
use crate::staging::Manifest;
use crate::statement::travelling_value;

const DAY_US: i64 = 86_400_000_000;

/// The cutover, and the zone in which wall clocks are read.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    cutover: Timestamp,
    since: Timestamp,
    zone: Zone,
}

impl Clock {
    /// # Errors
    /// `Config` where the zone is unknown or the instants lie outside the years that can be handled.
    pub(crate) fn new(cutover_us: i64, overlap_us: i64, zone: &Zone) -> Result<Self> {
        let instant = |us| Timestamp::from_microsecond(us).map_err(|error| bad_clock("read the cutover", error));
        Ok(Self { cutover: instant(cutover_us)?, since: instant(cutover_us.saturating_sub(overlap_us))?, zone: zone.clone() })
    }

    /// Reads it off a run's manifest.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn of(manifest: &Manifest) -> Result<Self> {
        Self::new(manifest.cutover_us, manifest.overlap_us, &Zone::parse(&manifest.zone)?)
    }

    /// Returns the cutover's window in the terms of a column: instants, wall clock or days, each in microseconds since 1970.
    fn window(&self, kind: TimeKind) -> CutoverWindow {
        match kind {
            TimeKind::Instant => between(self.since.as_microsecond(), self.cutover.as_microsecond()),
            TimeKind::WallClock => {
                between(wall_us(self.zone.earliest_civil(self.since)), wall_us(self.zone.civil(self.cutover)))
            }
            // A row stamped with the cutover's day may have been written on either side of it.
            TimeKind::Day => {
                between(day(self.zone.earliest_civil(self.since)) * DAY_US, (day(self.zone.civil(self.cutover)) + 1) * DAY_US)
            }
        }
    }

    /// Returns a literal of the column's type for the earliest stamp that makes a row a candidate.
    fn since_literal(&self, kind: TimeKind) -> String {
        // The lowest wall clock still to come: clocks may be put back soon after.
        let local = self.zone.earliest_civil(self.since);
        match kind {
            TimeKind::Instant => self.since.to_string(),
            TimeKind::WallClock => local.to_string(),
            TimeKind::Day => local.date().to_string(),
        }
    }

    /// Returns a condition on a row of OLD under an alias that is true where its stamps say that it was there at the cutover.
    pub(crate) fn existed(&self, times: &TimeColumns, alias: &str) -> String {
        let test =
            |column: &TimeColumn| format!("{alias}.{} < {}", column.name.sql(), literal(&self.since_literal(column.kind)));
        let tests: Vec<_> = times.iter().map(test).collect();
        if tests.is_empty() { "false".to_owned() } else { format!("({})", tests.join(" or ")) }
    }

    /// Returns a condition on a row of OLD under an alias that is false where its creation stamp says that it came after the
    /// cutover; `None` where no column says when a row was created.
    pub(crate) fn not_created_since(&self, times: &TimeColumns, alias: &str) -> Option<String> {
        let column = times.created.as_ref()?;
        let local = self.zone.civil(self.cutover);
        let cutover = match column.kind {
            TimeKind::Instant => self.cutover.to_string(),
            TimeKind::WallClock => local.to_string(),
            // A row stamped with the cutover's day may have been there before it.
            TimeKind::Day => local.date().tomorrow().ok()?.to_string(),
        };
        Some(format!("({alias}.{} >= {}) is not true", column.name.sql(), literal(&cutover)))
    }

    /// Pairs every time column, as NEW has it, with the literal that selects candidates by it.
    pub(crate) fn since_literals(&self, times: &TimeColumns, layout: &RowLayout) -> Vec<(String, String)> {
        let stamp = |column: &TimeColumn| travelling_value(&layout.column(&column.name)?.new, "t", &column.name);
        times.iter().filter_map(|column| Some((stamp(column)?, self.since_literal(column.kind)))).collect()
    }
}

/// What a wall clock shows, in microseconds since it showed 1970-01-01.
fn wall_us(clock: DateTime) -> i64 {
    clock.to_zoned(TimeZone::UTC).map_or(i64::MAX, |zoned| zoned.timestamp().as_microsecond())
}

fn day(clock: DateTime) -> i64 {
    i64::from((clock.date() - Date::constant(1970, 1, 1)).get_days())
}

const fn between(since_us: i64, cutover_us: i64) -> CutoverWindow {
    CutoverWindow { cutover_us, overlap_us: cutover_us - since_us }
}

fn bad_clock(what: &str, error: jiff::Error) -> Error {
    Error::new(ErrorKind::Config, what).because(error)
}

/// Reads stamps out of batches of one layout.
#[derive(Clone, Debug)]
pub(crate) struct Stamps {
    created: Option<(usize, CutoverWindow)>,
    updated: Option<(usize, CutoverWindow)>,
}

impl Stamps {
    /// Finds the time columns in a layout.
    pub(crate) fn new(layout: &RowLayout, times: &TimeColumns, clock: &Clock) -> Self {
        let find = |column: &Option<TimeColumn>| {
            let column = column.as_ref()?;
            let position = layout.columns.iter().position(|staged| staged.name == column.name)?;
            Some((position, clock.window(column.kind)))
        };
        Self { created: find(&times.created), updated: find(&times.updated) }
    }

    /// Says what a row's stamps say about it.
    pub(crate) fn witness(&self, batch: &RecordBatch, row: usize) -> Witness {
        let created = self.created.and_then(|(column, window)| stamp(batch, column, row).map(|us| (us, window)));
        let updated = self.updated.and_then(|(column, window)| stamp(batch, column, row).map(|us| (us, window)));
        // Both columns' stamps are brought to one window, since their types may differ.
        let window = CutoverWindow { cutover_us: 0, overlap_us: 1 };
        let normal = |(us, window): (i64, CutoverWindow)| match window.is_after(us) {
            Some(true) => 0,
            None => -1,
            Some(false) => -2,
        };
        Witness::new(History::from_stamps(&window, created.map(normal), updated.map(normal)), Evidence::Column)
    }

    /// Returns when a row was last written, for `last_update_wins`: its updated, else its created stamp.
    pub(crate) fn written_us(&self, batch: &RecordBatch, row: usize) -> Option<i64> {
        let read = |found: Option<(usize, CutoverWindow)>| found.and_then(|(column, _)| stamp(batch, column, row));
        read(self.updated).or_else(|| read(self.created))
    }
}

/// Reads a stamp in microseconds since 1970-01-01; infinities lie behind every other stamp.
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
        let clock =
            Clock::new(cutover.as_microsecond(), 300_000_000, &Zone::parse("Europe/Berlin").expect("a zone")).expect("a zone");
        assert_eq!(clock.since_literal(TimeKind::Instant), "2026-07-01T09:55:00Z");
        assert_eq!(clock.since_literal(TimeKind::WallClock), "2026-07-01T11:55:00");
        assert_eq!(clock.since_literal(TimeKind::Day), "2026-07-01");
        let window = clock.window(TimeKind::WallClock);
        assert_eq!(window.cutover_us - clock.window(TimeKind::Instant).cutover_us, 7_200_000_000);
    }

    #[test]
    fn a_row_of_the_cutovers_day_is_in_doubt() {
        let cutover: Timestamp = "2026-07-01T10:00:00Z".parse().expect("a timestamp");
        let clock = Clock::new(cutover.as_microsecond(), 0, &Zone::default()).expect("a zone");
        let window = clock.window(TimeKind::Day);
        let midnight = cutover.as_microsecond() / DAY_US * DAY_US;
        assert_eq!(window.is_after(midnight), None);
        assert_eq!(window.is_after(midnight - DAY_US), Some(false));
        assert_eq!(window.is_after(midnight + DAY_US), Some(true));
        assert_eq!(window.is_after(i64::from(i32::MAX).saturating_mul(DAY_US)), Some(true));
    }
}
