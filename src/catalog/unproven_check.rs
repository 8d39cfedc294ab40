//! Checks that rows of a table need not ever have passed.

use tokio_postgres::{Client, Row};

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::describe;
use crate::schema::{Lift, UnprovenCheck};

const SQL: &str = include_str!("../../sql/catalog/unproven_check.sql");

/// Reads the NOT VALID checks of a table and of its columns' domains.
///
/// # Errors
/// `Server` if the query fails.
pub async fn unproven_checks(client: &Client, table: &QualifiedName) -> Result<Vec<UnprovenCheck>> {
    let asked = client.query(SQL, &[&table.sql()]).await;
    asked.map_err(|error| describe("list a table's unproven checks", error))?.iter().map(check).collect()
}

fn check(row: &Row) -> Result<UnprovenCheck> {
    let (lift, restore): (Option<String>, Option<String>) = (fact::get(row, "lift")?, fact::get(row, "restore")?);
    Ok(UnprovenCheck {
        name: fact::get_ident(row, "name")?,
        of_table: fact::get(row, "of_table")?,
        inherited: fact::get(row, "inherited")?,
        lift: lift.zip(restore).map(|(lift, restore)| Lift { lift, restore }),
    })
}
