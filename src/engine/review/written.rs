//! When a side last wrote a row, as an instant: what a column without a zone shows is read in the zone that the run was
//! exported with.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::Zone;
use crate::schema::TimeKind;
use crate::staging::TableRecord;

/// How a table says when its rows were written.
#[derive(Clone, Debug)]
pub(super) enum Written {
    /// As instants, or as days.
    Instants,
    /// As a clock of this zone shows it.
    WallClock(Zone),
    /// As a clock shows it of which nobody has said where it hangs, or not at all.
    Unknown,
}

impl Written {
    /// Says how a table does; `zone` is that of the run.
    pub(super) fn of(table: &TableRecord, zone: Option<&Zone>) -> Self {
        let column = table.times.updated.as_ref().or(table.times.created.as_ref());
        match (column.map(|column| column.kind), zone) {
            (Some(TimeKind::Instant | TimeKind::Day), _) => Self::Instants,
            (Some(TimeKind::WallClock), Some(zone)) if table.wall_clocks.is_empty() => Self::WallClock(zone.clone()),
            (Some(TimeKind::WallClock) | None, _) => Self::Unknown,
        }
    }

    /// Returns the instant that a stamp means, in microseconds since 1970-01-01 UTC; the later one of two that a clock shows
    /// alike.
    pub(super) fn instant(&self, stamp_us: i64) -> Option<i64> {
        match self {
            Self::Instants => Some(stamp_us),
            Self::WallClock(zone) => {
                let shown = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(stamp_us).ok()?);
                zone.instants(shown).map(|(_, last)| last.as_microsecond())
            }
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_is_read_in_the_runs_zone() {
        let us = |text: &str| text.parse::<Timestamp>().expect("a timestamp").as_microsecond();
        let written = Written::WallClock(Zone::parse("America/New_York").expect("a zone"));
        assert_eq!(written.instant(us("2026-11-10T09:00:00Z")), Some(us("2026-11-10T14:00:00Z")));
        assert_eq!(written.instant(us("2026-11-01T01:30:00Z")), Some(us("2026-11-01T06:30:00Z")), "shown twice");
        assert_eq!(Written::Instants.instant(5), Some(5));
        assert_eq!(Written::Unknown.instant(5), None);
    }
}
