//! The process's environment variables.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;

/// Variables that every program sees which a verb runs: where things are, whose they are, how the network is reached and
/// trusted.
pub(super) const OF_PROGRAMS: [&str; 12] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
];

/// The process's variables.
#[derive(Clone, Default)]
pub(super) struct Environment {
    values: BTreeMap<String, String>,
    /// The names of those whose value is not UTF-8.
    unreadable: BTreeSet<String>,
}

impl Environment {
    /// Takes the process's variables; those whose name is not UTF-8 are none of ours.
    pub(super) fn of_process() -> Self {
        let mut found = Self::default();
        for (name, value) in std::env::vars_os() {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => drop(found.values.insert(name, value)),
                (Ok(name), Err(_)) => drop(found.unreadable.insert(name)),
                (Err(_), _) => {}
            }
        }
        found
    }

    /// # Errors
    /// `Config` where one of libpq's variables for a side is not UTF-8: left aside, it would count as not set.
    pub(super) fn expect_readable(&self, side: Side) -> Result<()> {
        let prefix = prefix(side);
        let Some(name) = self.unreadable.iter().find(|name| name.starts_with(&prefix)) else { return Ok(()) };
        Err(Error::new(ErrorKind::Config, "read the variables")
            .at(name)
            .at(side)
            .because("its value is not UTF-8 text")
            .next(format!("set {name} to UTF-8 text; a password of other bytes can be changed with ALTER ROLE … PASSWORD")))
    }

    /// Returns a variable that is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the variables that say how servers are reached.
    pub(super) fn of_servers(&self) -> impl Iterator<Item = (String, String)> + '_ {
        let prefixes = Side::BOTH.map(prefix);
        let is_one = move |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        self.values.iter().filter(move |(name, _)| is_one(name)).map(|(name, value)| (name.clone(), value.clone()))
    }

    /// Whether any of libpq's variables says where a side's server is. A password alone says nothing of it.
    pub(super) fn names(&self, side: Side) -> bool {
        let prefix = prefix(side);
        let is_place = |name: &str| name.strip_prefix(&prefix).is_some_and(|rest| PLACES.contains(&rest));
        self.values.iter().any(|(name, value)| is_place(name) && !value.is_empty())
    }
}

/// What says where a server is, behind a side's prefix.
const PLACES: [&str; 5] = ["HOST", "HOSTADDR", "PORT", "DATABASE", "SERVICE"];

fn prefix(side: Side) -> String {
    format!("{}_PG", side.word().to_uppercase())
}
