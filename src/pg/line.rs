//! What a session shares with its streams: where they lead, and what the server said last.

use std::sync::{Arc, OnceLock};

use tracing::debug;

use super::fault::{self, ServerFault};
use crate::error::{Error, ErrorKind};

/// What a session and its streams share: where they are, and what the server said last if it went away.
pub(super) struct Line {
    /// Side, user, host and database, for people.
    pub(super) place: String,
    last_words: OnceLock<ServerFault>,
}

impl Line {
    pub(super) fn new(place: String) -> Arc<Self> {
        Arc::new(Self { place, last_words: OnceLock::new() })
    }

    /// Keeps what the server said before it hung up. The driver tells only the task that owns the socket; whoever asks next
    /// would learn "connection closed" and no more.
    pub(super) fn keep_last_words(&self, error: &tokio_postgres::Error) {
        if let Some(db) = error.as_db_error() {
            // The first words are the cause, whatever comes later.
            let _ = self.last_words.set(ServerFault::from_db(db));
        }
    }

    /// Turns a driver's error into one of ours, with the place and the server's last words.
    pub(super) fn fault(&self, what: &str, error: tokio_postgres::Error) -> Error {
        let error = match self.last_words.get().filter(|_| error.is_closed()) {
            Some(words) => Error::new(ErrorKind::Connect, what).because(words.clone()),
            None => fault::describe(what, error),
        };
        debug!(on = self.place, kind = error.kind().word(), sqlstate = fault::sqlstate(&error), "an error");
        error.at(&self.place)
    }
}
