//! The zone in which a `timestamp without time zone` is read.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::policy::keys::nearest;

/// A zone of the IANA database, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl Zone {
    /// Finds a zone by its IANA name, in any case.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if the system's tz database does not know it.
    pub fn parse(name: &str) -> Result<Self> {
        Self::read(name).map_err(|cause| Error::new(ErrorKind::Usage, "read the time zone").because(cause))
    }

    /// Finds the zone; the error is a sentence for whoever knows the place.
    pub(super) fn read(name: &str) -> Result<Self, String> {
        let database = jiff::tz::db();
        let Ok(rules) = database.get(name) else {
            let known: Vec<String> = database.available().map(|known| known.to_string()).collect();
            return Err(match nearest(name, known.iter().map(String::as_str)) {
                Some(meant) => format!("unknown time zone `{name}`; did you mean `{meant}`?"),
                None => format!("unknown time zone `{name}`; write an IANA name, as in Europe/Berlin or UTC"),
            });
        };
        Ok(Self { name: rules.iana_name().unwrap_or(name).to_owned(), rules })
    }

    /// Returns the name as the IANA database spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what a clock in this zone shows at an instant: `2026-11-22 09:00:00.000000`.
    #[must_use]
    pub fn wall_clock(&self, instant: Timestamp) -> String {
        spell(self.civil(instant))
    }

    /// Returns what a clock in this zone shows at an instant.
    #[must_use]
    pub fn civil(&self, instant: Timestamp) -> DateTime {
        self.rules.to_datetime(instant)
    }

    /// Returns the lowest value that a clock in this zone shows at an instant or at any time after it.
    ///
    /// It is lower than [`Self::wall_clock`] if the clocks are put back soon after the instant: at 02:59 in the night on which
    /// summer time ends, rows written a minute later carry 02:00, and a bound of 02:59 would lose them.
    #[must_use]
    pub fn earliest_wall_clock(&self, instant: Timestamp) -> String {
        spell(self.earliest_civil(instant))
    }

    /// As [`Self::earliest_wall_clock`], not spelled.
    #[must_use]
    pub fn earliest_civil(&self, instant: Timestamp) -> DateTime {
        // No zone was ever put back by more than a day, so later transitions cannot reach below.
        let last = instant.checked_add(SignedDuration::from_hours(48)).unwrap_or(Timestamp::MAX);
        let transitions = self.rules.following(instant).map(|transition| transition.timestamp());
        let after = transitions.take_while(|at| *at <= last).map(|at| self.rules.to_datetime(at));
        let shown = self.rules.to_datetime(instant);
        after.fold(shown, DateTime::min)
    }
}

impl Zone {
    /// Returns the first and the last instant at which a clock in this zone shows a value: two where clocks were put back.
    /// `None` beyond the years that can be handled.
    #[must_use]
    pub fn instants(&self, shown: DateTime) -> Option<(Timestamp, Timestamp)> {
        let ambiguous = self.rules.to_ambiguous_timestamp(shown);
        let (one, other) = (ambiguous.earlier().ok()?, ambiguous.later().ok()?);
        Some((one.min(other), one.max(other)))
    }

    /// Returns the highest value that a clock in this zone has shown at an instant or at any time before it: higher than what
    /// it shows if the clocks were put back a moment ago.
    #[must_use]
    pub fn latest_civil(&self, instant: Timestamp) -> DateTime {
        let first = instant.checked_sub(SignedDuration::from_hours(48)).unwrap_or(Timestamp::MIN);
        // Those of this very instant too, which comes behind them.
        let behind = instant.checked_add(SignedDuration::from_nanos(1)).unwrap_or(instant);
        let transitions = self.rules.preceding(behind).map(|transition| transition.timestamp());
        let just_before = |at: Timestamp| at.checked_sub(SignedDuration::from_micros(1)).unwrap_or(at);
        let before = transitions.take_while(|at| *at >= first).map(|at| self.rules.to_datetime(just_before(at)));
        before.fold(self.rules.to_datetime(instant), DateTime::max)
    }
}

/// UTC.
impl Default for Zone {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::parse(name)
    }
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::read(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

/// Spells a date and time as PostgreSQL reads it under `DateStyle ISO`, with all six digits.
pub(super) fn spell(shown: DateTime) -> String {
    shown.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks(zone: &str, instant: &str) -> (String, String) {
        let (zone, instant) = (Zone::parse(zone).unwrap(), instant.parse().unwrap());
        (zone.wall_clock(instant), zone.earliest_wall_clock(instant))
    }

    #[test]
    fn clocks_follow_the_zone() {
        let cases = [
            ("UTC", "2026-11-22T08:00:00Z", "2026-11-22 08:00:00.000000", "2026-11-22 08:00:00.000000"),
            ("Europe/Berlin", "2026-11-22T08:00:00.25Z", "2026-11-22 09:00:00.250000", "2026-11-22 09:00:00.250000"),
            ("Europe/Berlin", "2026-07-01T08:00:00Z", "2026-07-01 10:00:00.000000", "2026-07-01 10:00:00.000000"),
            ("Asia/Kolkata", "2026-11-22T20:00:00Z", "2026-11-23 01:30:00.000000", "2026-11-23 01:30:00.000000"),
            // Spring: the clock jumps forward an hour later, so nothing lower is ever shown.
            ("Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29 01:30:00.000000", "2026-03-29 01:30:00.000000"),
            // Autumn, before the clock is put back at 01:00 UTC: 02:00 is shown again.
            ("Europe/Berlin", "2026-10-25T00:59:00Z", "2026-10-25 02:59:00.000000", "2026-10-25 02:00:00.000000"),
            // Earlier that night: 01:30 is below what is shown again.
            ("Europe/Berlin", "2026-10-24T23:30:00Z", "2026-10-25 01:30:00.000000", "2026-10-25 01:30:00.000000"),
            // Autumn, after it was put back.
            ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25 02:30:00.000000", "2026-10-25 02:30:00.000000"),
            // Half an hour, and a date line.
            ("Australia/Lord_Howe", "2026-04-04T14:45:00Z", "2026-04-05 01:45:00.000000", "2026-04-05 01:30:00.000000"),
            ("Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-29 23:00:00.000000", "2011-12-29 23:00:00.000000"),
        ];
        for (zone, instant, shown, earliest) in cases {
            assert_eq!(clocks(zone, instant), (shown.to_owned(), earliest.to_owned()), "{zone} {instant}");
        }
    }

    #[test]
    fn names_are_those_of_the_database() {
        assert_eq!(Zone::parse("europe/berlin").unwrap().to_string(), "Europe/Berlin");
        assert_eq!(Zone::default(), Zone::parse("utc").unwrap());
        assert_eq!(serde_json::from_str::<Zone>("\"Europe/Berlin\"").unwrap(), Zone::parse("Europe/Berlin").unwrap());
        let cases = [
            ("Europe/Berln", "unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?"),
            ("+02:00", "unknown time zone `+02:00`; write an IANA name, as in Europe/Berlin or UTC"),
            ("here", "unknown time zone `here`; write an IANA name, as in Europe/Berlin or UTC"),
        ];
        for (name, sentence) in cases {
            assert_eq!(format!("{:?}", Zone::parse(name).unwrap_err()), format!("Usage: read the time zone; {sentence}"));
        }
    }
}
