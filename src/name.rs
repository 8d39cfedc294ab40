//! The two sides, and names and literals: the only room in which a name or a value becomes SQL text.
//!
//! Comes in: what the catalog or a person called something. Goes out: text that is safe to put into a statement on a session
//! with `standard_conforming_strings = on`, which every session of ours pins.
//! Never: decides which names are meant, folds case, or talks to a server.
//!
//! ```
//! use failback::name::{QualifiedName, literal};
//!
//! assert_eq!(QualifiedName::new("public", r#"Chain "Blocks""#).sql(), r#""public"."Chain ""Blocks""""#);
//! assert_eq!(literal("it's"), "'it''s'");
//! ```

use std::fmt;

use postgres_protocol::escape::escape_identifier;
use serde::{Deserialize, Serialize};

/// One of the servers of a recovery. OLD and NEW, never source and target: after a rollback those words swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The servers that traffic went back to; the only ones that are ever written.
    Old,
    /// The servers that took writes between cutover and rollback; only ever read.
    New,
}

impl Side {
    /// Both, OLD first.
    pub const BOTH: [Self; 2] = [Self::Old, Self::New];

    /// Returns the lower-case word used in file names, variables and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }

    /// Returns the other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Old => "OLD",
            Self::New => "NEW",
        })
    }
}

/// One thing of OLD's and one of NEW's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sided<T> {
    /// OLD's.
    pub old: T,
    /// NEW's.
    pub new: T,
}

impl<T> Sided<T> {
    /// Makes the thing of each side, OLD's first.
    pub fn of(mut make: impl FnMut(Side) -> T) -> Self {
        Self { old: make(Side::Old), new: make(Side::New) }
    }

    /// Returns one side's.
    pub const fn get(&self, side: Side) -> &T {
        match side {
            Side::Old => &self.old,
            Side::New => &self.new,
        }
    }

    /// Returns one side's, to be replaced or altered.
    pub const fn get_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Old => &mut self.old,
            Side::New => &mut self.new,
        }
    }

    /// Borrows both.
    pub const fn as_ref(&self) -> Sided<&T> {
        Sided { old: &self.old, new: &self.new }
    }

    /// Makes another thing of each, OLD's first.
    pub fn map<U>(self, mut make: impl FnMut(T) -> U) -> Sided<U> {
        Sided { old: make(self.old), new: make(self.new) }
    }

    /// Puts each beside another thing of the same side.
    pub fn zip<U>(self, other: Sided<U>) -> Sided<(T, U)> {
        Sided { old: (self.old, other.old), new: (self.new, other.new) }
    }
}

impl<T, E> Sided<Result<T, E>> {
    /// Returns both, or the first error, OLD's before NEW's.
    ///
    /// # Errors
    /// If either is one.
    pub fn transpose(self) -> Result<Sided<T>, E> {
        Ok(Sided { old: self.old?, new: self.new? })
    }
}

/// OLD's first, as `try_join!` returns what it was given.
impl<T> From<(T, T)> for Sided<T> {
    fn from((old, new): (T, T)) -> Self {
        Self { old, new }
    }
}

/// OLD's first.
impl<T> IntoIterator for Sided<T> {
    type Item = T;
    type IntoIter = std::array::IntoIter<T, 2>;

    fn into_iter(self) -> Self::IntoIter {
        [self.old, self.new].into_iter()
    }
}

/// One SQL identifier, as the catalog spells it: unquoted, exact case, at most 63 bytes on a stock server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ident(String);

impl Ident {
    /// Wraps a name exactly as the catalog spells it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Returns the name as the catalog spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name quoted for SQL. Always quoted: reserved words differ between server versions.
    #[must_use]
    pub fn sql(&self) -> String {
        escape_identifier(&self.0)
    }

    /// Returns a name that none of the given ones is: the wanted one, with as many underscores behind it as that takes.
    #[must_use]
    pub fn beside<'a>(wanted: &str, taken: impl IntoIterator<Item = &'a Self, IntoIter: Clone>) -> Self {
        let (mut name, taken) = (Self::new(wanted), taken.into_iter());
        while taken.clone().any(|other| *other == name) {
            name.0.push('_');
        }
        name
    }

    /// Returns the name quoted for SQL that a person reads: what does not show itself is written as its number.
    #[must_use]
    pub fn visible_sql(&self) -> String {
        if self.0.chars().all(is_visible) {
            return self.sql();
        }
        let spelled = |c: char| match c {
            '"' => "\"\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            _ if is_visible(c) => c.to_string(),
            _ => format!("\\+{:06X}", u32::from(c)),
        };
        format!("U&\"{}\"", self.0.chars().map(spelled).collect::<String>())
    }
}

