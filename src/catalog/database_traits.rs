//! What a database has around its tables.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::schema::DatabaseTraits;

const SQL: &str = include_str!("../../sql/catalog/database_traits.sql");

/// Reads what decides whether a value means the same on another server: extensions, how money is read, and the zone of wall
/// clocks.
///
/// # Errors
/// `Server` if the query fails.
pub async fn database_traits(client: &Client) -> Result<DatabaseTraits> {
    let mut found = DatabaseTraits::default();
    for row in fact::list(client, "list the extensions", SQL).await? {
        let (kind, name, value): (String, String, String) =
            (fact::get(&row, "kind")?, fact::get(&row, "name")?, fact::get(&row, "value")?);
        match kind.as_str() {
            "extension" => {
                found.extensions.insert(name, value);
            }
            "setting" if name == "lc_monetary" => found.lc_monetary = value,
            "setting" => found.time_zone = value,
            "role_zone" => {
                found.role_zones.insert(name, value);
            }
            other => return Err(fact::unknown("a sort of database_traits", other)),
        }
    }
    Ok(found)
}
