//! How far a server's transactions have come.

use serde::{Deserialize, Serialize};

use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

const IDS: &str = include_str!("../../sql/session/transaction_ids.sql");

/// How far a server's transactions have come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionIds {
    /// No transaction from here on had begun; counted from the cluster's beginning (`xid8`).
    pub next: u64,
    /// Every transaction below had ended, in whichever database. Those within one that is going on have greater ids than it.
    pub ended: u64,
    /// Where the write-ahead log was then, as PostgreSQL spells it: `0/16B3748`.
    pub wal: String,
}

impl Session {
    /// Asks how far transactions have come, by the snapshot that the session reads under: that of its transaction where it is
    /// REPEATABLE READ, else that of this statement.
    ///
    /// # Errors
    /// What the server said.
    pub async fn transaction_ids(&self) -> Result<TransactionIds> {
        let malformed = || Error::new(ErrorKind::Malformed, "ask how far transactions have come").at(self.place());
        let rows = self.query(IDS, &[]).await?;
        let row = rows.first().ok_or_else(malformed)?;
        let text = |name| row.try_get::<_, String>(name).map_err(|_| malformed());
        let id = |name| text(name)?.parse().map_err(|_| malformed());
        Ok(TransactionIds { next: id("next")?, ended: id("ended")?, wal: text("wal")? })
    }
}
