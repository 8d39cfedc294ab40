//! Whether there is a role.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::pg::describe;

const SQL: &str = include_str!("../../sql/catalog/role_exists.sql");

/// Says whether the server has a role of that name.
///
/// # Errors
/// `Server` if the query fails.
pub async fn role_exists(client: &Client, role: &str) -> Result<bool> {
    let rows = client.query(SQL, &[&role]).await.map_err(|error| describe("look for the role", error))?;
    rows.first().map_or(Ok(false), |row| fact::get(row, "role_exists"))
}
