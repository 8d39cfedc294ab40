//! The servers' clocks: what each shows, and how far apart they are.
//!
//! Stamps are made by the clock of the server that a row was written on, or by clocks that agree with it; the cutover is one
//! instant for both. Where the clocks disagree, one side's stamps are read against a cutover that was not when it says.

use std::time::Instant;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

const CLOCK: &str = include_str!("../../sql/session/clock.sql");

/// How often a clock is read; the answer that came soonest is the most exact.
const READINGS: usize = 3;

/// A server's clock beside ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockReading {
    /// What the server's clock showed, in microseconds since 1970-01-01 UTC.
    pub server_us: i64,
    /// How far it was ahead of ours.
    pub ahead_of_ours_us: i64,
    /// Half of the time that question and answer took: the server may have looked at its clock at any instant of it.
    pub uncertainty_us: i64,
}

impl ClockReading {
    /// Takes what the server's clock showed between two instants of ours, the second of which is given by its distance.
    #[must_use]
    pub const fn between(asked_us: i64, took_us: i64, server_us: i64) -> Self {
        let half = took_us / 2;
        Self { server_us, ahead_of_ours_us: server_us - (asked_us + half), uncertainty_us: half + took_us % 2 }
    }
}

/// How far OLD's clock is ahead of NEW's; negative where it lags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSkew {
    /// In microseconds.
    pub old_ahead_us: i64,
    /// How wrong that may be, in either direction.
    pub uncertainty_us: i64,
}

impl ClockSkew {
    /// A cutover is known to the second at best, so that less cannot matter.
    const LEAST_US: i64 = 1_000_000;

    /// Compares two clocks by what each is beside ours.
    #[must_use]
    pub const fn between(old: &ClockReading, new: &ClockReading) -> Self {
        Self {
            old_ahead_us: old.ahead_of_ours_us - new.ahead_of_ours_us,
            uncertainty_us: old.uncertainty_us + new.uncertainty_us,
        }
    }

    /// Whether the clocks are certainly apart, and by enough to matter.
    #[must_use]
    pub const fn matters(&self) -> bool {
        let apart = self.old_ahead_us.saturating_abs();
        apart > self.uncertainty_us && apart >= Self::LEAST_US
    }
}

impl Session {
    /// Reads the server's clock.
    ///
    /// # Errors
    /// What the server said.
    pub async fn read_clock(&self) -> Result<ClockReading> {
        let mut best: Option<ClockReading> = None;
        for _ in 0..READINGS {
            let (asked, began) = (Timestamp::now(), Instant::now());
            let rows = self.query(CLOCK, &[]).await?;
            let took = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
            let server = rows.first().and_then(|row| row.try_get("now_us").ok()).ok_or_else(|| {
                Error::new(ErrorKind::Malformed, "read the server's clock").at(self.place()).because("it gave no answer")
            })?;
            let reading = ClockReading::between(asked.as_microsecond(), took, server);
            best = Some(best.filter(|best| best.uncertainty_us <= reading.uncertainty_us).unwrap_or(reading));
        }
        best.ok_or_else(|| Error::new(ErrorKind::Malformed, "read the server's clock").at(self.place()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// A reading by a clock that is this far ahead of ours, over a way of this length.
    fn reading(ahead_us: i64, took_us: i64) -> ClockReading {
        ClockReading::between(100 * SECOND, took_us, 100 * SECOND + took_us / 2 + ahead_us)
    }

    #[test]
    fn a_reading_is_as_wrong_as_half_of_the_way() {
        assert_eq!(reading(5, 200), ClockReading { server_us: 100 * SECOND + 105, ahead_of_ours_us: 5, uncertainty_us: 100 });
        assert_eq!(reading(0, 3).uncertainty_us, 2, "rounded up");
    }

    #[test]
    fn clocks_are_compared_through_ours_whatever_it_shows() {
        let skew = ClockSkew::between(&reading(90 * SECOND, 2_000), &reading(30 * SECOND, 4_000));
        assert_eq!(skew, ClockSkew { old_ahead_us: 60 * SECOND, uncertainty_us: 3_000 });
        assert!(skew.matters());
        assert!(ClockSkew::between(&reading(0, 10), &reading(2 * SECOND, 10)).matters(), "NEW's may be ahead as well");
    }

    #[test]
    fn what_the_way_may_have_made_is_no_skew() {
        assert!(!ClockSkew::between(&reading(2 * SECOND, 3 * SECOND), &reading(0, 2 * SECOND)).matters());
        assert!(!ClockSkew::between(&reading(SECOND / 2, 10), &reading(0, 10)).matters(), "less than the cutover is known to");
    }
}
