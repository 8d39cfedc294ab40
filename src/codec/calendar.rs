//! Days and microseconds as calendar text, in PostgreSQL's ISO style.

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// Returns `YYYY-MM-DD` for days since 1970-01-01, and whether the year is before Christ, which the caller says at the very end
/// of its text. Proleptic Gregorian calendar, as PostgreSQL's; there is no year 0.
///
/// Days to a civil date by eras of 400 years that begin on 1 March (Howard Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`).
pub(super) fn date(days: i64) -> (String, bool) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let before_christ = year <= 0;
    let shown = if before_christ { 1 - year } else { year };
    (format!("{shown:04}-{month:02}-{day:02}"), before_christ)
}

/// Returns `HH:MM:SS` and, unless it is zero, the fraction without trailing zeros.
pub(super) fn clock(microseconds: u64) -> String {
    let seconds = microseconds / 1_000_000;
    let fraction = microseconds % 1_000_000;
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction != 0 {
        text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_server() {
        let text = |days| date(days).0;
        assert_eq!(text(0), "1970-01-01");
        assert_eq!(text(-1), "1969-12-31");
        assert_eq!(text(11_016), "2000-02-29");
        assert_eq!(text(2_932_897), "10000-01-01");
        assert_eq!(date(-719_162), ("0001-01-01".to_owned(), false));
        assert_eq!(date(-719_163), ("0001-12-31".to_owned(), true), "1 BC comes before AD 1");
    }

    #[test]
    fn fractions_are_as_long_as_they_must_be() {
        assert_eq!(clock(0), "00:00:00");
        assert_eq!(clock(DAY.unsigned_abs()), "24:00:00");
        assert_eq!(clock(DAY.unsigned_abs() - 1), "23:59:59.999999");
        assert_eq!(clock(3_723_050_000), "01:02:03.05");
    }
}
