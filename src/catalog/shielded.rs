//! Tables under row-level security, whoever asks.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;

const SQL: &str = include_str!("../../sql/catalog/shielded.sql");

/// Lists the tables and partitions whose policies would bind a role that does not own them.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn shielded(client: &Client) -> Result<BTreeSet<QualifiedName>> {
    let rows = fact::list(client, "list the tables under row-level security", SQL).await?;
    rows.iter()
        .map(|row| Ok(QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? }))
        .collect()
}
