//! Transactions and savepoints: the only place that begins, commits and rolls back.
//!
//! Comes in: a session outside any transaction, which the transaction owns until it ends. Goes out: the session again, or an
//! error that says what OLD may have seen.
//! Never: commits by itself. A transaction that is dropped takes its session with it: the connection closes and the server
//! rolls back, so that no statement can run in a transaction that nobody watches any more.

use std::ops::Deref;

use tracing::{Instrument as _, Span, debug, debug_span, info, info_span, warn};

use super::fault::{server_fault, sqlstate};
use super::old_writes::OldWrites;
use super::session::Session;
use crate::error::{Error, ErrorKind, OldState, Result};
use crate::name::Ident;

/// What a transaction sees of others' commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Each statement sees what was committed before it: for work under locks.
    ReadCommitted,
    /// All statements see one moment.
    RepeatableRead,
}

impl Isolation {
    const fn begin(self) -> &'static str {
        match self {
            Self::ReadCommitted => "begin isolation level read committed",
            Self::RepeatableRead => "begin isolation level repeatable read",
        }
    }
}

/// Temporary tables are made in it, also where OLD's users are kept from writing by `default_transaction_read_only`.
const ATTEMPT: &str = "begin isolation level repeatable read read write";

const READ: &str = "begin isolation level repeatable read read only";

/// A transaction that an error has aborted answers COMMIT with ROLLBACK and no error; it refuses any other statement. So one
/// is sent along, and COMMIT is not reached.
const COMMIT: &str = "select; commit";

const ROLLBACK: &str = "rollback";

/// A session inside a transaction. Everything that a session can do, it can do: see [`Session`].
///
/// What OLD may have seen of a transaction that writes: before [`begin`](Self::begin) has returned, nothing; until
/// [`commit`](Self::commit) sends COMMIT, nothing that stays; from then until the answer, nobody knows; then all of it, or
/// nothing. The record that it was begun with says which, at any moment.
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Transaction {
    session: Session,
    /// `None` for a transaction that is never committed.
    writes: Option<OldWrites>,
    span: Span,
}

impl Transaction {
    /// Begins a transaction that may be committed. `writes` learns what becomes of it.
    ///
    /// # Errors
    /// What the server said; nothing was written then. Cancel safety: the session is closed if the call is dropped.
    pub async fn begin(session: Session, isolation: Isolation, writes: &OldWrites) -> Result<Self> {
        let span = info_span!("transaction", on = session.place(), to = "write");
        session.execute_all(isolation.begin()).instrument(span.clone()).await?;
        writes.began();
        info!(parent: &span, "begun");
        Ok(Self { session, writes: Some(writes.clone()), span })
    }

