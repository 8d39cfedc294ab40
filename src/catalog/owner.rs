//! Whether the user owns a table.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::describe;

const SQL: &str = include_str!("../../sql/catalog/owner.sql");

/// Says whether the user is, or may act as, the table's owner.
///
/// # Errors
/// `Server` if the query fails.
pub async fn is_owner(client: &Client, table: &QualifiedName) -> Result<bool> {
    let asked = client.query(SQL, &[&table.schema.as_str(), &table.name.as_str()]).await;
    let rows = asked.map_err(|error| describe("ask whose a table is", error))?;
    rows.first().map_or(Ok(false), |row| fact::get(row, "is_owner"))
}
