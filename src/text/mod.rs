//! Text that cannot play tricks on whoever looks at it, on a terminal or on a page.
//!
//! Comes in: a name or a value, as a database has it, or a number. Goes out: the same with what does not show itself spelt out;
//! a number with commas.
//! Never: knows where it is shown.

pub mod amount;
mod shell;

pub use shell::{shell_line, shell_word};

use std::fmt::Write as _;

/// Characters that do not show: those that turn the direction of text, join it, or have no width, and separators of lines.
/// Unicode 17, general categories Cf, Zl and Zp, and the blank letters of Hangul.
const UNSEEN: [(char, char); 24] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
];

/// Whether a character may play tricks on whoever reads it.
#[must_use]
pub fn is_unsafe(character: char) -> bool {
    // The last planes hold tags, selectors of variants and private characters.
    character.is_control()
        || character >= '\u{e0000}'
        || UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// Spells out control, bidirectional and invisible characters: names come from databases, and a name may hold a terminal's
/// commands, or look like another one.
#[must_use]
pub fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            let _ = write!(tamed, "{}", character.escape_default());
        } else {
            tamed.push(character);
        }
    }
    tamed
}

/// Spells out the characters of a JSON document that may play tricks on whoever reads it: all of them stand in strings.
#[must_use]
pub fn tame_json(document: &str) -> String {
    let mut tamed = String::with_capacity(document.len());
    for character in document.chars() {
        if character != '\n' && is_unsafe(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing into a String cannot fail.
                let _ = write!(tamed, "\\u{unit:04x}");
            }
        } else {
            tamed.push(character);
        }
    }
    tamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_spelt_out() {
        assert_eq!(tame("a\u{1b}[2Jb\nc é"), "a\\u{1b}[2Jb\\nc é");
    }

    #[test]
    fn what_does_not_show_is_spelt_out() {
        assert_eq!(tame("a\u{202e}b\u{200b}c\u{2066}d\u{feff}"), "a\\u{202e}b\\u{200b}c\\u{2066}d\\u{feff}");
        assert_eq!(tame("naïve Ω 日本 🦀"), "naïve Ω 日本 🦀");
    }

    #[test]
    fn what_does_not_show_is_spelt_out_in_json() {
        let document = format!("{:#}", serde_json::json!({ "a\u{202e}": ["b\u{e0001}\u{1b}", 1] }));
        let tamed = tame_json(&document);
        assert!(!tamed.chars().any(|c| c != '\n' && is_unsafe(c)), "{tamed}");
        let (before, after): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(&document).unwrap(), serde_json::from_str(&tamed).unwrap());
        assert_eq!(after, before);
    }
}
