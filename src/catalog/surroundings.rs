//! What a database has around its tables.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::schema::Surroundings;

const SQL: &str = include_str!("../../sql/catalog/surroundings.sql");

/// Reads what decides whether a value means the same on another server: extensions, and how money is read.
///
/// # Errors
/// `Server` if the query fails.
pub async fn surroundings(client: &Client) -> Result<Surroundings> {
    let mut found = Surroundings::default();
    for row in fact::list(client, "list the extensions", SQL).await? {
        let (kind, name, value): (String, String, String) =
            (fact::get(&row, "kind")?, fact::get(&row, "name")?, fact::get(&row, "value")?);
        match kind.as_str() {
            "extension" => {
                found.extensions.insert(name, value);
            }
            "setting" => found.lc_monetary = value,
            other => return Err(fact::unknown("a sort of surroundings", other)),
        }
    }
    Ok(found)
}
