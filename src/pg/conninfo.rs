//! Connection strings: URIs and keyword/value pairs become settings.
//!
//! Comes in: what a person typed after `--old` or `--new`, or one section of a service file. Goes out: keywords with values.
//! Sources: PostgreSQL 18 documentation, "Connection Strings" of libpq.
//! Never: reads a file or a variable; never quotes a value in an error, because a mistyped string may show its password in any
//! place (`postgres://u:pa/ss@host` reads as host `u`, port `pa`).

use std::collections::BTreeMap;
use std::fmt;

use super::keyword::{self, Support};
use crate::error::{Error, ErrorKind, Result};

/// Keywords with their values; only honoured keywords are in it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Returns the value of a keyword; an empty value means "not set", as in libpq.
    pub(super) fn get(&self, word: &str) -> Option<&str> {
        self.0.get(word).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Sets a keyword that is known to be honoured.
    pub(super) fn set(&mut self, word: &'static str, value: String) {
        self.0.insert(word, value);
    }

    /// Takes over what `weaker` knows and this does not.
    pub(super) fn fill_from(&mut self, weaker: &Self) {
        for (word, value) in &weaker.0 {
            if self.get(word).is_none() {
                self.0.insert(word, value.clone());
            }
        }
    }

    /// Drops keywords.
    pub(super) fn forget(&mut self, words: &[&str]) {
        self.0.retain(|word, _| !words.contains(word));
    }

    /// Returns whether nothing is set.
    pub(super) fn is_empty(&self) -> bool {
        self.0.values().all(String::is_empty)
    }

    /// Checks a keyword and sets it. `nameable` says that the word cannot be a piece of a password.
    pub(super) fn accept(&mut self, word: &str, value: String, nameable: bool) -> Result<()> {
        match keyword::find(word) {
            Some((word, Support::Honoured)) => self.set(word, value),
            Some(("gssencmode", _)) if value == "require" => {
                return Err(malformed("gssencmode=require is not supported: failback encrypts with TLS only"));
            }
            Some((_, Support::Ignored)) => {}
            Some((word, Support::Refused(reason))) => {
                return Err(malformed(format!("the keyword {word} is not supported: {reason}")));
            }
            None => return Err(unknown(word, nameable)),
        }
        Ok(())
    }
}

/// Keywords only: any value may be secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn malformed(cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, "read the connection string").because(cause.into())
}

fn unknown(word: &str, nameable: bool) -> Error {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if !(nameable && plain) {
        return malformed("an item after the password is not a keyword")
            .next("put the password in single quotes, or percent-encode it in a URI");
    }
    let error = malformed(format!("there is no keyword {word}"));
    match keyword::nearest(word) {
        Some(near) => error.next(format!("did you mean {near}?")),
        None => error.next("see \"Parameter Key Words\" in PostgreSQL's documentation of libpq"),
    }
}

/// Reads a connection string in either form. A string without `=` and without `://` is the name of a database, as in psql.
///
/// # Errors
/// `Config` if the string does not follow its form or uses an unknown keyword; the nearest keyword is named.
pub(super) fn parse(text: &str) -> Result<Settings> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://")) {
        return parse_uri(rest);
    }
    if text.contains("://") {
        return Err(malformed("the URI does not begin with postgresql:// or postgres://"));
    }
    if !text.is_empty() && !text.contains(['=', ' ', '\'']) {
        let mut settings = Settings::default();
        settings.set("dbname", text.to_owned());
        return Ok(settings);
    }
    parse_pairs(text)
}

fn parse_pairs(text: &str) -> Result<Settings> {
    let mut settings = Settings::default();
    let mut rest = text.trim_start();
    let mut after_password = false;
    while !rest.is_empty() {
        let Some((word, value)) = rest.split_once('=') else {
            return Err(malformed("an item has no =").next("put values with blanks in single quotes"));
        };
        let word = word.trim_end();
        if word.contains(char::is_whitespace) {
            return Err(malformed("an item has no =").next("put values with blanks in single quotes"));
        }
        let (value, tail) = take_value(value.trim_start())?;
        settings.accept(word, value, !after_password)?;
        after_password = after_password || word == "password";
        rest = tail.trim_start();
    }
    Ok(settings)
}

/// Splits a value off: quoted or up to the next blank; a backslash makes the next character ordinary in both forms.
fn take_value(text: &str) -> Result<(String, &str)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, escaped)) => value.push(escaped),
                None => return Err(malformed("the string ends in a backslash")),
            },
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            blank if blank.is_whitespace() && !quoted => return Ok((value, &text[at..])),
            ordinary => value.push(ordinary),
        }
    }
    if quoted { Err(malformed("a quoted value has no closing quote")) } else { Ok((value, "")) }
}

