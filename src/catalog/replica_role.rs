//! Whether the user may silence triggers with `session_replication_role`.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::error::Result;
use crate::pg::describe;

const SQL: &str = include_str!("../../sql/catalog/replica_role.sql");

/// Tries to take the replica role for the length of one statement. The session must not be in a transaction.
///
/// # Errors
/// `Server` if anything but the privilege is in the way.
pub async fn replica_role_allowed(client: &Client) -> Result<bool> {
    match client.batch_execute(SQL).await {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(false),
        Err(error) => Err(describe("try the replica role", error)),
    }
}
