//! TOML with places: a file's sections and entries, each of which knows its line and column, and unknown keys told with the
//! nearest known name.
//!
//! Comes in: the text of `decisions.toml` or `failback.toml`. Goes out: entries, or an error at `file:line:column`.
//! Never: repeats a value in an error on its own account, as it may be a password; the caller does so for values that are not
//! secret. For the same reason the parser's own excerpt of the line is dropped and only its message kept.

use std::fmt::Write as _;
use std::ops::Range;

use toml_edit::{Array, Document, Item, Key, TableLike, Value};

use crate::error::{Error, ErrorKind, Result};

/// The text of one file, and what is being done with it.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    action: &'static str,
    file: &'a str,
    text: &'a str,
}

impl<'a> Source<'a> {
    /// Names the action ("read the decisions"), the file as the user knows it, and its text.
    #[must_use]
    pub fn new(action: &'static str, file: &'a str, text: &'a str) -> Self {
        // A byte order mark is not TOML; editors on Windows write one all the same.
        Self { action, file, text: text.strip_prefix('\u{feff}').unwrap_or(text) }
    }

    /// Parses the text as TOML.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] at the place where the text stops being TOML.
    pub fn parse(&self) -> Result<Document<&'a str>> {
        Document::parse(self.text).map_err(|fault| {
            let cause = fault.message().lines().collect::<Vec<_>>().join("; ");
            self.error(fault.span().as_ref(), format!("not valid TOML: {cause}"))
        })
    }

    /// Returns `file:line:column`, both counted from 1, columns in characters; the file alone if there is no span.
    #[must_use]
    pub fn place(&self, span: Option<&Range<usize>>) -> String {
        let Some(before) = span.and_then(|span| self.text.get(..span.start)) else { return self.file.to_owned() };
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.file)
    }

    /// Makes an error of kind [`ErrorKind::Config`] at a span.
    #[must_use]
    pub fn error(&self, span: Option<&Range<usize>>, cause: impl Into<String>) -> Error {
        Error::new(ErrorKind::Config, self.action).at(self.place(span)).because(cause.into())
    }
}

/// One table of the file, with its dotted path.
#[derive(Clone)]
pub struct Section<'a> {
    source: &'a Source<'a>,
    table: &'a dyn TableLike,
    path: String,
}

impl<'a> Section<'a> {
    /// Opens the document's root.
    #[must_use]
    pub fn root(source: &'a Source<'a>, document: &'a Document<&'a str>) -> Self {
        Self { source, table: document.as_table(), path: String::new() }
    }

    /// Returns the dotted path as it is written between brackets; empty at the root.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Checks that every key is one of `known`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] at the first unknown key, with the nearest known name, or all of them if none is near.
    pub fn check(&self, known: &[&str]) -> Result<()> {
        self.entries().find(|entry| !known.contains(&entry.key)).map_or(Ok(()), |entry| Err(entry.unknown(known)))
    }

    /// The error for a key that has to be there, at the section's first.
    #[must_use]
    pub fn lacks(&self, key: &str) -> Error {
        let cause = format!("[[{}]] lacks `{key}`", self.path);
        match self.entries().next() {
            Some(entry) => entry.key_error(cause),
            None => self.source.error(None, cause),
        }
    }

    /// Lists the entries in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> + '_ {
        self.table.iter().filter_map(|(key, _)| self.entry(key))
    }

    /// Finds one entry.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<Entry<'a>> {
        let (key, item) = self.table.get_key_value(key)?;
        let mut section = self.path.clone();
        if !section.is_empty() {
            section.push('.');
        }
        section.push_str(&spell(key.get()));
        Some(Entry { source: self.source, section: self.path.clone(), path: section, key: key.get(), span: key.span(), item })
    }

    /// Reads an optional string.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the entry is something else.
    pub fn text(&self, key: &str) -> Result<Option<String>> {
        self.entry(key).map(|entry| entry.text().map(str::to_owned)).transpose()
    }

    /// Reads an optional string or list of strings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the entry is something else.
    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>> {
        self.entry(key).map(|entry| entry.texts()).transpose()
    }

    /// Opens an optional table.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if the entry is something else.
    pub fn section(&self, key: &str) -> Result<Option<Self>> {
        self.entry(key).map(|entry| entry.section()).transpose()
    }
}

