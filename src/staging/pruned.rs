//! That the rows of a run were removed, and what is known of them: its indexes, decisions, approvals and journal stay.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::index_file::{FORMAT_VERSION, Sealed, read_json, write_json};
use super::layout;
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;

/// What was removed. Written before anything is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Who.
    pub by: String,
    /// How far the run had come.
    pub state: String,
    /// How many bytes of files with rows there were.
    pub bytes: u64,
}

impl Pruned {
    /// Says of a run that its rows are removed; it is safe when the call returns.
    ///
    /// # Errors
    /// `Storage` where it cannot be written.
    pub fn declare(store: &dyn Store, by: &str, state: &str, bytes: u64) -> Result<Self> {
        let (at, by, state) = (Timestamp::now().to_string(), by.to_owned(), state.to_owned());
        let pruned = Self { format_version: FORMAT_VERSION, at, by, state, bytes };
        write_json(store, layout::PRUNED, &pruned)?;
        Ok(pruned)
    }

    /// Returns what is known of the removal, if a run's rows were removed.
    ///
    /// # Errors
    /// `Damaged` where that is not what was written.
    pub fn read(store: &dyn Store) -> Result<Option<Self>> {
        if !store.exists(layout::PRUNED)? {
            return Ok(None);
        }
        let found: Sealed<Self> = read_json(store, layout::PRUNED, "failback runs prune")?;
        Ok(Some(found.into_content()))
    }

    /// # Errors
    /// `Refused` where the run's rows were removed.
    pub fn expect_rows(store: &dyn Store) -> Result<()> {
        match Self::read(store)? {
            None => Ok(()),
            Some(Self { at, by, .. }) => Err(Error::new(ErrorKind::Refused, "read the run's rows")
                .at(store.location())
                .because(format!("they were removed at {at} by {by}, with `failback runs prune`"))
                .next("`failback status` says what is known of them; `failback export` makes a new run")),
        }
    }
}
