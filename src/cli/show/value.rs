//! One value for a person to read: what it is, and nothing that could be taken for something else.

use crate::engine::{Cell, excerpt, spelt};

pub(super) use crate::engine::common;

/// So many characters of a value are shown unless it is asked for whole.
const SHOWN: usize = 300;

/// Returns a cell as it is shown on a terminal. `from` is the first character that matters.
pub(in crate::cli) fn shown(cell: &Cell, from: Option<usize>) -> String {
    match cell {
        Cell::NoRow => "(no row)".to_owned(),
        Cell::NoColumn => "(no column)".to_owned(),
        Cell::Unknown => "(unknown)".to_owned(),
        Cell::Null => "NULL".to_owned(),
        Cell::Masked => "(masked)".to_owned(),
        Cell::Default => "(default)".to_owned(),
        Cell::Wire { pg_type, hex } => match from {
            Some(from) => format!("({pg_type} {})", excerpt(hex, from, SHOWN)),
            None => format!("({pg_type} {hex})"),
        },
        Cell::Text(text) => from.map_or_else(|| spelt(text), |from| excerpt(text, from, SHOWN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::read_value;

    fn text(text: &str) -> String {
        shown(&Cell::Text(text.to_owned()), Some(0))
    }

    #[test]
    fn nothing_looks_like_something_else() {
        let cases = [
            ("paid", "paid"),
            ("", "''"),
            ("NULL", "'NULL'"),
            ("(masked)", "'(masked)'"),
            (" x", "' x'"),
            ("x ", "'x '"),
            ("E", "E"),
            ("E'x'", "'E''x'''"),
            ("Ela ", "'Ela '"),
            ("it's", "it's"),
            ("a\\nb", "a\\nb"),
            ("a\nb\\c'", "E'a\\nb\\\\c'''"),
            ("a\u{1b}[2J\u{202e}\u{200b}\u{e0001}\u{3000}", "E'a\\u001B[2J\\u202E\\u200B\\U000E0001\\u3000'"),
            ("naïve 日本", "naïve 日本"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected);
            assert_eq!(read_value(expected).as_deref(), Ok(value));
        }
        assert!(["NULL", "(masked)", "'a", "'a'b", "E'\\x'", "E'\\u12'"].into_iter().all(|text| read_value(text).is_err()));
        assert_eq!(shown(&Cell::Null, None), "NULL");
    }

    #[test]
    fn a_long_value_is_shown_around_what_differs_and_says_what_is_left_out() {
        let (a, b) = ("x".repeat(1_000) + "a", "x".repeat(1_000) + "b");
        assert_eq!(common(&Cell::Text(a.clone()), &Cell::Text(b)), 1_000);
        let cut = shown(&Cell::Text(a.clone()), Some(1_000));
        assert_eq!(cut, format!("(960 characters before) {}a", "x".repeat(40)));
        assert_eq!(text(&a), format!("{} (701 characters more)", "x".repeat(300)));
        assert_eq!(shown(&Cell::Text(a.clone()), None), a);
    }
}
