//! The role of a connection.

use tokio_postgres::Client;

use super::fact;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Ident;

const SQL: &str = include_str!("../../sql/catalog/role.sql");

/// Asks for the role whose privileges count.
///
/// # Errors
/// `Server` if the query fails.
pub async fn role(client: &Client) -> Result<Ident> {
    let rows = fact::list(client, "ask for the role", SQL).await?;
    rows.first().map_or_else(|| Err(Error::new(ErrorKind::Malformed, "ask for the role")), |row| fact::get_ident(row, "role"))
}
