//! The tables of failback's own ledger.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;

const SQL: &str = include_str!("../../sql/catalog/ledger.sql");

/// Lists them by their OID, whichever schema they are in.
pub(super) async fn tables(client: &Client) -> Result<BTreeMap<u32, QualifiedName>> {
    let rows = fact::list(client, "look for failback's ledger", SQL).await?;
    let name = |row| Ok(QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? });
    rows.iter().map(|row| Ok((fact::get(row, "oid")?, name(row)?))).collect()
}
