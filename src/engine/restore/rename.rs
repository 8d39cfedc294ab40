//! Databases are closed to connections, those who are connected lose their sessions, and all are renamed at once.
//!
//! Closed (`ALLOW_CONNECTIONS false`), a database takes nobody in, superusers included; the means of a fence keep no superuser
//! out, and PostgreSQL renames no database that anybody is connected to.

use std::time::Duration;

use super::written::Before;
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::{Session, sqlstate};
use crate::statement::{all_at_once, open_database};

/// How often sessions are ended that stand in the way: some are let in just before the database is closed.
const ROUNDS: usize = 20;

/// How long is waited between two.
const PAUSE: Duration = Duration::from_millis(250);

/// What PostgreSQL says where somebody is connected.
const IN_USE: &str = "55006";

/// What is renamed.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// The databases that nobody may be connected to.
    pub(super) names: Vec<String>,
    /// Those of them that are closed before.
    pub(super) closed: Vec<String>,
    /// The statements, all or none of which are carried out.
    pub(super) statements: Vec<String>,
}

/// A database that we are in when it is closed, and so the last to be.
pub(super) struct Watched {
    /// Its place in the record.
    pub(super) at: usize,
    pub(super) session: Session,
    /// The server's counters before its dump.
    pub(super) before: Before,
    backend: i32,
}

/// Enters a database before it is closed.
///
/// # Errors
/// What the server said.
pub(super) async fn watch(context: &Context, at: usize, name: &str, before: Before) -> Result<Watched> {
    let session = context.servers().connect(Side::Old, name).await?;
    let backend = session.backend().await?;
    Ok(Watched { at, session, before, backend })
}

/// Closes databases, and ends all sessions with them but those that watch; waits until they are gone.
///
/// # Errors
/// What the server said. What was closed is to be opened again then.
pub(super) async fn close(context: &Context, session: &Session, renames: &Renames, watched: &[Watched]) -> Result<()> {
    let list = renames.names.join(", ");
    context.servers().old_writes().besides(&format!("databases may have been renamed: {list}; `failback restore swap` knows"));
    for name in &renames.closed {
        session.execute_all(&open_database(name, false)).await?;
    }
    let own: Vec<i32> = watched.iter().map(|watched| watched.backend).collect();
    for _ in 0..ROUNDS {
        // Whom we may not end keeps the renames from being done, and that is said there.
        let (ended, _) = session.end_all_sessions(&renames.names, &own).await?;
        if ended == 0 {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Renames all at once.
///
/// # Errors
/// `Contention` where somebody stays connected; what the server said.
pub(super) async fn rename(session: &Session, renames: &Renames) -> Result<()> {
    let mut left = None;
    for _ in 0..ROUNDS {
        session.end_all_sessions(&renames.names, &[]).await?;
        match session.execute_all(&all_at_once(&renames.statements)).await {
            Ok(()) => return Ok(()),
            Err(error) if sqlstate(&error) == Some(IN_USE) => left = Some(error),
            Err(error) => return Err(error),
        }
        tokio::time::sleep(PAUSE).await;
    }
    let error = Error::new(ErrorKind::Contention, "put databases in their places").at(session.place());
    Err(match left {
        Some(left) => error.because(left),
        None => error,
    })
}

/// Opens what was closed, and says so beside what went wrong.
pub(super) async fn reopen(session: &Session, closed: &[String], error: Error) -> Error {
    for name in closed {
        if let Err(failed) = session.execute_all(&open_database(name, true)).await {
            let error = error.next(format!("{name} may be closed to connections ({failed}): run the same command again"));
            return error.next("what was done is told by OIDs, and nothing is done twice");
        }
    }
    error.next("nothing was renamed, and what was closed for it is open again")
}
