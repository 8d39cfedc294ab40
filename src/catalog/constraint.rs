//! Check constraints.

use tokio_postgres::{Client, Row};

use super::{ByTable, fact};
use crate::error::Result;
use crate::schema::Check;

const SQL: &str = include_str!("../../sql/catalog/constraint.sql");

/// Reads the check constraints of every table, by name.
pub(super) async fn read(client: &Client) -> Result<ByTable<Check>> {
    fact::by_table(&fact::list(client, "list the constraints", SQL).await?, check)
}

fn check(row: &Row) -> Result<Check> {
    Ok(Check {
        name: fact::get_ident(row, "name")?,
        expression: fact::get(row, "expression")?,
        validated: fact::get(row, "validated")?,
    })
}
