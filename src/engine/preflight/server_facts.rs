//! What a server says of itself that decides what can be prepared on it.

use tokio_postgres::Row;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::{Session, SlotFacts};

const PREPARED: &str = include_str!("../../../sql/session/prepared.sql");

/// What one server keeps, or could keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerFacts {
    /// Whether commits have their times kept.
    pub(super) commit_times: bool,
    /// Whether the log is summarized; nothing where the version cannot.
    pub(super) summaries: Option<bool>,
    /// What it allows of slots.
    pub(super) slots: SlotFacts,
    /// Where the extension is that reads the log.
    pub(super) inspect: String,
    /// Whether this user may use it as it has to be used.
    pub(super) may_inspect: bool,
}

impl ServerFacts {
    /// Asks a server.
    ///
    /// # Errors
    /// What the server said.
    pub(super) async fn read(session: &Session) -> Result<Self> {
        let (slots, rows) = (session.slot_facts().await?, session.query(PREPARED, &[]).await?);
        let malformed = || Error::new(ErrorKind::Malformed, "ask what the server keeps").at(session.place());
        let read = |row: &Row| {
            Ok::<_, tokio_postgres::Error>(Self {
                commit_times: row.try_get("commit_times")?,
                summaries: row.try_get("summaries")?,
                slots: slots.clone(),
                inspect: row.try_get("inspect")?,
                may_inspect: row.try_get("may_inspect")?,
            })
        };
        read(rows.first().ok_or_else(malformed)?).map_err(|error| session.fault("ask what the server keeps", error))
    }
}
