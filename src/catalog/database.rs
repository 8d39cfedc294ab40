//! Databases of a server.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;

const SQL: &str = include_str!("../../sql/catalog/database.sql");

/// Lists the databases that can hold an estate: templates, `postgres` and those that refuse connections are left out.
///
/// # Errors
/// `Server` if the query fails.
pub async fn databases(client: &Client) -> Result<Vec<String>> {
    fact::list(client, "list the databases", SQL).await?.iter().map(|row| fact::get(row, "name")).collect()
}