/// One key with its value.
pub struct Entry<'a> {
    source: &'a Source<'a>,
    section: String,
    path: String,
    key: &'a str,
    span: Option<Range<usize>>,
    item: &'a Item,
}

impl<'a> Entry<'a> {
    /// Returns the key, without quotes.
    #[must_use]
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// Returns the section that the key stands in, without brackets.
    #[must_use]
    pub fn section_name(&self) -> &str {
        &self.section
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> Option<&'a Value> {
        self.item.as_value()
    }

    /// Whether the value is a table, in brackets or inline.
    #[must_use]
    pub fn is_section(&self) -> bool {
        self.item.is_table_like()
    }

    /// Returns the place of the key.
    #[must_use]
    pub fn place(&self) -> String {
        self.source.place(self.span.as_ref())
    }

    /// Makes an error at the key.
    #[must_use]
    pub fn key_error(&self, cause: impl Into<String>) -> Error {
        self.source.error(self.span.as_ref(), cause)
    }

    /// Makes an error at the value.
    #[must_use]
    pub fn value_error(&self, cause: impl Into<String>) -> Error {
        let span = self.item.span().or_else(|| self.span.clone());
        self.source.error(span.as_ref(), cause)
    }

    /// Says that the value should have been `wanted`.
    #[must_use]
    pub fn wants(&self, wanted: &str) -> Error {
        self.value_error(format!("`{}` must be {wanted}; found {}", self.key, article(self.item.type_name())))
    }

    /// The error for a key that is not known.
    #[must_use]
    pub fn unknown(&self, known: &[&str]) -> Error {
        let mut cause = format!("unknown key `{}`", self.key);
        if !self.section.is_empty() {
            let _ = write!(cause, " in [{}]", self.section);
        }
        let _ = match nearest(self.key, known.iter().copied()) {
            Some(name) => write!(cause, "; did you mean `{name}`?"),
            None => write!(cause, "; known are {}", known.join(", ")),
        };
        self.key_error(cause)
    }

    /// Reads a string that says something.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if it is something else, or empty.
    pub fn text(&self) -> Result<&'a str> {
        let text = self.item.as_str().ok_or_else(|| self.wants("a string"))?;
        if text.trim().is_empty() { Err(self.value_error(format!("`{}` is empty", self.key))) } else { Ok(text) }
    }

    /// Reads a string, or a list of different strings.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if it is something else.
    pub fn texts(&self) -> Result<Vec<String>> {
        match self.item.as_array() {
            Some(array) => self.list(array),
            None if self.item.is_str() => Ok(vec![self.text()?.to_owned()]),
            None => Err(self.wants("a string or a list of strings")),
        }
    }

    fn list(&self, array: &Array) -> Result<Vec<String>> {
        let mut texts: Vec<String> = Vec::with_capacity(array.len());
        for value in array {
            let span = value.span();
            let text = value.as_str().filter(|text| !text.trim().is_empty()).ok_or_else(|| {
                let cause = format!("`{}` must be a list of strings that are not empty", self.key);
                self.source.error(span.as_ref(), cause)
            })?;
            if texts.iter().any(|known| known == text) {
                return Err(self.source.error(span.as_ref(), format!("`{}` lists `{text}` twice", self.key)));
            }
            texts.push(text.to_owned());
        }
        Ok(texts)
    }

    /// Opens the tables that stand under double brackets.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if it is something else.
    pub fn sections(&self) -> Result<Vec<Section<'a>>> {
        let wanted = || self.wants(&format!("tables, each under [[{}]]", self.path));
        let tables = self.item.as_array_of_tables().ok_or_else(wanted)?;
        Ok(tables.iter().map(|table| Section { source: self.source, table, path: self.path.clone() }).collect())
    }

    /// Opens the table.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] if it is something else.
    pub fn section(&self) -> Result<Section<'a>> {
        let table = self.item.as_table_like().ok_or_else(|| self.wants("a table"))?;
        Ok(Section { source: self.source, table, path: self.path.clone() })
    }
}

