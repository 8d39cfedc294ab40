//! Which of two rows was written first, as far as their stamps tell.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Clock;
use crate::config::Zone;
use crate::name::{Side, Sided};
use crate::schema::{PgType, TimeKind};
use crate::staging::TableRecord;

/// How exactly the stamps of a table tell when rows of both sides were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteOrder {
    /// The zone of wall clocks, where stamps are such.
    zone: Option<Zone>,
    /// How far apart two stamps must lie, in microseconds: where one side keeps fewer digits than the other, it has rounded.
    step_us: i64,
}

impl WriteOrder {
    /// Looks at the column that says when a row was last written.
    pub(crate) fn of(table: &TableRecord, clock: &Clock) -> Self {
        let Some(column) = table.times.updated.as_ref().or(table.times.created.as_ref()) else { return Self::default() };
        let step = |side| {
            let definition = if side == Side::Old { &table.old } else { &table.new };
            definition.column(&column.name).map_or(1, |own| step_us(&own.data_type))
        };
        let steps = Sided::of(step);
        let step_us = if steps.old == steps.new { 0 } else { steps.old.max(steps.new) };
        Self { zone: (column.kind == TimeKind::WallClock).then(|| clock.zone().clone()), step_us }
    }

    /// Returns when both sides' rows were written, in the terms of the column; nothing where that does not tell which was
    /// written first.
    pub(crate) fn told(&self, written_us: Sided<Option<i64>>) -> Sided<Option<i64>> {
        match (written_us.old, written_us.new) {
            (Some(old), Some(new)) if old != new && !self.tells(old, new) => Sided::default(),
            _ => written_us,
        }
    }

    fn tells(&self, old: i64, new: i64) -> bool {
        if old.abs_diff(new) < self.step_us.unsigned_abs() {
            return false;
        }
        let Some(zone) = &self.zone else { return true };
        // In the hour that is shown twice a clock does not tell which of the two it is.
        match (instants(zone, old), instants(zone, new)) {
            (Some((first, last)), Some((other_first, other_last))) => last < other_first || other_last < first,
            // Infinities, which no clock shows twice.
            _ => true,
        }
    }
}

/// The first and the last instant at which a clock in a zone shows so many microseconds since it showed 1970-01-01.
fn instants(zone: &Zone, wall_us: i64) -> Option<(Timestamp, Timestamp)> {
    let shown = Timestamp::from_microsecond(wall_us).ok()?.to_zoned(TimeZone::UTC).datetime();
    zone.instants(shown)
}

/// The distance between two neighbouring values of a type, in microseconds.
fn step_us(data_type: &PgType) -> i64 {
    const DAY_US: i64 = 86_400_000_000;
    match (data_type.base.as_str(), u32::try_from(data_type.typmod)) {
        ("date", _) => DAY_US,
        (_, Ok(digits @ 0..6)) => 10_i64.pow(6 - digits),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(zone: Option<&str>, step_us: i64) -> WriteOrder {
        WriteOrder { zone: zone.map(|name| Zone::parse(name).expect("a zone")), step_us }
    }

    fn us(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a timestamp").as_microsecond()
    }

    fn tells(order: &WriteOrder, old: &str, new: &str) -> bool {
        let told = order.told(Sided { old: Some(us(old)), new: Some(us(new)) });
        assert_eq!(told.old.is_some(), told.new.is_some());
        told.old.is_some()
    }

    #[test]
    fn the_hour_that_a_clock_shows_twice_has_no_order() {
        let berlin = order(Some("Europe/Berlin"), 0);
        assert!(!tells(&berlin, "2026-10-25T02:20:00Z", "2026-10-25T02:40:00Z"));
        assert!(!tells(&berlin, "2026-10-25T02:59:00Z", "2026-10-25T02:00:00Z"));
        assert!(tells(&berlin, "2026-10-25T01:59:00Z", "2026-10-25T02:00:00Z"));
        assert!(tells(&berlin, "2026-10-25T03:00:00Z", "2026-10-25T02:59:00Z"));
        assert!(tells(&order(None, 0), "2026-10-25T02:20:00Z", "2026-10-25T02:40:00Z"));
    }

    #[test]
    fn what_one_side_rounded_is_as_far_as_its_step_in_doubt() {
        let seconds = order(None, step_us(&PgType::builtin("timestamptz", 0)));
        assert!(!tells(&seconds, "2026-11-30T02:00:00.7Z", "2026-11-30T02:00:01Z"));
        assert!(tells(&seconds, "2026-11-30T02:00:00Z", "2026-11-30T02:00:01Z"));
        assert_eq!(step_us(&PgType::builtin("timestamptz", -1)), 1);
        assert_eq!(step_us(&PgType::builtin("timestamp", 3)), 1000);
    }
}
