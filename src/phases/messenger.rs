//! Sends notices that are due, and writes down what became of each: sent, late, failed, missed. Beside the steps, never before
//! them: whatever happens to a notice, the rollback goes on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::delivery::Delivery;
use super::journal::{JournalFile, Record};
use super::notice::{Due, Notice, due};
use super::state::Sent;
use super::tools::Tools;
use crate::config::Channels;
use crate::error::{Error, ErrorKind, Result};

/// How often it is looked whether one is due.
const TICK: Duration = Duration::from_secs(1);

/// How long a channel that failed is left alone.
const REST: Duration = Duration::from_secs(30);

/// Sends the notices of one rollback.
pub struct Messenger<'a> {
    /// The runbook's notices.
    pub notices: &'a [Notice],
    /// Where they go.
    pub channels: &'a Channels,
    /// Where it is written down.
    pub journal: &'a JournalFile,
    /// Reads secrets, and hides what programs say that know them.
    pub tools: &'a Tools,
}

impl Messenger<'_> {
    /// Sends whatever becomes due, until it is dropped. A journal that cannot be read or written is the course's to tell.
    pub async fn attend(&self) {
        let mut failed = BTreeMap::new();
        while self.send_due(&mut failed).await.is_ok() {
            tokio::time::sleep(TICK).await;
        }
        std::future::pending::<()>().await;
    }

    /// Sends what is due now, once.
    ///
    /// # Errors
    /// What keeps the journal from being read or written.
    pub async fn finish(&self) -> Result<()> {
        self.send_due(&mut BTreeMap::new()).await
    }

    async fn send_due(&self, failed: &mut BTreeMap<(String, String), Instant>) -> Result<()> {
        if self.notices.is_empty() {
            return Ok(());
        }
        let (lines, _) = self.journal.read()?;
        for due in due(self.notices, &lines, Timestamp::now()) {
            let key = (due.notice.id.clone(), due.channel.to_owned());
            if due.stale {
                self.write_down(&due, Sent::Missed, Some("nobody was there to send it in time".to_owned()))?;
                continue;
            }
            if failed.get(&key).is_some_and(|until| Instant::now() < *until) {
                continue;
            }
            let is_late = |due: &Due<'_>| Timestamp::now() > due.until;
            match self.send(&due).await {
                Ok(()) => self.write_down(&due, if is_late(&due) { Sent::Late } else { Sent::Sent }, None)?,
                Err(error) => {
                    self.write_down(&due, Sent::Failed, Some(self.tools.secrets().hide(&error.in_full())))?;
                    // What the configuration lacks is not mended within seconds.
                    let rest = if error.kind() == ErrorKind::Config { REST * 20 } else { REST };
                    failed.insert(key, Instant::now() + rest);
                }
            }
        }
        Ok(())
    }

    async fn send(&self, due: &Due<'_>) -> Result<()> {
        let channel = self.channels.get(due.channel).ok_or_else(|| {
            Error::new(ErrorKind::Config, "send a notice")
                .at(due.channel)
                .because("failback.toml has no such channel under [channels]")
        })?;
        Delivery { tools: self.tools }.send(channel, &due.notice.text).await
    }

    fn write_down(&self, due: &Due<'_>, sent: Sent, cause: Option<String>) -> Result<()> {
        let (notice, channel) = (due.notice.id.clone(), due.channel.to_owned());
        self.journal.append(&Record::Notified { notice, channel, due: due.until, sent, cause })
    }
}
