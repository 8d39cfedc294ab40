//! Sessions with OLD that wait for no lock longer than a moment, and are known, so that another session can see whom they wait
//! for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::pg::Session;

const SHORT_WAITS: &str = include_str!("../../../sql/session/short_waits.sql");

/// Sessions that wait for no lock longer than so long. Clones are the same list.
#[derive(Clone)]
pub(crate) struct ShortWaits {
    timeout: Duration,
    pids: Arc<Mutex<Vec<i32>>>,
}

impl ShortWaits {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, pids: Arc::default() }
    }

    /// Makes a session one of them.
    pub(crate) async fn join(&self, session: &Session) -> Result<()> {
        let timeout = format!("{}ms", self.timeout.as_millis());
        let found = session.query(SHORT_WAITS, &[&timeout]).await?;
        let pid = found.first().map(|row| row.get::<_, i32>("pid"));
        self.pids.lock().unwrap_or_else(PoisonError::into_inner).extend(pid);
        Ok(())
    }

    /// Lists the processes that serve them.
    pub(crate) fn pids(&self) -> Vec<i32> {
        self.pids.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns how long each waits.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }
}
