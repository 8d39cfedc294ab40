//! The relations that hold a table's rows, and their files.

use tokio_postgres::{Client, Row};

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::describe;
use crate::schema::RowFile;

const SQL: &str = include_str!("../../sql/catalog/row_file.sql");

/// Lists them for a table; none where it does not exist.
///
/// # Errors
/// `Server` if the query fails.
pub async fn row_files(client: &Client, table: &QualifiedName) -> Result<Vec<RowFile>> {
    let asked = client.query(SQL, &[&table.sql()]).await;
    asked.map_err(|error| describe("list a table's files", error))?.iter().map(row_file).collect()
}

fn row_file(row: &Row) -> Result<RowFile> {
    Ok(RowFile {
        oid: fact::get(row, "oid")?,
        file: fact::get(row, "file")?,
        name: QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? },
        by_place: fact::get(row, "by_place")?,
    })
}
