//! What tables' definitions use.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::schema::Used;

const SQL: &str = include_str!("../../sql/catalog/used.sql");

/// Lists the types and functions that tables use, by table, the builtin ones left out.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn used(client: &Client) -> Result<BTreeMap<QualifiedName, Vec<Used>>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in fact::list(client, "list what the tables use", SQL).await? {
        let table = QualifiedName { schema: fact::get_ident(&row, "schema")?, name: fact::get_ident(&row, "name")? };
        let word: &str = fact::get(&row, "sort")?;
        found.entry(table).or_default().push(Used {
            sort: word.parse().map_err(|_| fact::unknown("what a table uses", word))?,
            name: QualifiedName { schema: fact::get_ident(&row, "used_schema")?, name: fact::get_ident(&row, "used_name")? },
            arguments: fact::get(&row, "arguments")?,
            open: fact::get(&row, "open")?,
            granted: fact::get(&row, "granted")?,
        });
    }
    Ok(found)
}
