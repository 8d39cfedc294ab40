//! A session with OLD for what only the server can answer about rows that are not there: temporary tables, in transactions that are
//! always rolled back.

use super::context::Context;
use crate::catalog;
use crate::error::{ErrorKind, Result};
use crate::name::Side;
use crate::pg::Session;

pub(super) struct Sandbox {
    old: Session,
    /// Whether event triggers can be kept out.
    quiet: bool,
}

impl Sandbox {
    pub(super) async fn open(context: &Context, database: &str) -> Result<Self> {
        let old = context.connect(Side::Old, database).await?;
        let quiet = catalog::replica_role_allowed(old.client()).await?;
        Ok(Self { old, quiet })
    }

    pub(super) fn session(&self) -> &Session {
        &self.old
    }

    /// Begins a transaction, all of it under one snapshot. It must not be committed.
    pub(super) async fn begin(&self) -> Result<()> {
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
    pub(super) async fn create(&self, sql: &str) -> Result<()> {
        self.old.execute_all(sql).await.map_err(|error| match error.kind() {
            ErrorKind::Permission => {
                error.next("planned rows are tried in temporary tables: grant TEMPORARY on the database to the user")
            }
            _ => error,
        })
    }

    /// Ends the transaction; nothing of it stays.
    pub(super) async fn rollback(&self) -> Result<()> {
        self.old.execute_all("rollback").await
    }
}
