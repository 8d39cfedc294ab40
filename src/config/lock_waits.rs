//! How long locks of a server are waited for.

use std::time::Duration;

/// How long locks of a server are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockWaits {
    /// For one lock, while others are held; never nothing, which a server would take for no limit.
    pub timeout: Duration,
    /// In all, with nothing held in between.
    pub total: Duration,
}

/// Long enough for most transactions of an application to end, and too short for its users to notice.
impl Default for LockWaits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(1), total: Duration::from_mins(1) }
    }
}

/// The longest that may be written: a day.
const MOST: Duration = Duration::from_hours(24);

/// Reads `250ms`, `2s` or `1m`; the error is a sentence for whoever knows the place.
pub(super) fn read(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    if digits == 0 || unit == 0 {
        return Err(format!("`{text}` is no length of time: write a whole number and ms, s, m or h, as in 500ms"));
    }
    let length = text[..digits].parse().ok().and_then(|count: u64| count.checked_mul(unit)).map(Duration::from_millis);
    length.filter(|length| *length <= MOST).ok_or_else(|| format!("`{text}` is more than a day"))
}

/// Reads a length as [`read`] does, and refuses none.
pub(super) fn read_timeout(text: &str) -> Result<Duration, String> {
    read(text).and_then(|length| {
        if length.is_zero() { Err("0 would wait without end: write a length of time".to_owned()) } else { Ok(length) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read() {
        for (text, milliseconds) in [("250ms", 250), ("2s", 2000), (" 1m", 60_000), ("0s", 0), ("24h", 86_400_000)] {
            assert_eq!(read(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", "5", "ms", "-5s", "1.5s", "5 s", "5 min", "5é"] {
            assert!(read(text).is_err_and(|cause| cause.contains("is no length of time")), "{text}");
        }
        for text in ["25h", "99999999999999999999s", "18446744073709551615h"] {
            assert!(read(text).is_err_and(|cause| cause.contains("is more than a day")), "{text}");
        }
        assert!(read_timeout("0ms").is_err_and(|cause| cause.contains("without end")));
        assert_eq!(read_timeout("1ms"), Ok(Duration::from_millis(1)));
    }
}
