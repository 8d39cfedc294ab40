//! What this user may do with each sequence.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::schema::SequenceUse;

const SQL: &str = include_str!("../../sql/catalog/sequence_use.sql");

/// Reads how each sequence is used, by its name.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn sequence_uses(client: &Client) -> Result<BTreeMap<QualifiedName, SequenceUse>> {
    let rows = fact::list(client, "list the rights on sequences", SQL).await?;
    let read = |row| {
        let name = QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? };
        let found = SequenceUse {
            name: name.clone(),
            cache: fact::get(row, "cache")?,
            start: fact::get(row, "start")?,
            schema_open: fact::get(row, "schema_open")?,
            may_read: fact::get(row, "may_read")?,
            may_draw: fact::get(row, "may_draw")?,
            may_set: fact::get(row, "may_set")?,
            may_alter: fact::get(row, "may_alter")?,
        };
        Ok((name, found))
    };
    rows.iter().map(read).collect()
}
