//! How far before the cutover candidates begin.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// A length of time before the cutover whose rows are candidates too: transactions that began before it and committed after it
/// carry times from before it. Whole seconds, at most a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Overlap {
    seconds: u32,
}

const YEAR: u32 = 366 * 24 * 3600;

impl Overlap {
    /// Reads `90s`, `5m` or `2h`.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if the text is something else, or more than a year.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).map_err(|cause| Error::new(ErrorKind::Usage, "read the overlap").because(cause))
    }

    /// Reads the text; the error is a sentence for whoever knows the place.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let strange = || format!("`{text}` is no length of time: write a whole number and s, m or h, as in 5m");
        let unit = match text.bytes().last() {
            Some(b's') => 1,
            Some(b'm') => 60,
            Some(b'h') => 3600,
            _ => return Err(strange()),
        };
        let count = &text[..text.len() - 1];
        if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(strange());
        }
        let seconds = count.parse().ok().and_then(|count: u32| count.checked_mul(unit)).filter(|seconds| *seconds <= YEAR);
        seconds.map(|seconds| Self { seconds }).ok_or_else(|| format!("`{text}` is more than a year"))
    }

    /// Returns a length of so many seconds.
    #[must_use]
    pub(crate) const fn of_seconds(seconds: u32) -> Self {
        Self { seconds }
    }

    /// Returns the length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    /// Returns the length as a duration.
    #[must_use]
    pub fn duration(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.seconds.into())
    }
}

/// Five minutes.
impl Default for Overlap {
    fn default() -> Self {
        Self { seconds: 5 * 60 }
    }
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            0 => f.write_str("0s"),
            seconds if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

impl FromStr for Overlap {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Overlap {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::read(&text)
    }
}

impl From<Overlap> for String {
    fn from(overlap: Overlap) -> Self {
        overlap.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_printed() {
        let cases = [("0m", 0, "0s"), ("5m", 300, "5m"), ("90s", 90, "90s"), ("120s", 120, "2m"), (" 2h", 7200, "2h")];
        for (text, seconds, printed) in cases {
            let overlap = Overlap::parse(text).unwrap();
            assert_eq!((overlap.seconds(), overlap.to_string().as_str()), (seconds, printed));
            assert_eq!(serde_json::to_string(&overlap).unwrap(), format!("\"{printed}\""));
        }
        assert_eq!(Overlap::default().to_string(), "5m");
        assert_eq!(serde_json::from_str::<Overlap>("\"5m\"").unwrap(), Overlap::default());
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", "5", "m", "-5m", "+5m", "5 m", "5min", "1.5h", "5é", "1h30m"] {
            assert_eq!(
                format!("{:?}", Overlap::parse(text).unwrap_err()),
                format!("Usage: read the overlap; `{text}` is no length of time: write a whole number and s, m or h, as in 5m")
            );
        }
        for text in ["8785h", "99999999999999999999s", "4294967295h"] {
            assert_eq!(
                format!("{:?}", Overlap::parse(text).unwrap_err()),
                format!("Usage: read the overlap; `{text}` is more than a year")
            );
        }
    }
}