    /// Begins a transaction that sees one moment and in which things are tried: temporary tables are made and filled, and
    /// nothing of it is ever committed.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn attempt(session: Session) -> Result<Self> {
        let span = debug_span!("transaction", on = session.place(), to = "try");
        session.execute_all(ATTEMPT).instrument(span.clone()).await?;
        Ok(Self { session, writes: None, span })
    }

    /// Begins a transaction that sees one moment and cannot write.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn read(session: Session) -> Result<Self> {
        let span = debug_span!("transaction", on = session.place(), to = "read");
        session.execute_all(READ).instrument(span.clone()).await?;
        Ok(Self { session, writes: None, span })
    }

    /// Returns the session, for statements inside the transaction.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Sets a savepoint. Its name tells a reader of the server's log what it is for.
    ///
    /// # Errors
    /// What the server said.
    pub async fn savepoint(&self, name: &str) -> Result<Savepoint<'_>> {
        debug!(parent: &self.span, name, "savepoint");
        let name = Ident::new(name).sql();
        self.session.execute_all(&format!("savepoint {name}")).await?;
        Ok(Savepoint { session: &self.session, name, span: &self.span })
    }

    /// Commits and hands the session back. `what` is what OLD then has, as "the merge of 3 rows in database shop".
    ///
    /// # Errors
    /// What the server said, with the state: `RolledBack` if it refused, also because an earlier statement had failed;
    /// `Unknown` if its answer was lost. `Refused`, rolled back, for a transaction that was begun to be rolled back.
    /// Cancel safety: none; if the call is dropped, the record says `Unknown`.
    pub async fn commit(self, what: &str) -> Result<Session> {
        let Some(writes) = &self.writes else {
            let refused = Error::new(ErrorKind::Refused, "commit").because("this transaction was begun to be rolled back");
            return Err(self.abort(refused).await);
        };
        writes.committing(what);
        info!(parent: &self.span, what, "commits");
        match self.session.execute_all(COMMIT).instrument(self.span.clone()).await {
            Ok(()) => {
                writes.committed(what);
                info!(parent: &self.span, what, "committed");
                Ok(self.session)
            }
            Err(error) if is_answer(&error) => {
                writes.refused(what);
                warn!(parent: &self.span, what, sqlstate = sqlstate(&error), "not committed");
                Err(self.abort(error).await)
            }
            Err(error) => {
                warn!(parent: &self.span, what, sqlstate = sqlstate(&error), "no answer to COMMIT");
                Err(error.state(writes.state()))
            }
        }
    }

    /// Rolls back and hands the session back.
    ///
    /// # Errors
    /// `Connect` if the connection is gone: the server has rolled back on its own.
    /// Cancel safety: the session is closed if the call is dropped, and the server rolls back.
    pub async fn rollback(self) -> Result<Session> {
        self.tell_rollback(None);
        match self.session.execute_all(ROLLBACK).await {
            Ok(()) => Ok(self.session),
            Err(error) => Err(self.tell(error)),
        }
    }

    /// Rolls back because of an error and closes the session; returns the error, which then says that nothing stays.
    ///
    /// Cancel safety: as [`rollback`](Self::rollback).
    pub async fn abort(self, error: Error) -> Error {
        self.tell_rollback(Some(&error));
        // The connection may be gone; then the server has rolled back on its own.
        let _ = self.session.execute_all(ROLLBACK).await;
        self.tell(error)
    }

    fn tell_rollback(&self, error: Option<&Error>) {
        let (kind, sqlstate) = (error.map(|error| error.kind().word()), error.and_then(sqlstate));
        if self.writes.is_some() {
            info!(parent: &self.span, kind, sqlstate, "rolled back");
        } else {
            debug!(parent: &self.span, kind, sqlstate, "rolled back");
        }
    }

    fn tell(&self, error: Error) -> Error {
        if self.writes.is_some() { error.state(OldState::RolledBack) } else { error }
    }
}

impl Deref for Transaction {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

/// Whether the server has said no and the session goes on: then what it refused has not happened.
fn is_answer(error: &Error) -> bool {
    error.kind() != ErrorKind::Connect && server_fault(error).is_some_and(|fault| !fault.ends_session)
}

/// A point in a transaction to which one can return. Dropped without either, what came after it stays a part of the
/// transaction.
#[must_use = "return to it, or release it"]
pub struct Savepoint<'t> {
    session: &'t Session,
    name: String,
    span: &'t Span,
}

impl Savepoint<'_> {
    /// Takes back what was done since, also after an error, and removes the savepoint.
    ///
    /// # Errors
    /// `Connect` if the connection is gone. Cancel safety: none; the transaction must be dropped with the call.
    pub async fn rollback_to(self) -> Result<()> {
        // Returning keeps a savepoint, and those that are kept pile up on the server.
        let name = &self.name;
        debug!(parent: self.span, "back to the savepoint");
        self.session.execute_all(&format!("rollback to savepoint {name}; release savepoint {name}")).await
    }

    /// Keeps what was done since and removes the savepoint.
    ///
    /// # Errors
    /// What the server said. Cancel safety: none; the transaction must be dropped with the call.
    pub async fn release(self) -> Result<()> {
        self.session.execute_all(&format!("release savepoint {}", self.name)).await
    }
}
