//! Sessions that wait for no lock longer than so long, and are known, so that another session can see whom they wait for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::config::LockWaits;
use crate::error::Result;
use crate::pg::Session;

const SHORT_WAITS: &str = include_str!("../../../sql/session/short_waits.sql");

/// How often it is looked at most whom sessions wait for that only read: they hurt nobody meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Sessions that wait for no lock longer than so long. Clones are the same list.
#[derive(Clone)]
pub(crate) struct ShortWaits {
    timeout: Duration,
    only_read: bool,
    pids: Arc<Mutex<Vec<i32>>>,
}

impl ShortWaits {
    /// Sessions that hold locks of others while they wait.
    pub(crate) fn new(waits: LockWaits) -> Self {
        Self { timeout: waits.timeout, only_read: false, pids: Arc::default() }
    }

    /// Sessions that only read: what they hold keeps nobody from writing, so that they may wait in one go.
    pub(crate) fn of_readers(waits: LockWaits) -> Self {
        Self { timeout: waits.timeout.max(waits.total), only_read: true, pids: Arc::default() }
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

    /// Whether they only read.
    pub(crate) const fn only_read(&self) -> bool {
        self.only_read
    }

    /// Returns how long it is until anybody looks whom they wait for. A step that only reads is mostly over by then, and has
    /// no session for it.
    pub(crate) fn first_look(&self) -> Duration {
        if self.only_read { self.pause() } else { Duration::ZERO }
    }

    /// Returns how long it is from one look to the next.
    pub(crate) fn pause(&self) -> Duration {
        let pause = self.timeout / 5;
        if self.only_read { pause.min(LONGEST_PAUSE) } else { pause }
    }
}
