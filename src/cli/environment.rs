//! The process's environment variables.

use std::collections::BTreeMap;

use crate::name::Side;

/// The process's variables.
#[derive(Clone, Default)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes the process's variables; those that are not UTF-8 are none of ours.
    pub(super) fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(text).collect())
    }

    /// Returns a variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether any of libpq's variables is set for a side.
    pub(super) fn names(&self, side: Side) -> bool {
        let prefix = format!("{}_PG", side.word().to_uppercase());
        self.0.iter().any(|(name, value)| name.starts_with(&prefix) && !value.is_empty())
    }
}
