//! What single partitions ask of their rows.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::{Ident, QualifiedName};
use crate::pg::describe;

const SQL: &str = include_str!("../../sql/catalog/partition_check.sql");

/// Reads the conditions that partitions of a table have beside its own, with their names, ready for SQL.
///
/// # Errors
/// `Server` if the query fails.
pub async fn partition_checks(client: &Client, table: &QualifiedName) -> Result<Vec<(Ident, String)>> {
    let asked = client.query(SQL, &[&table.schema.as_str(), &table.name.as_str()]).await;
    let rows = asked.map_err(|error| describe("list the checks of a table's partitions", error))?;
    rows.iter().map(|row| Ok((fact::get_ident(row, "name")?, fact::get(row, "condition")?))).collect()
}
