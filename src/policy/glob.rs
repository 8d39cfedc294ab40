//! A name with `*` for any text.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A name of a table or a column in which `*` stands for any text, and everything else for itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Glob(String);

impl Glob {
    /// Takes a pattern as it was written.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Returns the pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names one thing by its whole name.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether a name is meant, to the letter.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        matches(&self.0, name)
    }

    /// Whether a name is meant, whatever the case of its letters.
    #[must_use]
    pub fn matches_any_case(&self, name: &str) -> bool {
        matches(&self.0.to_lowercase(), &name.to_lowercase())
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    let Some(tail) = parts.next_back() else { return rest.is_empty() };
    // The first place of each part in the middle leaves the most for those behind it.
    let mut rest = rest;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        let cases = [
            ("public.*", "public.orders", true),
            ("*.orders", "public.orders", true),
            ("*", "anything", true),
            ("**", "", true),
            ("p*.o*s", "public.orders", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("*ab*b", "aab", false),
            ("*ab*b", "abb", true),
            ("public.order", "public.orders", false),
            ("*.order", "public.orders", false),
            ("", "", true),
            ("é*", "été", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(Glob::new(pattern).matches(name), expected, "{pattern} {name}");
        }
        assert!(Glob::new("*Mail").matches_any_case("E_MAIL") && !Glob::new("*Mail").matches("E_MAIL"));
    }
}
