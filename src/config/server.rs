//! How to reach one side: a URL or libpq's keywords, as they stand in the file.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::GivenXid;
use super::lock_waits::{self, LockWaits};
use crate::error::Result;
use crate::policy::keys::{Entry, Section};

/// The keywords of libpq (PostgreSQL documentation, "Parameter Key Words"), up to version 18.
const KEYWORDS: [&str; 44] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "options",
    "passfile",
    "password",
    "port",
    "require_auth",
    "requirepeer",
    "requiressl",
    "service",
    "servicefile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// What `[old]`, `[new]` or `[base]` says. Debug shows names of settings, never values, as any of them may hold a password.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ServerSettings {
    url: Option<String>,
    keywords: BTreeMap<&'static str, String>,
    password_command: Option<String>,
    lock_timeout: Option<Duration>,
    lock_wait: Option<Duration>,
    xid: Option<GivenXid>,
}

impl ServerSettings {
    /// Returns the connection string: the URL as given, or the keywords as libpq reads them; `None` if neither is given.
    ///
    /// May hold a password: not for logs or errors.
    #[must_use]
    pub fn connection_string(&self) -> Option<String> {
        if self.url.is_some() || self.keywords.is_empty() {
            return self.url.clone();
        }
        let quote = |value: &str| value.replace('\\', "\\\\").replace('\'', "\\'");
        let words: Vec<_> = self.keywords.iter().map(|(key, value)| format!("{key}='{}'", quote(value))).collect();
        Some(words.join(" "))
    }

    /// Returns the command that prints the password.
    #[must_use]
    pub fn password_command(&self) -> Option<&str> {
        self.password_command.as_deref()
    }

    /// Returns how long the server's locks are waited for.
    #[must_use]
    pub fn lock_waits(&self) -> LockWaits {
        let LockWaits { timeout, total } = LockWaits::default();
        LockWaits { timeout: self.lock_timeout.unwrap_or(timeout), total: self.lock_wait.unwrap_or(total) }
    }

    /// Returns the first transaction that may not have been over at the cutover, if somebody has said which.
    #[must_use]
    pub const fn xid(&self) -> Option<GivenXid> {
        self.xid
    }

    /// Reads one section, by its name; a password in it is warned of.
    pub(super) fn read(section: &Section<'_>, name: &str, warnings: &mut Vec<String>) -> Result<Self> {
        let own: &[_] = match name {
            "old" => &["xid", "lock_timeout", "lock_wait"],
            // Nothing waits for locks of NEW's.
            "new" => &["xid"],
            _ => &[],
        };
        let known: Vec<_> = KEYWORDS.into_iter().chain(["url", "password_command"]).chain(own.iter().copied()).collect();
        section.check(&known)?;
        let url = section.text("url")?;
        let mut keywords = BTreeMap::new();
        for entry in section.entries() {
            let Some(keyword) = KEYWORDS.into_iter().find(|keyword| *keyword == entry.key()) else { continue };
            if url.is_some() {
                return Err(
                    entry.key_error(format!("[{}] has both `url` and `{keyword}`: write one or the other", section.path()))
                );
            }
            keywords.insert(keyword, value(&entry)?);
        }
        for entry in section.entries().filter(|entry| holds_password(entry)) {
            warnings.push(format!(
                "{}: [{}] holds a password: password_command, .pgpass or {}_PGPASSWORD keep it out of the file",
                entry.place(),
                section.path(),
                name.to_uppercase()
            ));
        }
        let length = |key: &str, read: fn(&str) -> Result<Duration, String>| {
            let read = |entry: Entry<'_>| read(entry.text()?).map_err(|cause| entry.value_error(cause));
            section.entry(key).map(read).transpose()
        };
        Ok(Self {
            url,
            keywords,
            password_command: section.text("password_command")?,
            lock_timeout: length("lock_timeout", lock_waits::read_timeout)?,
            lock_wait: length("lock_wait", lock_waits::read)?,
            xid: section.entry("xid").map(|entry| xid(&entry)).transpose()?,
        })
    }

    /// Whether laying this over `base` would leave both a URL and keywords.
    pub(super) fn clashes_with(&self, base: &Self) -> bool {
        base.url.is_some() && !self.keywords.is_empty()
    }

