//! Numbers and instants as people read them.

use super::tame;

/// Returns a number with commas: `12,345`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns `1 row` or `12 rows`.
#[must_use]
pub fn rows(number: u64) -> String {
    plural(number, "row", "rows")
}

/// Returns a number with its noun.
#[must_use]
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Returns a size in units of 1024, as PostgreSQL prints it: `512 B`, `8 kB`, `1.5 MB`.
#[must_use]
pub fn bytes(number: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"];
    let mut tenths = u128::from(number) * 10;
    let mut unit = "B";
    for next in units {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = next;
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if tenth == 0 || whole >= 100 { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") }
}

/// Cuts an instant in UTC to whole seconds.
#[must_use]
pub fn moment(at: &str) -> String {
    tame(&at.split_once('.').map_or_else(|| at.to_owned(), |(seconds, _)| format!("{seconds}Z")))
}

/// Names, with commas between, as many as can be read.
#[must_use]
pub fn names<N: std::fmt::Display>(all: &[N]) -> String {
    let mut shown: Vec<_> = all.iter().take(NAMES_MAX).map(N::to_string).collect();
    shown.extend((all.len() > NAMES_MAX).then(|| format!("and {} more", all.len() - NAMES_MAX)));
    shown.join(", ")
}

/// Of a longer list the rest is counted.
const NAMES_MAX: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")];
        for (number, text) in cases {
            assert_eq!(count(number), text);
        }
        assert_eq!((rows(1).as_str(), rows(2_000).as_str()), ("1 row", "2,000 rows"));
    }

    #[test]
    fn sizes_have_units() {
        let cases = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (8_192, "8 kB"),
            (1_572_864, "1.5 MB"),
            (250 << 30, "250 GB"),
            (u64::MAX, "16383 PB"),
        ];
        for (number, text) in cases {
            assert_eq!(bytes(number), text);
        }
    }
}
