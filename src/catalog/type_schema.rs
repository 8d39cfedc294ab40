//! The schemas that a table's types are in.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::{Ident, QualifiedName};

const SQL: &str = include_str!("../../sql/catalog/type_schema.sql");

/// Lists them by table, those that everybody may look into left out.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn type_schemas(client: &Client) -> Result<BTreeMap<QualifiedName, Vec<Ident>>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in fact::list(client, "list the schemas of the columns' types", SQL).await? {
        let table = QualifiedName { schema: fact::get_ident(&row, "schema")?, name: fact::get_ident(&row, "name")? };
        found.entry(table).or_default().push(fact::get_ident(&row, "type_schema")?);
    }
    Ok(found)
}
