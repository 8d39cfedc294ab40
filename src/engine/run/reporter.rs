//! Where a step tells how far it has come, and hears whether to go on.

use std::fmt::Display;
use std::sync::Arc;

use super::progress::{Event, Progress};
use super::stop::Stop;
use crate::error::Result;

/// Takes what a step tells. Cheap to clone.
#[derive(Clone)]
pub struct Reporter {
    progress: Arc<dyn Progress>,
    stop: Stop,
}

impl Reporter {
    /// Takes who is told, and the user's wish to stop.
    #[must_use]
    pub const fn new(progress: Arc<dyn Progress>, stop: Stop) -> Self {
        Self { progress, stop }
    }

    /// Tells an event.
    pub fn tell(&self, event: Event) {
        self.progress.event(event);
    }

    /// Tells that rows of a table went by.
    pub fn tell_rows(&self, database: &str, table: &impl Display, rows: u64, bytes: u64) {
        self.tell(Event::Rows { database: database.to_owned(), table: table.to_string(), rows, bytes });
    }

    /// Asks whether to go on; steps ask between batches.
    ///
    /// # Errors
    /// `Interrupted` once the user wants to stop.
    pub fn check_stop(&self) -> Result<()> {
        self.stop.check()
    }
}
