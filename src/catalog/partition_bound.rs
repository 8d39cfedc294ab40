//! Which rows the leaves of a partitioned table take.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::describe;

const SQL: &str = include_str!("../../sql/catalog/partition_bound.sql");

/// Reads the condition of every leaf of a partitioned table, ready for SQL; `None` is a leaf that takes every row. Nothing for
/// a table that is not partitioned.
///
/// # Errors
/// `Server` if the query fails.
pub async fn partition_bounds(client: &Client, table: &QualifiedName) -> Result<Vec<Option<String>>> {
    let asked = client.query(SQL, &[&table.schema.as_str(), &table.name.as_str()]).await;
    let rows = asked.map_err(|error| describe("list a table's partitions", error))?;
    rows.iter().map(|row| fact::get(row, "bound")).collect()
}
