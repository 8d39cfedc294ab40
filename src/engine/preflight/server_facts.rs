//! What a server says of itself that decides what can be prepared on it.

use tokio_postgres::Row;

use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;

const PREPARED: &str = include_str!("../../../sql/session/prepared.sql");

/// What one server keeps, or could keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerFacts {
    /// Whether commits have their times kept.
    pub(super) commit_times: bool,
    /// How much the log holds.
    pub(super) wal_level: String,
    /// Whether the log is summarized; nothing where the version cannot.
    pub(super) summaries: Option<bool>,
    /// How many replication slots are free.
    pub(super) free_slots: i64,
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
        let rows = session.query(PREPARED, &[]).await?;
        let malformed = || Error::new(ErrorKind::Malformed, "ask what the server keeps").at(session.place());
        let read = |row: &Row| {
            Ok::<_, tokio_postgres::Error>(Self {
                commit_times: row.try_get("commit_times")?,
                wal_level: row.try_get("wal_level")?,
                summaries: row.try_get("summaries")?,
                free_slots: row.try_get("free_slots")?,
                inspect: row.try_get("inspect")?,
                may_inspect: row.try_get("may_inspect")?,
            })
        };
        read(rows.first().ok_or_else(malformed)?).map_err(|error| session.fault("ask what the server keeps", error))
    }
}
