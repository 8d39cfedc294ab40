//! Where a step tells how far it has come, and hears whether to go on.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::progress::{Event, Progress, Silent};
use super::stop::Stop;
use crate::error::Result;

/// Takes what a step tells. Cheap to clone.
#[derive(Clone)]
pub struct Reporter {
    progress: Arc<dyn Progress>,
    stop: Stop,
    /// Rows that were looked at, as this reporter and its clones have told.
    told: Arc<AtomicU64>,
    /// Rows that were written, likewise.
    written: Arc<AtomicU64>,
}

impl Reporter {
    /// Takes who is told, and the user's wish to stop.
    #[must_use]
    pub fn new(progress: Arc<dyn Progress>, stop: Stop) -> Self {
        Self { progress, stop, told: Arc::default(), written: Arc::default() }
    }

    /// Returns the same for one attempt at something that may have to be done again.
    pub(crate) fn attempt(&self) -> Self {
        Self { told: Arc::default(), written: Arc::default(), ..self.clone() }
    }

    /// Tells that an attempt came to nothing: its rows will be counted when they are looked at again.
    pub(crate) fn take_back(&self) {
        let (rows, written) = (self.told.swap(0, Ordering::Relaxed), self.written.swap(0, Ordering::Relaxed));
        if rows + written > 0 {
            self.tell(Event::Again { rows, written });
        }
    }

    /// Returns what hears of a stop as this one does, and tells nobody anything: for rows that were counted before.
    pub(crate) fn untold(&self) -> Self {
        Self { progress: Arc::new(Silent), ..self.attempt() }
    }

    /// Tells an event.
    pub fn tell(&self, event: Event) {
        self.progress.event(event);
    }

    /// Tells that rows of a table were looked at.
    pub fn tell_rows(&self, database: &str, table: &impl Display, rows: u64, bytes: u64) {
        self.told.fetch_add(rows, Ordering::Relaxed);
        self.tell(Event::Rows { database: database.to_owned(), table: table.to_string(), rows, bytes });
    }

    /// Tells that rows of a table were written to OLD.
    pub(crate) fn tell_written(&self, database: &str, table: &impl Display, rows: u64) {
        self.written.fetch_add(rows, Ordering::Relaxed);
        self.tell(Event::Written { database: database.to_owned(), table: table.to_string(), rows });
    }

    /// Asks whether to go on; steps ask between batches.
    ///
    /// # Errors
    /// `Interrupted` once the user wants to stop.
    pub fn check_stop(&self) -> Result<()> {
        self.stop.check()
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// `Interrupted` as soon as the user wants to stop.
    pub async fn pause(&self, length: Duration) -> Result<()> {
        self.stop.or(tokio::time::sleep(length)).await
    }
}
