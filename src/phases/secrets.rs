//! Values that nothing may show: taken out of every text that is kept or printed.

use std::sync::{Arc, Mutex, PoisonError};

/// What stands in the place of a secret.
const HIDDEN: &str = "•••";

/// A shorter text is found everywhere, and hides nothing.
const LEAST: usize = 4;

/// The secrets that a rollback has come to know. Cheap to clone: all clones know the same.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<Vec<String>>>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Adds a value, from now on hidden in every form that a program may print it in: as it is, and in JSON. One that is
    /// shorter than four characters is found everywhere and hides nothing, so it is passed over.
    pub fn learn(&self, value: &str) {
        let value = value.trim();
        if value.chars().count() < LEAST {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let quoted = serde_json::Value::from(value).to_string();
        // What is shown line by line hides what has several lines by each of them.
        let lines = value.lines().map(str::trim).filter(|line| line.chars().count() >= LEAST);
        for form in [value, quoted.trim_matches('"')].into_iter().chain(lines) {
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
        known.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
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
        assert_eq!(secrets.hide(text), "password=••• {\"a\":\"•••\"} ••• abc");
    }
}
