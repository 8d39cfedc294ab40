//! A session with OLD for what only the server can answer about rows that are not there: temporary tables, in transactions that are
//! always rolled back.

use crate::catalog;
use crate::engine::run::Context;
use crate::error::{ErrorKind, Result};
use crate::name::Side;
use crate::pg::Session;

pub(crate) struct Sandbox {
    old: Session,
    /// Whether event triggers can be kept out.
    quiet: bool,
}

impl Sandbox {
    pub(crate) async fn open(context: &Context, database: &str) -> Result<Self> {
        let old = context.connect(Side::Old, database).await?;
        let quiet = catalog::replica_role_allowed(old.client()).await?;
        Ok(Self { old, quiet })
    }

    pub(crate) fn session(&self) -> &Session {
        &self.old
    }

    /// Begins a transaction, all of it under one snapshot. It must not be committed.
    pub(crate) async fn begin(&self) -> Result<()> {
        self.old.execute_all("begin isolation level repeatable read").await?;
        if self.quiet {
            // Event triggers on OLD have no business with temporary tables.
            self.old.execute_all("set local session_replication_role = replica").await?;
        }
        Ok(())
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

    /// Ends the transaction; nothing of it stays.
    pub(crate) async fn rollback(&self) -> Result<()> {
        self.old.execute_all("rollback").await
    }
}
