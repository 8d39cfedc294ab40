//! A snapshot that many sessions read under, and the transaction that keeps it alive.
//!
//! Comes in: a session outside any transaction. Goes out: the snapshot's name; transactions that join it.
//! Never: writes; every transaction here is REPEATABLE READ READ ONLY.

use super::session::Session;
use super::transaction::Transaction;
use crate::error::{Error, ErrorKind, Result};
use crate::name::literal;

const EXPORT: &str = include_str!("../../sql/session/export_snapshot.sql");
const ALIVE: &str = include_str!("../../sql/session/alive.sql");
const HORIZON: &str = include_str!("../../sql/session/horizon.sql");
const BEGUN: &str = include_str!("../../sql/session/begun_xid.sql");

/// An exported snapshot. It lives as long as this value: dropping it ends its session and thereby the snapshot for newcomers;
/// sessions that joined keep reading under it until their own transaction ends.
pub struct Snapshot {
    holder: Transaction,
    id: String,
}

impl Snapshot {
    /// Begins a transaction on the session and exports its snapshot.
    ///
    /// # Errors
    /// What the server said; `Connect` if it went away. Cancel safety: the session is closed if the call is dropped.
    pub async fn hold(session: Session) -> Result<Self> {
        let holder = Transaction::read(session).await?;
        let rows = holder.query(EXPORT, &[]).await?;
        let Some(Ok(id)) = rows.first().map(|row| row.try_get::<_, String>(0)) else {
            return Err(Error::new(ErrorKind::Malformed, "export a snapshot").at(holder.place()));
        };
        Ok(Self { holder, id })
    }

    /// Returns the snapshot's name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the session that holds the snapshot; it reads under it too.
    #[must_use]
    pub fn session(&self) -> &Session {
        self.holder.session()
    }

    /// Begins a transaction on another session of the same database that sees exactly what the holder sees.
    ///
    /// # Errors
    /// `Refused` if the session is on another side or database, where the name means nothing; what the server said otherwise,
    /// as when the snapshot is gone. The session is closed then, as it is if the call is dropped.
    pub async fn join(&self, session: Session) -> Result<Transaction> {
        let (holder, joining) = (self.holder.endpoint(), session.endpoint());
        if holder.side() != joining.side() || holder.database() != joining.database() {
            return Err(Error::new(ErrorKind::Refused, "join a snapshot")
                .at(session.place())
                .because(format!("the snapshot is held on {}", self.holder.place())));
        }
        let joined = Transaction::read(session).await?;
        joined.execute_all(&format!("set transaction snapshot {}", literal(&self.id))).await?;
        Ok(joined)
    }

    /// Asks the holder whether it is still there.
    ///
    /// # Errors
    /// `Connect` if the holder is gone and with it the snapshot.
    pub async fn check(&self) -> Result<()> {
        self.holder.execute_all(ALIVE).await
    }

    /// Ends the snapshot and hands its session back, outside any transaction.
    ///
    /// # Errors
    /// `Connect` if the holder is gone.
    pub async fn release(self) -> Result<Session> {
        self.holder.rollback().await
    }
}

impl Session {
    /// Returns the database's horizon: the number below which every transaction that can have written to it has ended. Asked
    /// some times, and each answer holds: a transaction that ends while it is looked for may be one of another database.
    ///
    /// # Errors
    /// What the server said.
    pub async fn horizon(&self) -> Result<i64> {
        let mut horizon = i64::MIN;
        for _ in 0..3 {
            let rows = self.query(HORIZON, &[]).await?;
            let malformed = || Error::new(ErrorKind::Malformed, "read the database's horizon").at(self.place());
            horizon = horizon.max(rows.first().and_then(|row| row.try_get(0).ok()).ok_or_else(malformed)?);
        }
        Ok(horizon)
    }

    /// Returns the number from which on no transaction had begun to write to the database. Once its horizon is there, all that
    /// were going on have ended.
    ///
    /// # Errors
    /// What the server said.
    pub async fn begun(&self) -> Result<i64> {
        let rows = self.query(BEGUN, &[]).await?;
        let malformed = || Error::new(ErrorKind::Malformed, "ask which transactions have begun").at(self.place());
        rows.first().and_then(|row| row.try_get(0).ok()).ok_or_else(malformed)
    }
}
