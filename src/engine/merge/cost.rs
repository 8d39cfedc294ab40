//! What a transaction costs: its time, the write-ahead log that OLD wrote meanwhile, and the room that its database took.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::pg::Session;
use crate::staging::Measured;

const COST: &str = include_str!("../../../sql/session/cost.sql");

/// A transaction that is measured.
pub(super) struct Cost {
    began: Instant,
    /// Where log and room were; nothing where OLD does not say it.
    before: Option<(i64, i64)>,
}

impl Cost {
    /// Begins before the transaction: a question that is refused would end it.
    pub(super) async fn begin(old: &Session) -> Self {
        let before = ask(old).await;
        Self { began: Instant::now(), before }
    }

    /// Ends before COMMIT, within the transaction.
    pub(super) async fn end(self, old: &Session, rows: u64, locks: BTreeMap<String, u64>) -> Measured {
        let milliseconds = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let after = if self.before.is_some() { ask(old).await } else { None };
        let more = |of: fn((i64, i64)) -> i64| {
            let (before, after) = self.before.zip(after)?;
            Some(u64::try_from(of(after) - of(before)).unwrap_or(0))
        };
        Measured { rows, milliseconds, wal_bytes: more(|asked| asked.0), room_bytes: more(|asked| asked.1), locks }
    }
}

async fn ask(old: &Session) -> Option<(i64, i64)> {
    let found = old.query(COST, &[]).await.ok()?;
    found.first().map(|row| (row.get("log_bytes"), row.get("database_bytes")))
}
