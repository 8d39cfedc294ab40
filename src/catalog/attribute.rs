//! What types are made of, where there is a composite type in them.

use std::collections::HashMap;

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::schema::Attribute;

const SQL: &str = include_str!("../../sql/catalog/attribute.sql");

/// Reads the parts of the types of all columns, by the OID of the type as it is declared.
pub(super) async fn read(client: &Client) -> Result<HashMap<u32, Vec<Attribute>>> {
    let mut found: HashMap<u32, Vec<Attribute>> = HashMap::new();
    for row in fact::list(client, "list what types are made of", SQL).await? {
        let attribute = Attribute {
            name: fact::get_ident(&row, "name")?,
            path: fact::get(&row, "path")?,
            sql: fact::get(&row, "type_sql")?,
        };
        found.entry(fact::get(&row, "type_oid")?).or_default().push(attribute);
    }
    Ok(found)
}
