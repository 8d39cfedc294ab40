//! Whether the user may silence triggers with `session_replication_role`.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::error::Result;
use crate::pg::describe;

const SQL: &str = include_str!("../../sql/catalog/replica_role.sql");

/// Tries to take the replica role in a transaction of its own, which is rolled back. The session must not be in a transaction.
///
/// # Errors
/// `Server` if anything but the privilege is in the way.
pub async fn replica_role_allowed(client: &Client) -> Result<bool> {
    let what = "try the replica role";
    client.batch_execute("begin").await.map_err(|error| describe(what, error))?;
    let tried = client.batch_execute(SQL).await;
    client.batch_execute("rollback").await.map_err(|error| describe(what, error))?;
    match tried {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(false),
        Err(error) => Err(describe(what, error)),
    }
}