fn parse_uri(rest: &str) -> Result<Settings> {
    let mut settings = Settings::default();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    if database.contains('@') || authority.matches('@').count() > 1 {
        return Err(
            malformed("there is an @ where none can be").next("percent-encode the password: @ is %40, / is %2F, ? is %3F")
        );
    }
    let hosts = match authority.split_once('@') {
        Some((credentials, hosts)) => {
            let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
            settings.set("user", decoded(user)?);
            settings.set("password", decoded(password)?);
            hosts
        }
        None => authority,
    };
    settings.set("dbname", decoded(database)?);
    accept_hosts(&mut settings, hosts)?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((word, value)) = pair.split_once('=') else {
            return Err(malformed("a parameter of the URI has no ="));
        };
        let (word, value) = (decoded(word)?, decoded(value)?);
        // JDBC's spelling, which libpq accepts too.
        if word == "ssl" && value == "true" {
            settings.set("sslmode", "require".to_owned());
        } else {
            settings.accept(&word, value, true)?;
        }
    }
    Ok(settings)
}

/// Reads `host:port,[::1]:port,…` into the two comma lists that keyword strings use.
fn accept_hosts(settings: &mut Settings, text: &str) -> Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for item in text.split(',') {
        let (host, port) = match item.strip_prefix('[') {
            Some(bracketed) => {
                let (address, tail) = bracketed.split_once(']').ok_or_else(|| malformed("an IPv6 address has no ]"))?;
                if !tail.is_empty() && !tail.starts_with(':') {
                    return Err(malformed("something other than a port follows an IPv6 address"));
                }
                (address, tail.strip_prefix(':').unwrap_or(""))
            }
            None => item.split_once(':').unwrap_or((item, "")),
        };
        hosts.push(decoded(host)?);
        ports.push(port.to_owned());
    }
    settings.set("host", hosts.join(","));
    if ports.iter().any(|port| !port.is_empty()) {
        settings.set("port", ports.join(","));
    }
    Ok(())
}

fn decoded(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let code = tail
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|code| *code != 0);
        let Some(code) = code else {
            return Err(malformed("a % is not followed by two hexadecimal digits").next("write a % itself as %25"));
        };
        bytes.push(code);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| malformed("percent-encoded bytes are not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(&'static str, String)> {
        parse(text).unwrap().0.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    #[track_caller]
    fn same(left: &str, right: &str) {
        assert_eq!(pairs(left), pairs(right));
    }

    #[test]
    fn uris_and_pairs_say_the_same() {
        same("postgresql://", "");
        same("postgres://localhost", "host=localhost");
        same("postgresql://u:p%40%2f@h:5433/d", "user=u password='p@/' host=h port=5433 dbname=d");
        same("postgresql:///d?host=/tmp&port=1", "host=/tmp port=1 dbname=d");
        same("postgresql://%2Frun%2Fpg/d", "host=/run/pg dbname=d");
        same("postgresql://a:1,b,[::1]:3/d", "host=a,b,::1 port=1,,3 dbname=d");
        same("postgresql://h/d?ssl=true", "host=h dbname=d sslmode=require");
        same(
            "postgresql://h/d?sslmode=verify-full&sslrootcert=system",
            "host=h dbname=d sslmode=verify-full sslrootcert=system",
        );
        same("shop", "dbname=shop");
    }

    #[test]
    fn pairs_take_blanks_quotes_and_backslashes() {
        same(" host = h   user= u ", "host=h user=u");
        assert_eq!(
            pairs(r"password='it\'s \\ here' user=a\ b"),
            [("password", r"it's \ here".to_owned()), ("user", "a b".to_owned())]
        );
        same("host='' user=u", "user=u");
        same("gssencmode=disable user=u", "user=u");
    }

    #[test]
    fn malformed_strings_are_refused_without_quoting_them() {
        for text in [
            "mysql://u:s3cret@h/d",
            "postgres://u:s3c@ret@h/d",
            "postgres://u:s3/cret@h/d",
            "postgres://u:s3cret%zz@h/d",
            "postgres://u:s3cret@[::1/d",
            "postgres://h?s3cret",
            "password=x s3cret host=h",
            "password=x s3cret=y",
            "password='s3cret",
            "password=s3cret\\",
            "sslcrl=s3cret",
            "gssencmode=require",
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{text}");
            let told = format!("{error:?} {:?}", error.hints());
            assert!(!told.contains("s3c") && !told.contains("ret@"), "{told}");
        }
    }

    #[test]
    fn the_nearest_keyword_is_named() {
        let error = parse("sslmod=require").unwrap_err();
        assert_eq!(error.causes(), ["there is no keyword sslmod"]);
        assert_eq!(error.hints(), ["did you mean sslmode?"]);
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", parse("user=u password=s3cret").unwrap()), r#"{"password", "user"}"#);
    }

    #[test]
    fn the_stronger_setting_stays() {
        let mut strong = parse("host=a port=''").unwrap();
        strong.fill_from(&parse("host=b port=1").unwrap());
        assert_eq!((strong.get("host"), strong.get("port")), (Some("a"), Some("1")));
    }
}
