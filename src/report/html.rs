//! Writes HTML. What comes from a run is escaped whatever it is: only texts of the program itself are written as they are, and
//! the type says which those are.

use crate::text::tame;

/// An attribute: a name of ours, and a value.
pub(super) type Attribute<'a> = (&'static str, &'a str);

/// A document that is being written.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Writes an element and what is in it.
    pub(super) fn element(&mut self, tag: &'static str, attributes: &[Attribute<'_>], inside: impl FnOnce(&mut Self)) {
        self.open(tag, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
        if is_block(tag) {
            self.0.push('\n');
        }
    }

    /// Writes an element with a text in it.
    pub(super) fn leaf(&mut self, tag: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.element(tag, attributes, |html| html.text(text));
    }

    /// Writes an element that has nothing in it.
    pub(super) fn open(&mut self, tag: &'static str, attributes: &[Attribute<'_>]) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }

    /// Writes a text: characters that HTML or a reader would take for something else are spelt out.
    pub(super) fn text(&mut self, text: &str) {
        for character in tame(text).chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
    }

    /// Writes a text of the program itself as it is.
    pub(super) fn verbatim(&mut self, text: &'static str) {
        self.0.push_str(text);
    }

    /// Writes data that a script reads: JSON, in which no character ends the element that it stands in.
    pub(super) fn json(&mut self, id: &str, json: &str) {
        self.open("script", &[("type", "application/json"), ("id", id)]);
        for character in json.chars() {
            match character {
                // Within JSON these stand in strings alone, where such an escape means the same.
                '<' => self.0.push_str("\\u003c"),
                '>' => self.0.push_str("\\u003e"),
                '&' => self.0.push_str("\\u0026"),
                other => self.0.push(other),
            }
        }
        self.verbatim("</script>\n");
    }

    /// Returns the document.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// Whether a line ends behind such an element, so that the document can be read as a text.
fn is_block(tag: &str) -> bool {
    !matches!(
        tag,
        "a" | "b" | "button" | "code" | "em" | "label" | "option" | "span" | "strong" | "td" | "th" | "rect" | "input"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_markup_and_nothing_plays_tricks() {
        let mut html = Html::default();
        html.element("p", &[("title", "\"><script>"), ("class", "a")], |html| html.text("<b>'&\u{202e}\u{0}"));
        assert_eq!(
            html.into_text(),
            "<p title=\"&quot;&gt;&lt;script&gt;\" class=\"a\">&lt;b&gt;&#39;&amp;\\u{202e}\\u{0}</p>\n"
        );
    }

    #[test]
    fn no_data_ends_its_element() {
        let mut html = Html::default();
        html.json("x", r#"{"a":"</script><!--&"}"#);
        let text = html.into_text();
        assert_eq!(text.matches("</script>").count(), 1);
        let json = text.split_once('>').and_then(|(_, rest)| rest.strip_suffix("</script>\n")).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(json).unwrap()["a"], "</script><!--&");
    }
}
