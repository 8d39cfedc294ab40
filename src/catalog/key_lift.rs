//! Foreign keys that are NOT VALID, and how they are lifted.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Row};

use super::fact;
use crate::error::Result;
use crate::name::{Ident, QualifiedName};
use crate::schema::Lift;

const SQL: &str = include_str!("../../sql/catalog/key_lift.sql");

/// Lists how the NOT VALID foreign keys are lifted that this user may lift, by the child's and the key's name.
///
/// # Errors
/// `Server` if the query fails.
pub async fn key_lifts(client: &Client) -> Result<BTreeMap<(QualifiedName, Ident), Lift>> {
    fact::list(client, "list the foreign keys that can be lifted", SQL).await?.iter().map(lift).collect()
}

fn lift(row: &Row) -> Result<((QualifiedName, Ident), Lift)> {
    let child = QualifiedName { schema: fact::get_ident(row, "child_schema")?, name: fact::get_ident(row, "child_name")? };
    let lift = Lift { lift: fact::get(row, "lift")?, restore: fact::get(row, "restore")? };
    Ok(((child, fact::get_ident(row, "name")?), lift))
}
