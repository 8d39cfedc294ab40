//! The password file: `host:port:database:user:password`, one a line, `*` for any, `\` before `:` and `\`.
//!
//! Comes in: the file's text. Goes out: the password of the first line that fits.
//! Source: PostgreSQL 18 documentation, "The Password File".
//! Never: opens the file, shows a password.

use std::fmt;

use super::password::Password;

/// A password file's lines.
#[derive(Clone, Default)]
pub(super) struct Passfile(Vec<Line>);

#[derive(Clone)]
struct Line {
    /// Host, port, database, user; `None` is `*`.
    patterns: [Option<String>; 4],
    password: Password,
}

impl Passfile {
    /// Reads the text. Comments and lines that do not have five fields are left aside, as libpq does.
    pub(super) fn parse(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(parse_line).collect())
    }

    /// Returns all passwords.
    pub(super) fn passwords(&self) -> impl Iterator<Item = &Password> {
        self.0.iter().map(|line| &line.password)
    }

    /// Returns the password of the first line that fits.
    pub(super) fn find(&self, host: &str, port: u16, database: &str, user: &str) -> Option<&Password> {
        let port = port.to_string();
        let wanted = [host, &port, database, user];
        let fits = |line: &&Line| {
            line.patterns.iter().zip(wanted).all(|(pattern, wanted)| pattern.as_ref().is_none_or(|pattern| pattern == wanted))
        };
        self.0.iter().find(fits).map(|line| &line.password)
    }
}

impl fmt::Debug for Passfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Passfile({} lines)", self.0.len())
    }
}

fn parse_line(line: &str) -> Option<Line> {
    let mut rest = line.trim_end_matches('\r');
    let mut patterns = [const { None }; 4];
    for pattern in &mut patterns {
        let (field, tail) = take_field(rest);
        // Only a bare star is a wild card; `\*` is a star.
        *pattern = if rest.starts_with("*:") { None } else { Some(field) };
        rest = tail?;
    }
    let (password, _) = take_field(rest);
    (!password.is_empty()).then(|| Line { patterns, password: Password::new(password) })
}

/// Splits one field off at the next bare colon; the tail is `None` where the line ends.
fn take_field(text: &str) -> (String, Option<&str>) {
    let mut field = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            ':' => return (field, Some(&text[at + 1..])),
            '\\' => field.extend(characters.next().map(|(_, escaped)| escaped)),
            ordinary => field.push(ordinary),
        }
    }
    (field, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_wins() {
        let file = Passfile::parse(concat!(
            "# comment\n",
            "broken line\n",
            "orders-12:5432:shop:shop:first\n",
            "orders-12:*:*:shop:a\\:b\\\\c\n",
            "\\:\\:1:5432:*:*:six\n",
            "*:*:*:*:any\r\n",
        ));
        let find = |host, port, user| file.find(host, port, "shop", user).unwrap().reveal();
        assert_eq!(find("orders-12", 5432, "shop"), "first");
        assert_eq!(find("orders-12", 5433, "shop"), "a:b\\c");
        assert_eq!(find("::1", 5432, "x"), "six");
        assert_eq!(find("elsewhere", 1, "x"), "any");
    }

    #[test]
    fn nothing_fits_an_empty_file_and_nothing_is_shown() {
        assert!(Passfile::parse("").find("h", 1, "d", "u").is_none());
        assert!(!format!("{:?}", Passfile::parse("*:*:*:*:s3cret")).contains("s3cret"));
    }
}
