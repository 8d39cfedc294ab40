//! How far a server was recovered from write-ahead log, as after a point-in-time restore.

use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

const RECOVERED: &str = include_str!("../../sql/session/recovered.sql");

/// How far a server was recovered since it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Whether it goes on replaying: a standby that follows its primary, or one that has not come to its target.
    pub replays: bool,
    /// The last commit that it has replayed, microseconds since 1970-01-01 UTC.
    pub replayed_us: Option<i64>,
    /// Up to when it was to be recovered.
    pub target_us: Option<i64>,
}

impl Session {
    /// Asks how far the server was recovered.
    ///
    /// # Errors
    /// What the server said.
    pub async fn recovered(&self) -> Result<Recovered> {
        let rows = self.query(RECOVERED, &[]).await?;
        let read = |row: &tokio_postgres::Row| {
            Ok::<_, tokio_postgres::Error>(Recovered {
                replays: row.try_get("replays")?,
                replayed_us: row.try_get("replayed_us")?,
                target_us: row.try_get("target_us")?,
            })
        };
        let malformed = || Error::new(ErrorKind::Malformed, "ask how far the server was recovered").at(self.place());
        let row = rows.first().ok_or_else(malformed)?;
        read(row).map_err(|error| self.fault("ask how far the server was recovered", error))
    }
}
