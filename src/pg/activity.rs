//! Who is connected to a server, and what its statistics have counted.

use serde::Serialize;
use tokio_postgres::Row;

use super::session::Session;
use crate::error::{Error, ErrorKind, Result};

const ACTIVITY: &str = include_str!("../../sql/session/activity.sql");
const COUNTED: &str = include_str!("../../sql/session/counted_rows.sql");
const SUBSCRIBED: &str = include_str!("../../sql/session/subscribed.sql");
const END: &str = include_str!("../../sql/session/end_sessions.sql");
const BACKEND: &str = include_str!("../../sql/session/backend.sql");
const END_ALL: &str = include_str!("../../sql/session/end_all_sessions.sql");
const DATA_FOLDER: &str = include_str!("../../sql/session/data_folder.sql");
const SEES_OTHERS: &str = include_str!("../../sql/session/sees_others.sql");
const WRITABLE: &str = include_str!("../../sql/session/writable.sql");

/// Sessions of one role in one database, alike in what they do. Those of failback's own application are not among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Activity {
    /// The database.
    pub database: Option<String>,
    /// The role.
    pub role: String,
    /// What they call themselves; nothing where this user may not see it.
    pub application: Option<String>,
    /// The kind of process, as PostgreSQL calls it; likewise.
    pub kind: Option<String>,
    /// What they are doing, as PostgreSQL calls it; likewise.
    pub state: Option<String>,
    /// How many.
    pub sessions: u64,
    /// How many of them have a transaction that has written, or is about to.
    pub writing: u64,
    /// Whether the role is a superuser, whom no fence keeps out.
    pub superuser: bool,
}

/// What statistics have counted in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Rows of its own tables that were inserted, updated or deleted.
    pub rows: u64,
    /// Transactions that were committed.
    pub commits: u64,
}

/// A subscription of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subscribed {
    /// Its name.
    pub name: String,
    /// Whether a process is at it.
    pub works: bool,
    /// How far it is in the publisher's log.
    pub received: Option<String>,
}

/// A session that was to be ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Its database.
    pub database: String,
    /// Its role.
    pub role: String,
    /// Whether the server was told to; nothing where this user may not.
    pub ended: Option<bool>,
}

fn count(row: &Row, column: &str) -> Result<u64, tokio_postgres::Error> {
    Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0))
}

impl Session {
    /// Asks who is connected.
    ///
    /// # Errors
    /// What the server said.
    pub async fn activity(&self) -> Result<Vec<Activity>> {
        let read = |row: &Row| {
            Ok(Activity {
                database: row.try_get("database")?,
                role: row.try_get("role")?,
                application: row.try_get("application")?,
                kind: row.try_get("kind")?,
                state: row.try_get("state")?,
                sessions: count(row, "sessions")?,
                writing: count(row, "writing")?,
                superuser: row.try_get("superuser")?,
            })
        };
        self.query(ACTIVITY, &[])
            .await?
            .iter()
            .map(read)
            .collect::<Result<_, tokio_postgres::Error>>()
            .map_err(|error| self.strange(error))
    }

    /// Asks what has been counted in the session's database.
    ///
    /// # Errors
    /// What the server said.
    pub async fn counted(&self) -> Result<Counted> {
        let rows = self.query(COUNTED, &[]).await?;
        let read = |row: &Row| -> Result<Counted, tokio_postgres::Error> {
            Ok(Counted { rows: count(row, "rows")?, commits: count(row, "commits")? })
        };
        let none = || Error::new(ErrorKind::Malformed, "ask what was counted").at(self.place());
        read(rows.first().ok_or_else(none)?).map_err(|error| self.strange(error))
    }

    /// Asks which subscriptions bring rows.
    ///
    /// # Errors
    /// What the server said.
    pub async fn subscribed(&self) -> Result<Vec<Subscribed>> {
        let read = |row: &Row| {
            Ok(Subscribed { name: row.try_get("name")?, works: row.try_get("works")?, received: row.try_get("received")? })
        };
        self.query(SUBSCRIBED, &[])
            .await?
            .iter()
            .map(read)
            .collect::<Result<_, tokio_postgres::Error>>()
            .map_err(|error| self.strange(error))
    }

    /// Ends the sessions with these databases, but those of superusers and of the roles that are spared. Returns what was there
    /// to be ended.
    ///
    /// # Errors
    /// What the server said.
    pub async fn end_sessions(&self, databases: &[String], spared: &[String]) -> Result<Vec<EndedSession>> {
        let read = |row: &Row| {
            Ok(EndedSession { database: row.try_get("database")?, role: row.try_get("role")?, ended: row.try_get("ended")? })
        };
        let rows = self.query(END, &[&databases, &spared]).await?;
        rows.iter().map(read).collect::<Result<_, tokio_postgres::Error>>().map_err(|error| self.strange(error))
    }

    /// Ends every session with these databases that this user may end, superusers' included, but those of some processes.
    /// Returns how many were told to end, and how many are left that may not be.
    ///
    /// # Errors
    /// What the server said.
    pub async fn end_all_sessions(&self, databases: &[String], spared: &[i32]) -> Result<(u64, u64)> {
        let rows = self.query(END_ALL, &[&databases, &spared]).await?;
        let read = |row| Ok((count(row, "ended")?, count(row, "left_over")?));
        rows.first().map_or(Ok((0, 0)), read).map_err(|error| self.strange(error))
    }

    /// Which of the server's processes answers.
    ///
    /// # Errors
    /// What the server said.
    pub async fn backend(&self) -> Result<i32> {
        let rows = self.query(BACKEND, &[]).await?;
        rows.first().map_or(Ok(0), |row| row.try_get("backend")).map_err(|error| self.strange(error))
    }

    /// Asks where the server keeps its data; nothing where this user may not know.
    ///
    /// # Errors
    /// What the server said.
    pub async fn data_folder(&self) -> Result<Option<String>> {
        let rows = self.query(DATA_FOLDER, &[]).await?;
        rows.first().map_or(Ok(None), |row| row.try_get("folder")).map_err(|error| self.strange(error))
    }

    /// Whether this user sees what other users' sessions do.
    ///
    /// # Errors
    /// What the server said.
    pub async fn sees_others(&self) -> Result<bool> {
        let rows = self.query(SEES_OTHERS, &[]).await?;
        Ok(rows.first().is_some_and(|row| row.try_get("sees_others").unwrap_or(false)))
    }

    /// Lets the session change settings although its transactions may be read-only unless they say otherwise.
    ///
    /// # Errors
    /// What the server said.
    pub async fn allow_changes(&self) -> Result<()> {
        self.execute_all(WRITABLE).await
    }

    fn strange(&self, error: tokio_postgres::Error) -> Error {
        Error::new(ErrorKind::Malformed, "ask who is at work").at(self.place()).because(error)
    }
}
