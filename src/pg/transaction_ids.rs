//! The transaction ids of a session's snapshot.

use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

const IDS: &str = include_str!("../../sql/session/transaction_ids.sql");

/// The transaction ids of a snapshot, counted from the cluster's beginning (`xid8`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionIds {
    /// Every transaction below was over.
    pub xmin: u64,
    /// None from here on had begun.
    pub xmax: u64,
    /// How many between the two had begun and were not over. Sub-transactions are not counted.
    pub in_progress: u64,
    /// Where the write-ahead log was then, as PostgreSQL spells it: `0/16B3748`.
    pub wal: String,
}

impl Session {
    /// Reads the transaction ids of the snapshot that the session reads under: that of its transaction where it is REPEATABLE
    /// READ, else that of this statement.
    ///
    /// # Errors
    /// What the server said.
    pub async fn transaction_ids(&self) -> Result<TransactionIds> {
        let malformed = || Error::new(ErrorKind::Malformed, "read the snapshot's transaction ids").at(self.place());
        let rows = self.query(IDS, &[]).await?;
        let row = rows.first().ok_or_else(malformed)?;
        let xid = |name| row.try_get::<_, String>(name).ok().and_then(|text| text.parse().ok()).ok_or_else(malformed);
        Ok(TransactionIds {
            xmin: xid("xmin")?,
            xmax: xid("xmax")?,
            in_progress: row.get::<_, i64>("in_progress").unsigned_abs(),
            wal: row.get("wal"),
        })
    }
}