    /// Lays these settings over `base`: a URL replaces everything that names the server, keywords replace one by one.
    pub(super) fn over(self, base: Self) -> Self {
        let mut keywords = base.keywords;
        keywords.extend(self.keywords);
        let (url, keywords) = if self.url.is_some() { (self.url, BTreeMap::new()) } else { (base.url, keywords) };
        Self {
            url,
            keywords,
            password_command: self.password_command.or(base.password_command),
            lock_timeout: self.lock_timeout.or(base.lock_timeout),
            lock_wait: self.lock_wait.or(base.lock_wait),
            xid: self.xid.or(base.xid),
        }
    }
}

impl fmt::Debug for ServerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.iter().map(|_| "url");
        let command = self.password_command.iter().map(|_| "password_command");
        f.write_str("ServerSettings ")?;
        f.debug_set().entries(url.chain(self.keywords.keys().copied()).chain(command)).finish()
    }
}

/// Reads a keyword's value: a string, a number, or a boolean, which libpq writes as 1 and 0.
fn value(entry: &Entry<'_>) -> Result<String> {
    match entry.value() {
        Some(toml_edit::Value::String(text)) => Ok(text.value().clone()),
        Some(toml_edit::Value::Integer(number)) => Ok(number.value().to_string()),
        Some(toml_edit::Value::Boolean(yes)) => Ok(u8::from(*yes.value()).to_string()),
        _ => Err(entry.wants("a string, a number or a boolean")),
    }
}

/// Reads a transaction id: a number, or text where it has an epoch.
fn xid(entry: &Entry<'_>) -> Result<GivenXid> {
    let text = match entry.value() {
        Some(toml_edit::Value::String(text)) => text.value().clone(),
        Some(toml_edit::Value::Integer(number)) => number.value().to_string(),
        _ => return Err(entry.wants("a transaction id, as 741 or \"0:741\"")),
    };
    GivenXid::read(&text).map_err(|cause| entry.value_error(cause))
}

