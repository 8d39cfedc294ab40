//! Waiting for locks of OLD's: a transaction waits shortly for each, for it holds others; what it did not get it waits for with
//! nothing in its hands.

use std::time::{Duration, Instant};

use crate::config::LockWaits;
use crate::engine::run::{Event, Reporter, is_lock_wait};
use crate::error::{Error, Result};

/// How long a step goes on trying.
pub(crate) struct Patience {
    waits: LockWaits,
    /// When a wait was first in vain.
    since: Option<Instant>,
    tries: u32,
}

impl Patience {
    pub(crate) const fn new(waits: LockWaits) -> Self {
        Self { waits, since: None, tries: 0 }
    }

    /// Waits until it is time to try again, after everything was rolled back because of an error.
    ///
    /// # Errors
    /// The error itself, if it is no lost wait for a lock, or patience is at its end; `Interrupted` once the user wants to
    /// stop.
    pub(crate) async fn again(&mut self, reporter: &Reporter, error: Error) -> Result<()> {
        self.tries += 1;
        if !is_lock_wait(&error) {
            return Err(error);
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let pause = (self.waits.timeout * self.tries).min(LONGEST_PAUSE);
        if since.elapsed() + pause > self.waits.total {
            return Err(error
                .next("a retry is safe: run the same command again when that session has ended, or end it")
                .next("lock_timeout and lock_wait under [old] in failback.toml say how long OLD's locks are waited for"));
        }
        let why = error.causes().into_iter().next().unwrap_or_default();
        reporter.tell(Event::Note(format!("{why}; everything is rolled back, and tried again")));
        reporter.pause(pause).await
    }
}

/// With nothing locked nobody is hurt by waiting, but the user.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
