//! Lengths of time, numbers and failures, as people read them.

use crate::error::{Error, ErrorKind};

/// Spells a length of time by its two largest units: `23m 10s`, `5h 2m`, `3d 1h`.
pub(super) fn length(seconds: u64) -> String {
    let units = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let first = units.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown = units[first..].iter().take(2).filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}"));
    let text = shown.collect::<Vec<_>>().join(" ");
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Spells a number with four digits behind the point at most.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Spells why something could not be asked; of what is configured, with its place.
pub(super) fn failure(error: &Error) -> String {
    let causes = error.causes().join("; ");
    if error.kind() == ErrorKind::Config && !error.places().is_empty() {
        return format!("{}: {causes}", error.places().join(", "));
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_numbers_are_short() {
        let cases =
            [(0, "0s"), (59, "59s"), (1390, "23m 10s"), (3600, "1h"), (18_121, "5h 2m"), (262_800, "3d 1h"), (86_401, "1d")];
        for (seconds, shown) in cases {
            assert_eq!(length(seconds), shown);
        }
        for (value, shown) in [(0.15, "0.15"), (10.0, "10"), (100.0, "100"), (0.333_333, "0.3333"), (f64::INFINITY, "inf")] {
            assert_eq!(number(value), shown);
        }
    }
}
