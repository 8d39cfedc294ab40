//! Foreign keys.

use tokio_postgres::{Client, Row};

use super::{ByTable, fact};
use crate::error::Result;
use crate::name::{Ident, QualifiedName, operator};
use crate::schema::{FkAction, ForeignKey};

const SQL: &str = include_str!("../../sql/catalog/foreign_key.sql");

/// Reads the foreign keys of every table, under the child, by name.
pub(super) async fn read(client: &Client) -> Result<ByTable<ForeignKey>> {
    fact::by_table(&fact::list(client, "list the foreign keys", SQL).await?, foreign_key)
}

fn foreign_key(row: &Row) -> Result<ForeignKey> {
    Ok(ForeignKey {
        name: fact::get_ident(row, "name")?,
        child: QualifiedName { schema: fact::get_ident(row, "child_schema")?, name: fact::get_ident(row, "child_name")? },
        child_columns: fact::get_idents(row, "child_columns")?,
        parent: QualifiedName { schema: fact::get_ident(row, "parent_schema")?, name: fact::get_ident(row, "parent_name")? },
        parent_columns: fact::get_idents(row, "parent_columns")?,
        operators: operators(fact::get_idents(row, "operator_schemas")?, fact::get(row, "operator_names")?),
        deferrable: fact::get(row, "deferrable")?,
        match_full: fact::get(row, "match_full")?,
        validated: fact::get(row, "validated")?,
        child_partitioned: fact::get(row, "child_partitioned")?,
        parent_partitioned: fact::get(row, "parent_partitioned")?,
        period: fact::get(row, "period")?,
        child_part: part(row, "child_part_schema", "child_part_name")?,
        child_bound: fact::get(row, "child_bound")?,
        parent_bound: fact::get(row, "parent_bound")?,
        parent_part: part(row, "parent_part_schema", "parent_part_name")?,
        on_delete: action(row, "on_delete")?,
        on_update: action(row, "on_update")?,
    })
}

fn action(row: &Row, column: &str) -> Result<FkAction> {
    Ok(match fact::get_code(row, column)? {
        'a' => FkAction::NoAction,
        'r' => FkAction::Restrict,
        'c' => FkAction::Cascade,
        'n' => FkAction::SetNull,
        'd' => FkAction::SetDefault,
        other => return Err(fact::unknown("a referential action of pg_constraint", other)),
    })
}

fn part(row: &Row, schema: &str, name: &str) -> Result<Option<QualifiedName>> {
    let (schema, name): (Option<String>, Option<String>) = (fact::get(row, schema)?, fact::get(row, name)?);
    Ok(schema.zip(name).map(|(schema, name)| QualifiedName::new(schema, name)))
}

/// Spells the operators as `operator(schema.=)`, since nothing but `pg_catalog` is on the `search_path`.
fn operators(schemas: Vec<Ident>, names: Vec<String>) -> Vec<String> {
    let spell = |(schema, name): (Ident, String)| {
        if schema.as_str() == "pg_catalog" { name } else { operator(&schema, &name) }
    };
    schemas.into_iter().zip(names).map(spell).collect()
}