/// Whether a character shows itself as what it is, wherever it is printed.
#[must_use]
pub fn is_visible(c: char) -> bool {
    c == ' ' || c.is_alphanumeric() || c.is_ascii_graphic()
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Ident {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// A relation's schema and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QualifiedName {
    /// The namespace, never empty.
    pub schema: Ident,
    /// The relation's own name.
    pub name: Ident,
}

impl QualifiedName {
    /// Joins a schema and a name, both as the catalog spells them.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Ident::new(schema), name: Ident::new(name) }
    }

    /// Returns `"schema"."name"`, quoted for SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        format!("{}.{}", self.schema.sql(), self.name.sql())
    }

    /// As [`Ident::visible_sql`].
    #[must_use]
    pub fn visible_sql(&self) -> String {
        format!("{}.{}", self.schema.visible_sql(), self.name.visible_sql())
    }
}

/// `schema.name` for people, by which decisions and settings name a table too: a part with a dot or a quote in it is quoted, so
/// that no two tables are called alike. Never parsed, and never put into SQL.
impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |name: &Ident| if name.0.contains(['.', '"']) { name.sql() } else { name.0.clone() };
        write!(f, "{}.{}", part(&self.schema), part(&self.name))
    }
}

/// Returns an operator under its schema, which need not be on the `search_path`, for SQL. An operator's own name is never
/// quoted: it has no letters.
#[must_use]
pub fn operator(schema: &Ident, name: &str) -> String {
    format!("operator({}.{name})", schema.sql())
}

/// Returns a string literal for SQL. The value must not hold a NUL, which PostgreSQL text cannot hold either.
#[must_use]
pub fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Returns a one-dimensional array in PostgreSQL's array input syntax as a string literal, ready for a cast: `'{"a","b"}'`.
///
/// Every element is quoted, so `NULL`, commas, braces and blanks inside a value stay a value (PostgreSQL documentation,
/// "Array Input and Output Syntax").
#[must_use]
pub fn array_literal<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from("{");
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push('"');
        for character in value.chars() {
            if matches!(character, '"' | '\\') {
                text.push('\\');
            }
            text.push(character);
        }
        text.push('"');
    }
    text.push('}');
    literal(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_side_stays_with_it() {
        let words = Sided::of(Side::word);
        assert_eq!((words.old, words.new), ("old", "new"));
        assert_eq!(words.zip(Sided::from((1, 2))).map(|(word, number)| format!("{word}{number}")).new, "new2");
        assert_eq!(Side::BOTH.map(|side| *words.get(side)), ["old", "new"]);
        assert_eq!(words.as_ref().into_iter().copied().collect::<String>(), "oldnew");
        assert_eq!(Sided { old: Ok::<_, ()>(1), new: Ok(2) }.transpose(), Ok(Sided { old: 1, new: 2 }));
        assert_eq!(Sided { old: Err::<(), _>("OLD's"), new: Err("NEW's") }.transpose(), Err("OLD's"));
    }

    #[test]
    fn hostile_names_stay_one_identifier() {
        let name = QualifiedName::new("pub\"lic", "a\"; drop table x; --\n.b");
        assert_eq!(name.sql(), "\"pub\"\"lic\".\"a\"\"; drop table x; --\n.b\"");
    }

    #[test]
    fn no_two_tables_are_called_alike() {
        assert_eq!(QualifiedName::new("public", "Orders 1").to_string(), "public.Orders 1");
        assert_eq!(QualifiedName::new("a", "b.c").to_string(), "a.\"b.c\"");
        assert_eq!(QualifiedName::new("a.b", "c").to_string(), "\"a.b\".c");
        assert_eq!(QualifiedName::new("\"a", "b\".c").to_string(), "\"\"\"a\".\"b\"\".c\"");
    }

    #[test]
    fn what_does_not_show_itself_is_spelled_out_for_a_reader() {
        assert_eq!(Ident::new("grüße \\ \"x\"").visible_sql(), "\"grüße \\ \"\"x\"\"\"");
        assert_eq!(Ident::new("a\u{202e}\\\"b").visible_sql(), "U&\"a\\+00202E\\\\\"\"b\"");
    }

    #[test]
    fn literals_double_quotes_and_keep_backslashes() {
        assert_eq!(literal("it's \\ here"), "'it''s \\ here'");
        assert_eq!(array_literal(["a\"b", "c\\d", "e'f", ""]), "'{\"a\\\"b\",\"c\\\\d\",\"e''f\",\"\"}'");
    }
}
