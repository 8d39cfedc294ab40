//! The files that hold the tables' rows.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::schema::Filenode;

const SQL: &str = include_str!("../../sql/catalog/filenode.sql");

/// Lists the file of every table and partition that holds rows, by name.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn filenodes(client: &Client) -> Result<Vec<Filenode>> {
    let rows = fact::list(client, "list the tables' files", SQL).await?;
    let read = |row: &tokio_postgres::Row| {
        let name = QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? };
        Ok(Filenode { name, number: fact::get(row, "filenode")? })
    };
    rows.iter().map(read).collect()
}
