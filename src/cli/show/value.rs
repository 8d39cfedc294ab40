//! One value for a person to read: what it is, and nothing that could be taken for something else.

use std::fmt::Write as _;

use crate::cli::paint::is_unsafe;
use crate::engine::Cell;

/// So many characters of a value are shown unless it is asked for whole.
const SHOWN: usize = 300;

/// So many before the first that differs.
const BEFORE: usize = 40;

/// Returns a cell as it is shown on a terminal. `from` is the first character that matters.
pub(super) fn shown(cell: &Cell, from: Option<usize>) -> String {
    match cell {
        Cell::NoRow => "(no row)".to_owned(),
        Cell::NoColumn => "(no column)".to_owned(),
        Cell::Unknown => "(unknown)".to_owned(),
        Cell::Null => "NULL".to_owned(),
        Cell::Masked => "(masked)".to_owned(),
        Cell::Default => "(default)".to_owned(),
        Cell::Wire { pg_type, hex } => format!("({pg_type} {})", cut(hex, from)),
        Cell::Text(text) => cut_text(text, from),
    }
}

/// Returns how many characters two values have in common at their beginning, where both are texts.
pub(super) fn common(a: &Cell, b: &Cell) -> usize {
    match (a, b) {
        (Cell::Text(a), Cell::Text(b)) => a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count(),
        _ => 0,
    }
}

fn cut_text(text: &str, from: Option<usize>) -> String {
    match part(text, from) {
        None => quoted(text),
        Some((before, middle, after)) => around(before, &quoted(middle), after),
    }
}

fn cut(text: &str, from: Option<usize>) -> String {
    part(text, from).map_or_else(|| text.to_owned(), |(before, middle, after)| around(before, middle, after))
}

fn around(before: usize, middle: &str, after: usize) -> String {
    let mut text = String::new();
    if before > 0 {
        let _ = write!(text, "({before} characters before) ");
    }
    text.push_str(middle);
    if after > 0 {
        let _ = write!(text, " ({after} characters more)");
    }
    text
}

/// The part of a long text that is shown, and how many characters are not, on either side of it.
fn part(text: &str, from: Option<usize>) -> Option<(usize, &str, usize)> {
    let length = text.chars().count();
    let from = from.filter(|_| length > SHOWN)?;
    let first = if from > SHOWN - BEFORE { from.saturating_sub(BEFORE).min(length - 1) } else { 0 };
    let place = |number: usize| text.char_indices().nth(number).map_or(text.len(), |(at, _)| at);
    let last = (first + SHOWN).min(length);
    Some((first, &text[place(first)..place(last)], length - last))
}

/// Spells a text as it is, or as a literal of PostgreSQL's where it could be taken for something else, or does not show.
fn quoted(text: &str) -> String {
    let hides = text.chars().any(|character| is_unsafe(character) || (character.is_whitespace() && character != ' '));
    if hides {
        return format!("E'{}'", text.chars().map(escaped).collect::<String>());
    }
    let is_plain = !text.is_empty() && text != "NULL" && !text.starts_with([' ', '\'', '(', 'E']) && !text.ends_with(' ')
        || text.starts_with('E') && !text.starts_with("E'") && !text.ends_with(' ');
    if is_plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

fn escaped(character: char) -> String {
    match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\'' => "''".to_owned(),
        ' ' => " ".to_owned(),
        _ if is_unsafe(character) || character.is_whitespace() => match u32::from(character) {
            code @ ..=0xffff => format!("\\u{code:04X}"),
            code => format!("\\U{code:08X}"),
        },
        _ => character.to_string(),
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
