//! What a span or an event says, as text on one line that can play no tricks on a terminal.

use std::fmt::{Debug, Write as _};
use std::time::Duration;

use tracing::field::{Field, Visit};

/// The name under which `tracing` hands over what an event says in words.
const MESSAGE: &str = "message";

/// Words, and fields as `name=value`.
#[derive(Default)]
pub(super) struct Fields(String);

impl Fields {
    /// Begins with words.
    pub(super) fn saying(words: &str) -> Self {
        Self(words.to_owned())
    }

    /// Adds how long something took.
    pub(super) fn lasting(mut self, time: Duration) -> Self {
        // Writing into a String cannot fail.
        let _ = write!(self.0, " ms={}", time.as_millis());
        self
    }

    /// Adds others.
    pub(super) fn and(mut self, others: &Self) -> Self {
        if !others.0.is_empty() {
            self.0.extend([" ", &others.0]);
        }
        self
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        // An apostrophe ends nothing here.
        let escaped = |value: &str| value.split('\'').map(|part| part.escape_debug().to_string()).collect::<Vec<_>>().join("'");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+,%".contains(c);
        if name == MESSAGE {
            self.0.push_str(&escaped(value));
        } else if !value.is_empty() && value.chars().all(is_plain) {
            self.0.extend([name, "=", value]);
        } else {
            self.0.extend([name, "=\"", &escaped(value), "\""]);
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stays_on_its_line_and_plays_no_tricks() {
        let mut fields = Fields::saying("ended").lasting(Duration::from_millis(7));
        for (name, value) in [("a", "public.items"), ("b", "x \"y\"\n\u{202e}z\u{200b}"), ("c", ""), ("d", "OLD's rows")] {
            fields.add(name, value);
        }
        assert_eq!(fields.text(), r#"ended ms=7 a=public.items b="x \"y\"\n\u{202e}z\u{200b}" c="" d="OLD's rows""#);
    }
}
