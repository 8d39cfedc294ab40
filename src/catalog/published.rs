//! Tables that are published, and whose rows the publication could not name.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::schema::Unidentified;

const SQL: &str = include_str!("../../sql/catalog/published.sql");

/// Lists the tables whose rows cannot be changed or deleted, as a publication publishes that and they have no replica identity.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn unidentified(client: &Client) -> Result<BTreeMap<QualifiedName, Unidentified>> {
    let mut found = BTreeMap::new();
    for row in fact::list(client, "list the published tables without a replica identity", SQL).await? {
        let name = QualifiedName { schema: fact::get_ident(&row, "schema")?, name: fact::get_ident(&row, "name")? };
        let one = Unidentified {
            publication: fact::get_ident(&row, "publication")?,
            updates: fact::get(&row, "updates")?,
            deletes: fact::get(&row, "deletes")?,
        };
        found.insert(name, one);
    }
    Ok(found)
}
