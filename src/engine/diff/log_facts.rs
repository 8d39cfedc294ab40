//! What the export staged of NEW's log beside a segment.

use arrow_array::cast::AsArray as _;

use super::beside::Beside;
use crate::delta::Logged;
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{LOG_FACT, Segment};
use crate::store::Store;
use crate::words::Word as _;

/// What the log says of a segment's keys, in their order.
pub(super) struct LogFacts(Beside);

impl LogFacts {
    /// Opens what the export staged of the log beside a segment, if it did.
    pub(super) fn open(store: &dyn Store, segment: &Segment) -> Result<Option<Self>> {
        Ok(Beside::open(store, segment, segment.log.as_deref())?.map(Self))
    }

    /// Reads what it says of the next keys.
    ///
    /// # Errors
    /// `Damaged` where it is none of the words.
    pub(super) fn take(&mut self, keys: usize) -> Result<Vec<Logged>> {
        let damaged = || Error::new(ErrorKind::Damaged, "read what NEW's log says");
        let batch = self.0.take(keys)?;
        let words = batch.column_by_name(LOG_FACT).and_then(|column| column.as_string_opt::<i32>()).ok_or_else(damaged)?;
        let read = |word: Option<&str>| word.and_then(|word| Logged::read(word).ok()).ok_or_else(damaged);
        words.iter().map(read).collect()
    }
}
