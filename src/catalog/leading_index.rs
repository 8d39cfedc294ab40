//! Whether rows are found by values of some columns without reading the whole table.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::{Ident, QualifiedName};
use crate::pg::describe;

const SQL: &str = include_str!("../../sql/catalog/leading_index.sql");

/// Asks whether a table has an index that begins with one of some columns.
///
/// # Errors
/// `Server` if the query fails.
pub async fn has_leading_index(client: &Client, table: &QualifiedName, columns: &[Ident]) -> Result<bool> {
    let names: Vec<_> = columns.iter().map(Ident::as_str).collect();
    let asked = client.query(SQL, &[&table.sql(), &names]).await;
    let rows = asked.map_err(|error| describe("look for an index", error))?;
    rows.first().map_or(Ok(false), |row| fact::get(row, "found"))
}
