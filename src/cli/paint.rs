//! Colour, where it is wanted; and text that cannot play tricks on a terminal.

use std::fmt::Write as _;

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Paint {
    /// Whether colour is wanted.
    pub(super) on: bool,
}

impl Paint {
    /// Something went wrong.
    pub(super) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    /// Something waits for a person.
    pub(super) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// All is well.
    pub(super) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Bold where the terminal shows it, as headings are.
    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Spells out control characters: names come from databases, and a name may hold a terminal's commands.
pub(super) fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            let _ = write!(tamed, "{}", character.escape_default());
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
    fn colour_is_a_matter_of_choice() {
        assert_eq!(Paint { on: false }.red("x"), "x");
        assert_eq!(Paint { on: true }.red("x"), "\u{1b}[1;31mx\u{1b}[0m");
    }
}
