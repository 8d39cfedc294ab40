//! User triggers.

use tokio_postgres::{Client, Row};

use super::{ByTable, fact};
use crate::error::Result;
use crate::schema::Trigger;

const SQL: &str = include_str!("../../sql/catalog/trigger.sql");

/// Reads the user triggers of every table, by name.
pub(super) async fn read(client: &Client) -> Result<ByTable<Trigger>> {
    fact::by_table(&fact::list(client, "list the triggers", SQL).await?, trigger)
}

fn trigger(row: &Row) -> Result<Trigger> {
    Ok(Trigger { name: fact::get_ident(row, "name")?, enabled: fact::get_code(row, "enabled")? })
}
