//! Who writes to a server: the transactions with an id that are going on.

use serde::{Deserialize, Serialize};

use super::session::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;

const WRITING: &str = include_str!("../../sql/session/writing.sql");
const WRITERS: &str = include_str!("../../sql/session/writers.sql");

/// Transactions with an id that were going on, of one role in one database. One gets an id before it writes its first row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writers {
    /// In which database; `None` where that is not known.
    pub database: Option<String>,
    /// Whose; `None` where that is not known, or nobody's.
    pub role: Option<String>,
    /// The kind of process, as PostgreSQL calls it, or `prepared transaction`; `None` where this user may not see it.
    pub kind: Option<String>,
    /// How many.
    pub transactions: u64,
}

/// A table that a transaction which is going on, or is prepared, may have written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// The table, or the one that it is a partition of; `None` where the transaction has made it, or nothing tells.
    pub table: Option<QualifiedName>,
    /// A role and a kind of process, or a prepared transaction, for people.
    pub who: String,
}

impl Session {
    /// Asks which tables of this database may have been written by transactions of others that have not ended: what they
    /// wrote is seen by nobody yet.
    ///
    /// # Errors
    /// What the server said.
    pub async fn writing(&self) -> Result<Vec<Writing>> {
        let malformed = |_| Error::new(ErrorKind::Malformed, "ask who writes").at(self.place());
        let read = |row: &tokio_postgres::Row| {
            let (schema, name) = (row.try_get::<_, Option<&str>>("schema")?, row.try_get::<_, Option<&str>>("name")?);
            let table = schema.zip(name).map(|(schema, name)| QualifiedName::new(schema, name));
            Ok(Writing { table, who: row.try_get("who")? })
        };
        let rows = self.query(WRITING, &[]).await?;
        rows.iter().map(read).collect::<std::result::Result<_, tokio_postgres::Error>>().map_err(malformed)
    }

    /// Asks who writes now. A transaction that the session's snapshot takes for going on and that is over is among them,
    /// without a database.
    ///
    /// # Errors
    /// What the server said.
    pub async fn writers(&self) -> Result<Vec<Writers>> {
        let malformed = |_| Error::new(ErrorKind::Malformed, "ask who writes").at(self.place());
        let read = |row: &tokio_postgres::Row| {
            Ok(Writers {
                database: row.try_get("database")?,
                role: row.try_get("role")?,
                kind: row.try_get("kind")?,
                transactions: u64::try_from(row.try_get::<_, i64>("transactions")?).unwrap_or(0),
            })
        };
        let rows = self.query(WRITERS, &[]).await?;
        rows.iter().map(read).collect::<std::result::Result<_, tokio_postgres::Error>>().map_err(malformed)
    }
}
