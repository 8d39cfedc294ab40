//! A text as it is shown: what it is, and nothing that could be taken for something else.

use std::fmt::Write as _;

use super::cell::Cell;
use crate::text::is_unsafe;

/// So many characters of a long value are shown before the first that matters.
const BEFORE: usize = 40;

/// Spells a text as it is, or as a literal of PostgreSQL's where it could be taken for something else, or does not show.
#[must_use]
pub fn spelt(text: &str) -> String {
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

/// Returns how many characters two values have in common at their beginning, where both are texts.
#[must_use]
pub fn common(a: &Cell, b: &Cell) -> usize {
    match (a, b) {
        (Cell::Text(a), Cell::Text(b)) => a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count(),
        _ => 0,
    }
}

/// Spells a text, and of a long one `most` characters, and how many are left out. `from` is the first character that matters.
#[must_use]
pub fn excerpt(text: &str, from: usize, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return spelt(text);
    }
    let first = if from > most.saturating_sub(BEFORE) { from.saturating_sub(BEFORE).min(length - 1) } else { 0 };
    let place = |number: usize| text.char_indices().nth(number).map_or(text.len(), |(at, _)| at);
    let last = (first + most).min(length);
    let mut said = String::new();
    if first > 0 {
        let _ = write!(said, "({first} characters before) ");
    }
    said.push_str(&spelt(&text[place(first)..place(last)]));
    if length > last {
        let _ = write!(said, " ({} characters more)", length - last);
    }
    said
}
