//! Sequences.

use std::collections::HashMap;

use tokio_postgres::{Client, Row};

use super::fact;
use crate::error::Result;
use crate::name::{Ident, QualifiedName};
use crate::schema::Sequence;

const SQL: &str = include_str!("../../sql/catalog/sequence.sql");

/// Reads every sequence, by its OID.
pub(super) async fn read(client: &Client) -> Result<HashMap<u32, Sequence>> {
    let rows = fact::list(client, "list the sequences", SQL).await?;
    rows.iter().map(|row| Ok((fact::get(row, "sequence_oid")?, sequence(row)?))).collect()
}

fn sequence(row: &Row) -> Result<Sequence> {
    let owner: Option<String> = fact::get(row, "owner_table")?;
    Ok(Sequence {
        name: QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? },
        last_value: fact::get(row, "last_value")?,
        unreadable: fact::get(row, "unreadable")?,
        increment: fact::get(row, "increment")?,
        bounds: Some((fact::get(row, "min_value")?, fact::get(row, "max_value")?)),
        cycle: fact::get(row, "cycle")?,
        feeds: columns(row, "fed")?,
        worked_into: columns(row, "worked")?,
        owner: match owner {
            Some(table) => {
                let schema: String = fact::get(row, "owner_schema")?;
                Some((QualifiedName::new(schema, table), Ident::new(fact::get::<String>(row, "owner_column")?)))
            }
            None => None,
        },
    })
}

fn columns(row: &Row, kind: &str) -> Result<Vec<(QualifiedName, Ident)>> {
    let schemas: Vec<String> = fact::get(row, &format!("{kind}_schemas"))?;
    let tables: Vec<String> = fact::get(row, &format!("{kind}_tables"))?;
    let tables = schemas.into_iter().zip(tables).map(|(schema, table)| QualifiedName::new(schema, table));
    Ok(tables.zip(fact::get_idents(row, &format!("{kind}_columns"))?).collect())
}