/// Whether an entry's value is, or contains, a password. Rather warns once too often.
fn holds_password(entry: &Entry<'_>) -> bool {
    let text = entry.value().and_then(toml_edit::Value::as_str).unwrap_or_default();
    match entry.key() {
        "password" | "sslpassword" => !text.is_empty(),
        "url" => {
            let (address, query) = text.split_once('?').unwrap_or((text, text));
            let user = address.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user, _)| user);
            let assigned = |rest: &str| rest.trim_start().starts_with('=');
            user.is_some_and(|user| user.contains(':')) || query.split("password").skip(1).any(assigned)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::policy::keys::Source;

    fn read(text: &str) -> Result<(ServerSettings, Vec<String>)> {
        let source = Source::new("read the configuration", "failback.toml", text);
        let document = source.parse()?;
        let section = Section::root(&source, &document).section("old")?.unwrap();
        let mut warnings = Vec::new();
        Ok((ServerSettings::read(&section, "old", &mut warnings)?, warnings))
    }

    fn settings(text: &str) -> ServerSettings {
        read(text).unwrap().0
    }

    #[test]
    fn keywords_become_what_libpq_reads() {
        let text = "[old]\nport = 5432\nhost = \"/tmp/a b\"\nuser = \"o'br\\\\ien\"\nkeepalives = true";
        assert_eq!(
            settings(text).connection_string().unwrap(),
            "host='/tmp/a b' keepalives='1' port='5432' user='o\\'br\\\\ien'"
        );
        assert_eq!(settings("[old]\nurl = \"service=old\"").connection_string().unwrap(), "service=old");
        assert_eq!(settings("[old]\npassword_command = \"pass old\"").connection_string(), None);
        assert_eq!(settings("[old]\npassword_command = \"pass old\"").password_command(), Some("pass old"));
    }

    #[test]
    fn passwords_are_warned_of_and_never_shown() {
        let cases = [
            ("url = \"postgres://u:hunter2@old/db\"", true),
            ("url = \"postgresql://u:hunter/2@old/db\"", true),
            ("url = \"postgresql://old/db?user=u&password=hunter2\"", true),
            ("url = \"host=old password = 'hunter2'\"", true),
            ("password = \"hunter2\"", true),
            ("sslpassword = \"hunter2\"", true),
            ("url = \"postgres://u@old:5432/db\"", false),
            ("url = \"postgres://old:5432/db?passfile=/x\"", false),
            ("url = \"host=old passfile=/x/password\"", false),
            ("password = \"\"", false),
            ("password_command = \"hunter2\"", false),
        ];
        for (line, warned) in cases {
            let (settings, warnings) = read(&format!("[old]\n{line}")).unwrap();
            let sentence = "failback.toml:2:1: [old] holds a password: password_command, .pgpass or OLD_PGPASSWORD keep it out \
                            of the file";
            assert_eq!(warnings, if warned { vec![sentence] } else { vec![] }, "{line}");
            assert!(!format!("{settings:?}").contains("hunter2"), "{line}");
        }
        let shown = settings("[old]\nhost = \"old\"\npassword = \"hunter2\"\npassword_command = \"x\"");
        assert_eq!(format!("{shown:?}"), "ServerSettings {\"host\", \"password\", \"password_command\"}");
    }

    #[test]
    fn locks_are_waited_for_as_long_as_is_said() {
        assert_eq!(settings("[old]").lock_waits(), LockWaits::default());
        let said =
            settings("[old]\nlock_timeout = \"250ms\"").over(settings("[old]\nlock_timeout = \"9s\"\nlock_wait = \"0s\""));
        let expected = LockWaits { timeout: Duration::from_millis(250), total: Duration::ZERO };
        assert_eq!((said.lock_waits(), said.connection_string()), (expected, None));
    }

    #[test]
    fn a_transaction_id_is_a_number_or_has_an_epoch() {
        for (text, shown) in [("xid = 741", "741"), ("xid = \"0:741\"", "0:741")] {
            assert_eq!(settings(&format!("[old]\n{text}")).xid().expect("an id").to_string(), shown);
        }
        assert_eq!(settings("[old]\nhost = \"a\"").over(settings("[old]\nxid = 9")).xid(), GivenXid::parse("9").ok());
        assert_eq!(settings("[old]").xid(), None);
    }

    #[test]
    fn mistakes_are_told_without_values() {
        let cases = [
            ("lock_timeout = \"0s\"", "2:16", "0 would wait without end: write a length of time"),
            ("lock_wait = 5", "2:13", "`lock_wait` must be a string; found an integer"),
            ("xid = 2", "2:7", "`2` is the id of no transaction: the first is 3"),
            ("xid = true", "2:7", "`xid` must be a transaction id, as 741 or \"0:741\"; found a boolean"),
            ("hots = \"x\"", "2:1", "unknown key `hots` in [old]; did you mean `host`?"),
            ("host = [\"hunter2\"]", "2:8", "`host` must be a string, a number or a boolean; found an array"),
            ("url = 5432", "2:7", "`url` must be a string; found an integer"),
            ("url = \" \"", "2:7", "`url` is empty"),
            ("host = \"x\"\nurl = \"hunter2\"", "2:1", "[old] has both `url` and `host`: write one or the other"),
        ];
        for (lines, place, cause) in cases {
            assert_eq!(
                format!("{:?}", read(&format!("[old]\n{lines}")).unwrap_err()),
                format!("Config: read the configuration (failback.toml:{place}); {cause}")
            );
        }
    }

    #[test]
    fn no_way_of_breaking_the_file_shows_a_password() {
        let text =
            "[old]\nport = 5432\npassword = \"hunter2\"\nurl = 'postgres://u:hunter2@old'\n[new]\npassword = 'hunter2'\n";
        let unquoted = text.replace(['"', '\''], "");
        let listed = text.replace("= ", "= [").replace("\"\n", "\"]\n");
        for text in [text, &unquoted, &listed] {
            for (end, character) in text.char_indices() {
                let cut = &text[..end];
                let without = format!("{cut}{}", &text[end + character.len_utf8()..]);
                let doubled = format!("{cut}{character}{}", &text[end..]);
                for broken in [cut.to_owned(), without, doubled] {
                    if let Err(error) = Config::parse(&broken, "failback.toml") {
                        assert!(!format!("{error:?} {:?}", error.hints()).contains("hunter"), "{broken}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_url_replaces_and_keywords_join() {
        let base = settings("[old]\nhost = \"a\"\nport = 1\npassword_command = \"x\"");
        let joined = settings("[old]\nport = 2\nuser = \"u\"").over(base.clone());
        assert_eq!(joined.connection_string().unwrap(), "host='a' port='2' user='u'");
        let replaced = settings("[old]\nurl = \"service=b\"").over(base.clone());
        assert_eq!(replaced.connection_string().unwrap(), "service=b");
        assert_eq!(replaced.password_command(), Some("x"));
        assert_eq!(ServerSettings::default().over(base.clone()), base);
        assert!(base.clashes_with(&replaced) && !replaced.clashes_with(&base));
    }
}
