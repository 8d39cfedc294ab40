//! A secret that a step takes: which one, and as what.

use std::collections::BTreeMap;

use serde::Serialize;

use super::fields::Fields;
use super::keyring::Keyring;
use crate::error::Result;

/// The key of steps that run programs: which variables those see that are secrets.
pub const SECRETS: &str = "secrets";

/// A secret that a step takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taken<'a> {
    /// As what: a variable of its programs, a header, `password`, `token`.
    pub as_what: &'a str,
    /// Its name under `[secrets]`.
    pub name: &'a str,
}

/// The same for people and documents, with where it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TakenFrom {
    /// As what.
    #[serde(rename = "as")]
    pub as_what: String,
    /// Its name under `[secrets]`.
    pub name: String,
    /// Where it is kept.
    pub from: String,
}

impl Taken<'_> {
    /// Says where it is kept.
    #[must_use]
    pub fn from(self, keyring: &Keyring) -> TakenFrom {
        let from = keyring.place(self.name).map_or_else(|_| "nowhere".to_owned(), ToString::to_string);
        TakenFrom { as_what: self.as_what.to_owned(), name: self.name.to_owned(), from }
    }
}

/// The secrets of some variables.
pub(super) fn as_variables(secrets: &BTreeMap<String, String>) -> impl Iterator<Item = Taken<'_>> {
    secrets.iter().map(|(variable, name)| Taken { as_what: variable, name })
}

/// Reads which variables programs see that are secrets.
///
/// # Errors
/// `Config` where a name is none of a variable, or of a secret.
pub(super) fn read(fields: &Fields<'_>) -> Result<BTreeMap<String, String>> {
    fields.secrets(SECRETS, |variable| {
        let is_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
        if variable.chars().all(is_name) && !variable.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(());
        }
        Err(format!("`{variable}` is no name of a variable: letters, digits and `_`"))
    })
}
