//! Tables on which the server refuses updates and deletes, since it could not publish them.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;

const SQL: &str = include_str!("../../sql/catalog/unidentified.sql");

/// Lists the tables and partitions whose updates or deletes a publication sends, and that have no replica identity
/// (PostgreSQL's documentation, "Logical Replication", "Publication").
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn unidentified(client: &Client) -> Result<BTreeSet<QualifiedName>> {
    let rows = fact::list(client, "list the published tables without a replica identity", SQL).await?;
    rows.iter()
        .map(|row| Ok(QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? }))
        .collect()
}
