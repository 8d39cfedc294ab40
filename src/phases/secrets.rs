//! Values that nothing may show: taken out of every text that is kept or printed. Those that failback was given are known;
//! those that a program brings along are known by what stands before them.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex_lite::Regex;

/// What stands in the place of a secret.
const HIDDEN: &str = "•••";

/// A shorter text is found everywhere, and hides nothing.
const LEAST: usize = 4;

/// The same of base64, where four characters stand for three.
const LEAST_CODED: usize = 8;

/// What a secret stands behind: the user of an address, a scheme of authorization, a name that says what it is. The first group
/// is kept, and what follows it is hidden.
static BEHIND: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    let word = r"(?:password|passwd|pwd|secret|token|sig|account_?key|access_?key|api_?key)";
    // A character of a password, as it is or coded, but for `/` and `@`.
    let coded = r#"(?:[^\s/"'@%]|%[0135-9a-f][0-9a-f]|%2[0-9a-e]|%4[1-9a-f])"#;
    let value = r#"(?:'[^']*'|"[^"]*"|[^\s"',;&}]+)"#;
    [
        // Up to the last `@` before the path: a password may hold one.
        r#"(?i)([a-z][a-z0-9+.-]*://[^\s:/@"']*:)[^\s/"']+@"#.to_owned(),
        // The same, percent-coded wholly or in part: up to the first `@`, which a password in it has coded twice.
        format!(r#"(?i)([a-z][a-z0-9+.-]*(?:%3A|:)(?:%2F|/){{2}}[^\s:/@"'%]*(?:%3A|:)){coded}+(?:%40|@)"#),
        r"(?i)(\b(?:bearer|basic)\s+)[a-z0-9._~+/=-]{8,}".to_owned(),
        format!(r#"(?i)({word}\\?["']?\s*(?:[=:]|%3[AD])\s*){value}"#),
        format!(r"(?i)(--[a-z-]*{word}\s+){value}"),
    ]
    .map(|pattern| Regex::new(&pattern).expect("a pattern that is written here"))
});

/// Whether the name of a variable says that its value is a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL"].iter().any(|word| name.contains(word))
}

/// Spells a value as it stands in an address.
fn percent_coded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The secrets that a rollback has come to know. Cheap to clone: all clones know the same.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<Vec<String>>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Adds a value, from now on hidden in every form that a program may print it in: as it is, in JSON, in an address, and in
    /// base64, as Kubernetes does. One that is shorter than four characters is found everywhere and hides nothing, so it is
    /// passed over.
    pub fn learn(&self, value: &str) {
        let value = value.trim();
        if value.chars().count() < LEAST {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let quoted = serde_json::Value::from(value).to_string();
        // What is shown line by line hides what has several lines by each of them.
        let lines = value.lines().map(str::trim).filter(|line| line.chars().count() >= LEAST);
        let (coded, percents) = (STANDARD.encode(value), percent_coded(value));
        // The last character of the code hangs on what follows, as a line's end does.
        let coded = &coded[..value.len() * 8 / 6];
        let forms = [value, &quoted[1..quoted.len() - 1], &percents].into_iter().chain(lines);
        for form in forms.chain((coded.len() >= LEAST_CODED).then_some(coded)) {
            if !known.iter().any(|other| other == form) {
                known.push(form.to_owned());
            }
        }
        // The longest first: a secret within another one would leave the rest of it to be seen.
        known.sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// Returns a text without any of the secrets.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = known.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN));
        let hide = |found: &regex_lite::Captures<'_>| {
            let end = ["@", "%40"].into_iter().find(|end| found[0].ends_with(end)).unwrap_or_default();
            format!("{}{HIDDEN}{end}", &found[1])
        };
        BEHIND.iter().fold(text, |text, pattern| pattern.replace_all(&text, hide).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_in_every_form() {
        let secrets = Secrets::default();
        for value in ["hunter2", "hunter2-and\"more", "abc", "first half\nsecond half"] {
            secrets.learn(value);
        }
        let text = "password=hunter2 {\"a\":\"hunter2-and\\\"more\"} hunter2-and\"more abc";
        assert_eq!(secrets.hide("a first half"), "a •••");
        secrets.learn("p@ss wörd-4711");
        for (text, hidden) in [
            ("to://u/p%40ss%20w%C3%B6rd-4711/x", "to://u/•••/x"),
            // As it is, and with a line's end behind it.
            ("data: cEBzcyB3w7ZyZC00NzEx", "data: •••"),
            ("data: cEBzcyB3w7ZyZC00NzExCg==", "data: •••Cg=="),
        ] {
            assert_eq!(secrets.hide(text), hidden);
        }
        assert_eq!(secrets.hide(text), "password=••• {\"a\":\"•••\"} ••• abc");
    }

    #[test]
    fn what_a_program_brings_along_is_known_by_what_stands_before_it() {
        for (text, hidden) in [
            ("postgresql://u:hunter2@h/db?x=1", "postgresql://u:•••@h/db?x=1"),
            ("password=hunter3 host=x", "password=••• host=x"),
            ("PGPASSWORD=hunter4 psql", "PGPASSWORD=••• psql"),
            ("Authorization: Bearer hunter5tok.en", "Authorization: Bearer •••"),
            ("{\"password\": \"hunter6\", \"a\": 1}", "{\"password\": •••, \"a\": 1}"),
            ("password='hunter 12x' host=h", "password=••• host=h"),
            ("postgres://u:hun@ter23@h/db", "postgres://u:•••@h/db"),
            ("psql --password hunter14 x", "psql --password ••• x"),
            ("postgres%3A%2F%2Fu:hunter20@h", "postgres%3A%2F%2Fu:•••@h"),
            ("u=postgres%3A%2F%2Fu%3Ahun%2521ter21%40h%3A5432%2Fd", "u=postgres%3A%2F%2Fu%3A•••%40h%3A5432%2Fd"),
            ("u%3Fpassword%3Dhunter22&x", "u%3Fpassword%3D•••&x"),
            ("https://h/c?se=1&sig=hunter17%3D&x=1", "https://h/c?se=1&sig=•••&x=1"),
        ] {
            assert_eq!(Secrets::default().hide(text), hidden);
        }
        for text in [
            "https://h:443/health",
            "https%3A%2F%2Fh%3A443%2Fhealth",
            "password authentication failed for user \"u\"",
            "secretName: tls",
            "a@b.c:d",
        ] {
            assert_eq!(Secrets::default().hide(text), text);
        }
    }
}
