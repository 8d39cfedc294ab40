//! The tables of a database as wholes: each with all of its partitions.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::describe;

const SQL: &str = include_str!("../../sql/catalog/whole_table.sql");

/// Lists the tables of a database that are no partitions, and whether each is partitioned.
///
/// # Errors
/// What the server said.
pub async fn whole_tables(client: &Client) -> Result<Vec<(QualifiedName, bool)>> {
    let read = |row| {
        let name = QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? };
        Ok((name, fact::get(row, "is_partitioned")?))
    };
    let rows = client.query(SQL, &[]).await.map_err(|error| describe("list the tables", error))?;
    rows.iter().map(read).collect()
}
