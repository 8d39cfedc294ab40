//! Databases of a server.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;

const SQL: &str = include_str!("../../sql/catalog/database.sql");

const HAS_RELATIONS: &str = include_str!("../../sql/catalog/has_relations.sql");

/// A database of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Whether it takes connections.
    pub is_open: bool,
    /// Whether it is one that others are made from.
    pub is_template: bool,
}

/// Lists the databases of a server, its own two templates apart.
///
/// # Errors
/// `Server` if the query fails.
pub async fn databases(client: &Client) -> Result<Vec<Database>> {
    let read = |row| {
        Ok(Database {
            name: fact::get(row, "name")?,
            is_open: fact::get(row, "is_open")?,
            is_template: fact::get(row, "is_template")?,
        })
    };
    fact::list(client, "list the databases", SQL).await?.iter().map(read).collect()
}

/// Whether anybody has made a table, a view with rows, or a sequence in the database of a connection.
///
/// # Errors
/// `Server` if the query fails.
pub async fn has_relations(client: &Client) -> Result<bool> {
    let rows = fact::list(client, "look for relations", HAS_RELATIONS).await?;
    rows.first().map_or(Ok(false), |row| fact::get(row, "has_relations"))
}
