//! A session with OLD for what only the server can answer about rows that are not there: temporary tables, in transactions that
//! are never committed.

use crate::catalog;
use crate::engine::run::Servers;
use crate::error::{ErrorKind, Result};
use crate::name::Side;
use crate::pg::{Savepoint, Session, Transaction};
use crate::statement::{OWN_SEARCH_PATH, REPLICA_ROLE};

pub(crate) struct Sandbox {
    old: Transaction,
    /// Whether event triggers can be kept out.
    quiet: bool,
}

impl Sandbox {
    /// Opens a session and begins, all of it under one snapshot.
    pub(crate) async fn open(servers: &Servers, database: &str) -> Result<Self> {
        let old = servers.connect(Side::Old, database).await?;
        let quiet = catalog::replica_role_allowed(old.client()).await?;
        Self::begin(old, quiet).await
    }

    async fn begin(old: Session, quiet: bool) -> Result<Self> {
        let old = Transaction::attempt(old).await?;
        if quiet {
            // Event triggers on OLD have no business with temporary tables.
            old.execute_all(REPLICA_ROLE).await?;
        }
        Ok(Self { old, quiet })
    }

    /// Takes everything back and begins again, under a snapshot of now.
    pub(crate) async fn renew(self) -> Result<Self> {
        Self::begin(self.old.rollback().await?, self.quiet).await
    }

    pub(crate) fn session(&self) -> &Session {
        &self.old
    }

    /// Whether this user may keep foreign keys quiet too.
    pub(crate) const fn keeps_keys_quiet(&self) -> bool {
        self.quiet
    }

    /// Sets a savepoint.
    pub(crate) async fn savepoint(&self, name: &str) -> Result<Savepoint<'_>> {
        self.old.savepoint(name).await
    }

    /// Lets OLD's own expressions find what they call; no catalog is read from here on.
    pub(crate) async fn find_as_old_does(&self) -> Result<()> {
        self.old.execute_all(OWN_SEARCH_PATH).await
    }

    /// Creates a temporary table.
    ///
    /// # Errors
    ///
    /// `Permission`, with what to grant, if the user may not.
    pub(crate) async fn create(&self, sql: &str) -> Result<()> {
        self.old.execute_all(sql).await.map_err(|error| match error.kind() {
            ErrorKind::Permission => {
                error.next("planned rows are tried in temporary tables: grant TEMPORARY on the database to the user")
            }
            _ => error,
        })
    }

    /// Takes everything back and closes the session.
    pub(crate) async fn leave(self) -> Result<()> {
        self.old.rollback().await.map(drop)
    }
}
