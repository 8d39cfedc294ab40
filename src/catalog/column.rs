//! Columns and their types.

use std::collections::HashMap;

use tokio_postgres::{Client, Row};

use super::{ByTable, fact};
use crate::error::Result;
use crate::schema::{Attribute, Column, Identity, PgType, TypeKind};

const SQL: &str = include_str!("../../sql/catalog/column.sql");

/// Reads the columns of every table, in attribute order; `attributes` are what their types are made of, by the types' OIDs.
pub(super) async fn read(client: &Client, attributes: &HashMap<u32, Vec<Attribute>>) -> Result<ByTable<Column>> {
    fact::by_table(&fact::list(client, "list the columns", SQL).await?, |row| column(row, attributes))
}

fn column(row: &Row, attributes: &HashMap<u32, Vec<Attribute>>) -> Result<Column> {
    Ok(Column {
        name: fact::get_ident(row, "name")?,
        data_type: PgType {
            sql: fact::get(row, "type_sql")?,
            base_sql: fact::get(row, "base_sql")?,
            bare_sql: fact::get(row, "bare_sql")?,
            typmod: fact::get(row, "typmod")?,
            schema: fact::get_ident(row, "base_schema")?,
            base: fact::get(row, "base")?,
            builtin: fact::get(row, "builtin")?,
            kind: type_kind(fact::get(row, "type_kind")?)?,
            casts_text: fact::get(row, "casts_text")?,
            labels: fact::get(row, "labels")?,
            attributes: attributes.get(&fact::get(row, "type_oid")?).cloned().unwrap_or_default(),
        },
        not_null: fact::get(row, "not_null")?,
        generated: fact::get(row, "generated")?,
        identity: match fact::get_code(row, "identity")? {
            '\0' => None,
            'a' => Some(Identity::Always),
            'd' => Some(Identity::ByDefault),
            other => return Err(fact::unknown("pg_attribute.attidentity", other)),
        },
        has_default: fact::get(row, "has_default")?,
        nondeterministic: fact::get(row, "nondeterministic")?,
        hashed: fact::get(row, "hashed")?,
        number: fact::get(row, "number")?,
    })
}

fn type_kind(word: &str) -> Result<TypeKind> {
    Ok(match word {
        "base" => TypeKind::Base,
        "array" => TypeKind::Array,
        "composite" => TypeKind::Composite,
        "enum" => TypeKind::Enum,
        "range" => TypeKind::Range,
        other => return Err(fact::unknown("the sort of a type", other)),
    })
}