/// Returns a key as TOML spells it: bare where that is allowed, else quoted.
#[must_use]
pub fn spell(key: &str) -> String {
    Key::new(key).display_repr().into_owned()
}

/// Finds the known name that a misspelt one most likely meant: at most two letters away, cut short, or with letters left out.
pub fn nearest<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let word = word.to_lowercase();
    // One letter in short words, where two would find chance; `public.users` must not pass for `public.orders`.
    let length = word.chars().count();
    let most = (length / 4).clamp(1, 2);
    let distance = |name: &str| {
        let name = name.to_lowercase();
        let is_short_for = || name.chars().next() == word.chars().next() && is_subsequence(&word, &name);
        if length >= 4 && (name.starts_with(&word) || is_short_for()) { 1 } else { strsim::damerau_levenshtein(&word, &name) }
    };
    known
        .into_iter()
        .map(|name| (distance(name), name))
        .filter(|(distance, _)| *distance <= most && *distance < length)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Whether a word is another one with at most a third of its letters left out.
fn is_subsequence(word: &str, of: &str) -> bool {
    let mut letters = of.chars();
    word.chars().all(|letter| letters.any(|other| other == letter)) && of.chars().count() * 2 <= word.chars().count() * 3
}

fn article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if an { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, known: &[&str]) -> String {
        let source = Source::new("read the file", "some.toml", text);
        let document = source.parse().unwrap();
        Section::root(&source, &document).check(known).map_or_else(|error| format!("{error:?}"), |()| "fine".to_owned())
    }

    #[test]
    fn unknown_keys_name_the_nearest_or_all() {
        let known = ["update", "delete", "old_only"];
        assert_eq!(check("delete = 1\nupdate = 1", &known), "fine");
        assert_eq!(
            check("delete = 1\n\n  udpate = 1", &known),
            "Config: read the file (some.toml:3:3); unknown key `udpate`; did you mean `update`?"
        );
        assert_eq!(
            check("\"é.é\" = 1", &known),
            "Config: read the file (some.toml:1:1); unknown key `é.é`; known are update, delete, old_only"
        );
    }

    #[test]
    fn nearest_finds_nothing_for_unrelated_words() {
        let cases = [
            ("udpate", Some("update")),
            ("update_origin", Some("update_origin_differs")),
            ("old-only", Some("old_only")),
            ("Delete", Some("delete")),
            ("password", None),
            ("updt", Some("update")),
            ("uptd", None),
            ("", None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, ["update", "delete", "old_only", "update_origin_differs"]), expected, "{word}");
        }
    }

    #[test]
    fn broken_toml_never_repeats_the_line() {
        let source = Source::new("read the file", "some.toml", "a = 1\npassword = \"hunter2\nb = 2");
        let error = source.parse().map(|_| ()).unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "Config: read the file (some.toml:2:20); not valid TOML: invalid basic string, expected `\"`"
        );
    }

    #[test]
    fn columns_count_characters_and_a_byte_order_mark_counts_as_none() {
        assert_eq!(
            check("\u{feff}\"ä\".b.c = 1", &["b"]),
            "Config: read the file (some.toml:1:1); unknown key `ä`; known are b"
        );
        let source = Source::new("read the file", "some.toml", "\"ä\" = 'öß' 1");
        assert_eq!(
            format!("{:?}", source.parse().map(|_| ()).unwrap_err()),
            "Config: read the file (some.toml:1:12); not valid TOML: unexpected key or value, expected newline, `#`"
        );
    }

    #[test]
    fn keys_are_quoted_only_where_toml_wants_it() {
        let cases = [("a_b-1", "a_b-1"), ("public.orders", "\"public.orders\""), ("", "\"\""), ("a\"b", "'a\"b'")];
        for (key, expected) in cases {
            assert_eq!(spell(key), expected);
        }
    }
}
