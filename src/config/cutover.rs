//! The instant at which writes moved from OLD to NEW, and the bounds that follow from it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Overlap, Zone};
use crate::error::{Error, ErrorKind, Result};

/// The instant of the cutover, in whole microseconds as PostgreSQL counts them, and as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Cutover {
    instant: Timestamp,
    text: String,
}

/// The cutover in a manifest.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// Microseconds since 1970-01-01 UTC.
    micros: i64,
    text: String,
}

impl Cutover {
    /// Reads RFC 3339 with an offset; digits behind the microseconds are cut off, which is towards the earlier.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if the text is no date and time, has no offset, or lies before 1970.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).map_err(|cause| Error::new(ErrorKind::Usage, "read the cutover").because(cause))
    }

    /// Reads the text; the error is a sentence for whoever knows the place.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let Ok(exact) = text.parse::<Timestamp>() else {
            let local = text.parse::<jiff::civil::DateTime>().is_ok() || text.parse::<jiff::civil::Time>().is_ok();
            return Err(if local {
                format!(
                    "`{text}` has no offset: write whose clock it is, as in 2026-11-22T10:00:00+02:00 or 2026-11-22T08:00:00Z"
                )
            } else {
                format!("`{text}` is no date and time with an offset, as in 2026-11-22T10:00:00+02:00")
            });
        };
        let instant = Timestamp::from_microsecond(exact.as_microsecond()).unwrap_or(exact);
        if instant < Timestamp::UNIX_EPOCH {
            return Err(format!("`{text}` lies before 1970"));
        }
        Ok(Self { instant, text: text.to_owned() })
    }

    /// Returns the instant in microseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn micros(&self) -> i64 {
        self.instant.as_microsecond()
    }

    /// Returns the text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the instant in UTC, as `2026-11-22T08:00:00Z`.
    #[must_use]
    pub fn utc(&self) -> String {
        self.instant.to_string()
    }

    /// Checks that the cutover has passed. `now` is in microseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if it lies in the future.
    pub fn check(&self, now: i64) -> Result<()> {
        if self.micros() <= now {
            return Ok(());
        }
        let now = Timestamp::from_microsecond(now).map_or_else(|_| "earlier".to_owned(), |now| now.to_string());
        Err(Error::new(ErrorKind::Usage, "use the cutover")
            .because(format!("{} lies in the future: now it is {now}, and writes must have moved to NEW already", self.text))
            .next("check the date, the offset, and this machine's clock"))
    }

    /// Returns the first instant whose rows are candidates, for a `timestamptz` column: `2026-11-22 07:55:00.000000+00`.
    #[must_use]
    pub fn lower_bound(&self, overlap: Overlap) -> String {
        let utc = self.before(overlap).to_zoned(jiff::tz::TimeZone::UTC);
        format!("{}+00", super::zone::spell(utc.datetime()))
    }

    /// Returns the lowest value that a `timestamp without time zone` column can hold for a candidate, where the column is read
    /// in `zone`: `2026-11-22 08:55:00.000000`. See [`Zone::earliest_wall_clock`].
    #[must_use]
    pub fn lower_bound_in(&self, overlap: Overlap, zone: &Zone) -> String {
        zone.earliest_wall_clock(self.before(overlap))
    }

    /// Returns what a clock in `zone` showed at the cutover, for people: `2026-11-22 09:00:00.000000`.
    #[must_use]
    pub fn wall_clock(&self, zone: &Zone) -> String {
        zone.wall_clock(self.instant)
    }

    fn before(&self, overlap: Overlap) -> Timestamp {
        self.instant.checked_sub(overlap.duration()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// The text as it was written.
impl fmt::Display for Cutover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Cutover> for Stored {
    fn from(cutover: Cutover) -> Self {
        Self { micros: cutover.micros(), text: cutover.text }
    }
}

impl TryFrom<Stored> for Cutover {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let cutover = Self::read(&stored.text)?;
        if cutover.micros() == stored.micros {
            Ok(cutover)
        } else {
            Err(format!("the cutover `{}` is not {} microseconds after 1970", stored.text, stored.micros))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        format!("{:?}", Cutover::parse(text).unwrap_err())
    }

    #[test]
    fn offsets_are_applied() {
        let eight = 1_795_334_400_000_000;
        let cases = [
            ("2026-11-22T08:00:00Z", eight),
            ("2026-11-22T10:00:00+02:00", eight),
            ("2026-11-22 10:00:00+02", eight),
            ("2026-11-22T01:00:00-07:00", eight),
            (" 2026-11-22T08:00:00.0000019z ", eight + 1),
        ];
        for (text, micros) in cases {
            let cutover = Cutover::parse(text).unwrap();
            assert_eq!(cutover.micros(), micros, "{text}");
            assert_eq!(cutover.to_string(), text.trim());
        }
        assert_eq!(Cutover::parse("2026-11-22T10:00:00+02:00").unwrap().utc(), "2026-11-22T08:00:00Z");
    }

    #[test]
    fn texts_without_offset_or_sense_are_refused() {
        for text in ["2026-11-22T10:00:00", "2026-11-22 10:00", "2026-11-22", "10:00:00"] {
            assert_eq!(
                fault(text),
                format!(
                    "Usage: read the cutover; `{text}` has no offset: write whose clock it is, as in \
                     2026-11-22T10:00:00+02:00 or 2026-11-22T08:00:00Z"
                )
            );
        }
        for text in ["yesterday", "", "2026-13-01T00:00:00Z", "1795334400"] {
            assert_eq!(
                fault(text),
                format!(
                    "Usage: read the cutover; `{text}` is no date and time with an offset, as in 2026-11-22T10:00:00+02:00"
                )
            );
        }
        assert_eq!(fault("1969-12-31T23:59:59Z"), "Usage: read the cutover; `1969-12-31T23:59:59Z` lies before 1970");
    }

    #[test]
    fn a_cutover_has_passed() {
        let cutover = Cutover::parse("2026-11-22T10:00:00+02:00").unwrap();
        assert!(cutover.check(cutover.micros()).is_ok());
        let error = cutover.check(cutover.micros() - 1_000_000).unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "Usage: use the cutover; 2026-11-22T10:00:00+02:00 lies in the future: now it is 2026-11-22T07:59:59Z, and writes \
             must have moved to NEW already"
        );
        assert_eq!(error.hints(), ["check the date, the offset, and this machine's clock"]);
    }

    #[test]
    fn bounds_are_earlier_by_the_overlap() {
        let cutover = Cutover::parse("2026-11-22T10:00:00.5+02:00").unwrap();
        let zone = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(cutover.lower_bound(Overlap::default()), "2026-11-22 07:55:00.500000+00");
        assert_eq!(cutover.lower_bound_in(Overlap::default(), &zone), "2026-11-22 08:55:00.500000");
        assert_eq!(cutover.wall_clock(&zone), "2026-11-22 09:00:00.500000");
    }

    #[test]
    fn a_manifest_keeps_both_and_refuses_a_lie() {
        let cutover = Cutover::parse("2026-11-22T10:00:00+02:00").unwrap();
        let json = serde_json::to_string(&cutover).unwrap();
        assert_eq!(json, r#"{"micros":1795334400000000,"text":"2026-11-22T10:00:00+02:00"}"#);
        assert_eq!(serde_json::from_str::<Cutover>(&json).unwrap(), cutover);
        let lie = serde_json::from_str::<Cutover>(&json.replace("1795", "1794")).unwrap_err();
        assert_eq!(lie.to_string(), "the cutover `2026-11-22T10:00:00+02:00` is not 1794334400000000 microseconds after 1970");
    }
}
