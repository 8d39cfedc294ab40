//! A stated time before which a step does not begin.

use std::fmt;

use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};

/// A moment with its zone, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NotBefore(String);

impl NotBefore {
    /// Reads a moment that says its zone or its offset.
    ///
    /// # Errors
    /// A sentence, where it says none, or is no moment.
    pub fn read(text: &str) -> Result<Self, String> {
        match moment(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(format!(
                "`{text}` is no moment with its zone: write 2026-11-23T02:00[Europe/Berlin] or 2026-11-23T02:00:00+01:00"
            )),
        }
    }

    /// Whether it has come. One in a zone that this machine does not know has not.
    #[must_use]
    pub fn has_come(&self) -> bool {
        moment(&self.0).is_some_and(|at| at <= Timestamp::now())
    }
}

/// As it was written, and in UTC.
impl fmt::Display for NotBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match moment(&self.0) {
            Some(at) => write!(f, "{} ({})", self.0, at.strftime("%Y-%m-%d %H:%M:%S UTC")),
            None => write!(f, "{}, in a zone that this machine does not know", self.0),
        }
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<Zoned>().map(|zoned| zoned.timestamp()).or_else(|_| text.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_says_its_zone() {
        let told = |text: &str| NotBefore::read(text).map(|at| (at.to_string(), at.has_come()));
        let berlin = told("2026-11-23T02:00[Europe/Berlin]").unwrap().0;
        assert_eq!(berlin, "2026-11-23T02:00[Europe/Berlin] (2026-11-23 01:00:00 UTC)");
        assert!(told("2999-01-01T00:00:00Z").is_ok_and(|(_, has_come)| !has_come));
        assert!(told("2020-01-01T00:00:00+01:00").is_ok_and(|(_, has_come)| has_come));
        for wrong in ["2026-11-23T02:00", "02:00", "tonight", "2026-11-23T02:00[Europe/Nowhere]"] {
            assert!(told(wrong).unwrap_err().contains("no moment with its zone"), "{wrong}");
        }
    }
}
