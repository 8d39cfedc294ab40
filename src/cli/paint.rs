//! Colour, where it is wanted; and text that cannot play tricks on a terminal.

pub(super) use crate::text::{is_unsafe, tame, tame_json};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_a_matter_of_choice() {
        assert_eq!(Paint { on: false }.red("x"), "x");
        assert_eq!(Paint { on: true }.red("x"), "\u{1b}[1;31mx\u{1b}[0m");
    }
}
