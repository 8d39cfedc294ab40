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
use crate::delta::{CutoverWindow, Evidence, History, Stamp, Witness};
use crate::error::{Error, ErrorKind, Result};
use crate::name::literal;
use crate::schema::{TimeColumn, TimeColumns, TimeKind};
use crate::staging::Manifest;
use crate::statement::{is_no_earlier, travelling_value};

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

    /// Returns the zone of wall clocks.
    pub(crate) const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns the cutover's window in the terms of a column: instants, wall clock or days, each in microseconds since 1970.
    pub(crate) fn window(&self, kind: TimeKind) -> CutoverWindow {
        // Where clocks were put back shortly before the cutover, they had shown later hours before it: a stamp of these may be
        // of either time, and proves nothing.
        let (shown, latest) = (self.zone.civil(self.cutover), self.zone.latest_civil(self.cutover));
        let behind = wall_us(latest) + i64::from(latest > shown);
        match kind {
            TimeKind::Instant => between(self.since.as_microsecond(), self.cutover.as_microsecond()),
            TimeKind::WallClock => between(wall_us(self.zone.earliest_civil(self.since)), behind),
            // A row stamped with the cutover's day may have been written on either side of it.
            TimeKind::Day => between(day(self.zone.earliest_civil(self.since)) * DAY_US, (day(latest) + 1) * DAY_US),
        }
    }

    /// Returns the latest stamp that a row can bear whose server's clock shows `now_us`, in the terms of a column.
    fn latest(&self, kind: TimeKind, now_us: i64) -> i64 {
        // No server of ours shows what cannot be handled; one that does has no stamps in its future.
        let Ok(now) = Timestamp::from_microsecond(now_us) else { return i64::MAX };
        match kind {
            TimeKind::Instant => now_us,
            TimeKind::WallClock => wall_us(self.zone.latest_civil(now)),
            TimeKind::Day => day(self.zone.latest_civil(now)) * DAY_US,
        }
    }

    /// Returns the earliest stamp that a row can bear which was not there yet at an instant, in the terms of a column: a
    /// transaction that began within the overlap before that stamps it so.
    fn earliest(&self, kind: TimeKind, since_us: i64) -> i64 {
        let overlap_us = self.cutover.as_microsecond() - self.since.as_microsecond();
        let Ok(since) = Timestamp::from_microsecond(since_us.saturating_sub(overlap_us)) else { return i64::MIN };
        match kind {
            TimeKind::Instant => since.as_microsecond(),
            TimeKind::WallClock => wall_us(self.zone.earliest_civil(since)),
            TimeKind::Day => day(self.zone.earliest_civil(since)) * DAY_US,
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
        let before =
            |column: &TimeColumn| format!("{alias}.{} < {}", column.name.sql(), literal(&self.since_literal(column.kind)));
        match (&times.created, &times.updated) {
            (None, None) => "false".to_owned(),
            (Some(column), None) | (None, Some(column)) => format!("({})", before(column)),
            // A row that was last written before it was created has a stamp that is wrong.
            (Some(created), Some(updated)) => {
                format!("({} or {alias}.{} is null and {})", before(created), created.name.sql(), before(updated))
            }
        }
    }

    /// Returns a condition on a row of OLD under an alias that is true where its stamps say that nobody wrote it since the
    /// cutover.
    pub(crate) fn untouched(&self, times: &TimeColumns, alias: &str) -> String {
        let Some(updated) = &times.updated else { return "false".to_owned() };
        let before = |column: &TimeColumn| format!("{} < {}", column.name.sql(), literal(&self.since_literal(column.kind)));
        let created = times.created.as_ref().map(|column| {
            let same_kind = column.kind == updated.kind;
            let (created, updated) = (column.name.sql(), updated.name.sql());
            let overlap_us = self.cutover.as_microsecond() - self.since.as_microsecond();
            let agrees = if same_kind {
                is_no_earlier(&format!("{alias}.{updated}"), &format!("{alias}.{created}"), overlap_us)
            } else {
                String::new()
            };
            format!(" and ({alias}.{}{agrees} or {alias}.{created} is null)", before(column))
        });
        format!("({alias}.{}{})", before(updated), created.unwrap_or_default())
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

/// A time column of a layout.
#[derive(Clone, Copy, Debug)]
struct StampColumn {
    position: usize,
    kind: TimeKind,
    window: CutoverWindow,
    /// An earlier stamp than this is of a time when the row was not there: it was carried over from elsewhere, or nobody
    /// maintained it.
    earliest_us: i64,
    /// A later stamp than this is of a time that has not come: it says nothing of when the row was written.
    latest_us: i64,
}

impl StampColumn {
    /// Says where a row's stamp lies, in the terms of its own type.
    fn read(self, batch: &RecordBatch, row: usize) -> Stamp {
        self.believable(batch, row).map_or(Stamp::Silent, |us| self.window.read(us))
    }

    fn believable(self, batch: &RecordBatch, row: usize) -> Option<i64> {
        stamp(batch, self.position, row).filter(|us| (self.earliest_us..=self.latest_us).contains(us))
    }

    fn is_ahead(self, batch: &RecordBatch, row: usize) -> bool {
        stamp(batch, self.position, row).is_some_and(|us| us > self.latest_us)
    }
}

/// Reads stamps out of batches of one layout, whose rows are all of one side.
#[derive(Clone, Debug)]
pub(crate) struct Stamps {
    created: Option<StampColumn>,
    updated: Option<StampColumn>,
}

impl Stamps {
    /// Finds the time columns in a layout. `now_us` is what the clock of the rows' server shows, where that is known.
    pub(crate) fn new(layout: &RowLayout, times: &TimeColumns, clock: &Clock, now_us: Option<i64>) -> Self {
        let find = |column: &Option<TimeColumn>| {
            let column = column.as_ref()?;
            let position = layout.columns.iter().position(|staged| staged.name == column.name)?;
            let latest_us = now_us.map_or(i64::MAX, |now_us| clock.latest(column.kind, now_us));
            let window = clock.window(column.kind);
            Some(StampColumn { position, kind: column.kind, window, earliest_us: i64::MIN, latest_us })
        };
        Self { created: find(&times.created), updated: find(&times.updated) }
    }

    /// Returns the same for rows of which it is known that they were not there at an instant.
    pub(crate) fn of_rows_since(&self, clock: &Clock, since_us: i64) -> Self {
        let since = |column: StampColumn| StampColumn { earliest_us: clock.earliest(column.kind, since_us), ..column };
        Self { created: self.created.map(since), updated: self.updated.map(since) }
    }

    /// Returns which column of the layout says when a row was created, if one does.
    pub(crate) fn created(&self) -> Option<usize> {
        self.created.map(|column| column.position)
    }

    /// Says what a row's stamps say about it.
    pub(crate) fn witness(&self, batch: &RecordBatch, row: usize) -> Witness {
        let read = |column: Option<StampColumn>| column.map_or(Stamp::Silent, |column| column.read(batch, row));
        let mut history = History::from_stamps(read(self.created), read(self.updated));
        if self.updated_too_early(batch, row) && !history.contradicts_itself() {
            // One of the two is wrong. That the row was there, either one says; where they do not, nothing it says is believed.
            history.changed = history.changed.filter(|changed| *changed);
        }
        Witness::new(history, Evidence::Column)
    }

    /// Whether a row says that it was last written before it was created, by more than the overlap: two clocks may differ by
    /// less.
    fn updated_too_early(&self, batch: &RecordBatch, row: usize) -> bool {
        let (Some(created), Some(updated)) = (self.created, self.updated) else { return false };
        let stamps = (created.believable(batch, row), updated.believable(batch, row));
        let (Some(created_us), Some(updated_us)) = stamps else { return false };
        created.kind == updated.kind && updated_us < created_us.saturating_sub(updated.window.overlap_us)
    }

    /// Says what the stamp of a row's creation alone says about it.
    pub(crate) fn creation(&self, batch: &RecordBatch, row: usize) -> History {
        History::from_stamps(self.created.map_or(Stamp::Silent, |column| column.read(batch, row)), Stamp::Silent)
    }

    /// Whether a row bears a stamp of a time that has not come.
    pub(crate) fn is_ahead(&self, batch: &RecordBatch, row: usize) -> bool {
        [self.created, self.updated].into_iter().flatten().any(|column| column.is_ahead(batch, row))
    }

    /// Returns when a row was last written, for `last_update_wins`: by its updated stamp, and by its created one only in a
    /// table that has no other. That a row was never written since it was created is not what a missing stamp says.
    pub(crate) fn written_us(&self, batch: &RecordBatch, row: usize) -> Option<i64> {
        self.updated.or(self.created)?.believable(batch, row)
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
    fn an_hour_that_a_clock_shows_twice_proves_nothing() {
        let read = |cutover: &str, shown: &str| {
            let cutover: Timestamp = cutover.parse().expect("a timestamp");
            let zone = Zone::parse("Europe/Berlin").expect("a zone");
            let clock = Clock::new(cutover.as_microsecond(), 300_000_000, &zone).expect("a clock");
            clock.window(TimeKind::WallClock).read(wall_us(shown.parse().expect("a wall clock")))
        };
        // Summer time ends at 01:00Z: at 03:00 the clock shows 02:00 again.
        for cutover in ["2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"] {
            for shown in ["2026-10-25T02:30:00", "2026-10-25T02:59:59.999999"] {
                assert_eq!(read(cutover, shown), Stamp::InDoubt, "{cutover}: {shown}");
            }
            assert_eq!(read(cutover, "2026-10-25T03:00:00"), Stamp::After, "{cutover}");
            assert_eq!(read(cutover, "2026-10-25T01:54:00"), Stamp::Before, "{cutover}");
        }
        assert_eq!(read("2026-10-25T01:00:00Z", "2026-10-25T02:00:00"), Stamp::InDoubt);
        assert_eq!(read("2026-10-25T01:30:00Z", "2026-10-25T02:00:00"), Stamp::Before, "either time is before it");
        assert_eq!(read("2026-10-25T00:30:00Z", "2026-10-25T02:45:00"), Stamp::After);
        assert_eq!(read("2026-10-26T01:30:00Z", "2026-10-26T02:30:00"), Stamp::After, "the night after");
    }

    #[test]
    fn a_row_of_the_cutovers_day_is_in_doubt() {
        let cutover: Timestamp = "2026-07-01T10:00:00Z".parse().expect("a timestamp");
        let clock = Clock::new(cutover.as_microsecond(), 0, &Zone::default()).expect("a zone");
        let window = clock.window(TimeKind::Day);
        let midnight = cutover.as_microsecond() / DAY_US * DAY_US;
        assert_eq!(window.read(midnight), Stamp::InDoubt);
        assert_eq!(window.read(midnight - DAY_US), Stamp::Before);
        assert_eq!(window.read(midnight + DAY_US), Stamp::After);
        assert_eq!(window.read(i64::from(i32::MAX).saturating_mul(DAY_US)), Stamp::After);
    }

    #[test]
    fn a_row_that_was_not_there_at_an_instant_was_not_stamped_before_it() {
        let cutover: Timestamp = "2026-07-01T10:00:00Z".parse().expect("a timestamp");
        let clock = Clock::new(cutover.as_microsecond(), 300_000_000, &Zone::parse("Europe/Berlin").expect("a zone"));
        let armed: Timestamp = "2026-07-01T08:00:00Z".parse().expect("a timestamp");
        let earliest = |kind| clock.as_ref().expect("a clock").earliest(kind, armed.as_microsecond());
        assert_eq!(earliest(TimeKind::Instant), armed.as_microsecond() - 300_000_000);
        assert_eq!(earliest(TimeKind::WallClock), wall_us("2026-07-01T09:55:00".parse().expect("a wall clock")));
        assert_eq!(earliest(TimeKind::Day), wall_us("2026-07-01T00:00:00".parse().expect("a day")));
    }

    #[test]
    fn what_the_clock_has_not_shown_yet_is_ahead_of_it() {
        let cutover: Timestamp = "2026-10-01T10:00:00Z".parse().expect("a timestamp");
        let clock = Clock::new(cutover.as_microsecond(), 0, &Zone::parse("Europe/Berlin").expect("a zone")).expect("a zone");
        // Half an hour after the clocks were put back from 03:00 to 02:00.
        let now: Timestamp = "2026-10-25T01:30:00Z".parse().expect("a timestamp");
        let latest = |kind| clock.latest(kind, now.as_microsecond());
        assert_eq!(latest(TimeKind::Instant), now.as_microsecond());
        assert_eq!(latest(TimeKind::WallClock), wall_us("2026-10-25T02:59:59.999999".parse().expect("a clock")));
        assert_eq!(latest(TimeKind::Day), wall_us("2026-10-25T00:00:00".parse().expect("a day")));
    }
}
