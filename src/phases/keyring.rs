//! Where the secrets are kept that steps and channels take by name, and those that were read a moment ago.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::secrets::Secrets;
use crate::config::{SecretPlace, SecretPlaces, unknown_secret};
use crate::error::{Error, ErrorKind, Result};
use crate::store::host_files;

/// For how long a secret that was read is used without another look: a step that looks again and again asks no vault each
/// time, and one that is exchanged is found soon.
const KEPT: Duration = Duration::from_mins(1);

/// Returns a variable of this process.
pub type Variable = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Where secrets are kept, and those that were read a moment ago.
#[derive(Default)]
pub struct Keyring {
    places: SecretPlaces,
    variable: Option<Variable>,
    read: Mutex<BTreeMap<SecretPlace, (Instant, String)>>,
}

impl Keyring {
    /// Takes where each secret is kept, and what reads a variable.
    #[must_use]
    pub const fn new(places: SecretPlaces, variable: Variable) -> Self {
        Self { places, variable: Some(variable), read: Mutex::new(BTreeMap::new()) }
    }

    /// Where a secret is kept.
    ///
    /// # Errors
    /// `Config` where none is called so, with the nearest name.
    pub fn place(&self, name: &str) -> Result<&SecretPlace> {
        self.places
            .get(name)
            .ok_or_else(|| wrong(format!("[secrets] {name}"), unknown_secret(name, self.places.keys().map(String::as_str))))
    }

    /// Has nothing show those that are known without asking a program.
    pub fn teach(&self, secrets: &Secrets) {
        for place in self.places.values() {
            match place {
                SecretPlace::Variable(name) => self.variable(name).iter().for_each(|value| secrets.learn(value)),
                // One that cannot be read is told where it is needed.
                SecretPlace::File(path) => {
                    if let Ok(text) = host_files::read_text(Path::new(path)) {
                        secrets.learn(first_line(&text));
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.variable.as_ref().and_then(|variable| variable(name))
    }

    pub(super) fn fresh(&self, place: &SecretPlace) -> Option<String> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(place).filter(|(at, _)| at.elapsed() < KEPT).map(|(_, secret)| secret.clone())
    }

    pub(super) fn keep(&self, place: &SecretPlace, secret: &str) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(place.clone(), (Instant::now(), secret.to_owned()));
    }
}

/// What of a text is the secret.
pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

pub(super) fn wrong(place: String, cause: String) -> Error {
    Error::new(ErrorKind::Config, "read a secret").at(place).because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_told_with_the_nearest() {
        let places = SecretPlaces::from([("redis-password".to_owned(), SecretPlace::Variable("R".to_owned()))]);
        let keyring = Keyring::new(places, Arc::new(|name: &str| (name == "R").then(|| "hunter2".to_owned())));
        let error = keyring.place("redis-pasword").unwrap_err();
        assert!(error.causes()[0].contains("did you mean `redis-password`?"), "{error:?}");
        let secrets = Secrets::default();
        keyring.teach(&secrets);
        assert_eq!(secrets.hide("a hunter2"), "a •••");
    }
}
