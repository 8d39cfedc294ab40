//! Privileges that the user of the connection lacks.

use tokio_postgres::{Client, Row};

use super::fact;
use crate::error::Result;
use crate::name::{Ident, QualifiedName};
use crate::schema::{LEDGER_SCHEMA, MissingPrivilege, PrivilegeObject, Table, WantedPrivilege, unreadable};

const SQL: &str = include_str!("../../sql/catalog/privilege.sql");

/// Lists what the user lacks: of what is wanted on tables, and of what every recovery needs besides, to read and raise
/// sequences, to make temporary tables and the ledger, in the schema that is meant for it. On NEW only what is `needed_to_read`
/// matters.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if the answer makes no sense.
pub async fn privileges(client: &Client, wanted: &[WantedPrivilege], ledger: &Ident) -> Result<Vec<MissingPrivilege>> {
    let schemas: Vec<_> = wanted.iter().map(|one| one.table.schema.as_str()).collect();
    let names: Vec<_> = wanted.iter().map(|one| one.table.name.as_str()).collect();
    let parts: Vec<_> = wanted.iter().map(|one| one.reach.part()).collect();
    let words: Vec<_> = wanted.iter().map(|one| one.privilege.word()).collect();
    let rows = client.query(SQL, &[&schemas, &names, &parts, &words, &ledger.as_str()]).await;
    rows.map_err(|error| crate::pg::describe("check the privileges", error))?.iter().map(missing).collect()
}

/// Notes with every table why its rows cannot be read, where the user lacks what that takes.
pub(super) async fn note_unreadable(client: &Client, tables: &mut [Table]) -> Result<()> {
    let wanted: Vec<_> = tables.iter().flat_map(WantedPrivilege::to_read).collect();
    let missing = privileges(client, &wanted, &Ident::new(LEDGER_SCHEMA)).await?;
    if !missing.iter().any(MissingPrivilege::needed_to_read) {
        return Ok(());
    }
    let role = super::role(client).await?;
    for table in tables {
        table.obstacle = unreadable(table, &missing, &role).or(table.obstacle.take());
    }
    Ok(())
}

fn missing(row: &Row) -> Result<MissingPrivilege> {
    let (schema, name): (String, String) = (fact::get(row, "schema")?, fact::get(row, "name")?);
    let word: &str = fact::get(row, "privilege")?;
    let object = match fact::get(row, "object")? {
        "database" => PrivilegeObject::Database(Ident::new(name)),
        "schema" => PrivilegeObject::Schema(Ident::new(schema)),
        "ledger_schema" => PrivilegeObject::LedgerSchema(Ident::new(schema)),
        "ledger_table" => PrivilegeObject::LedgerTable(QualifiedName::new(schema, name)),
        "table" => PrivilegeObject::Table(QualifiedName::new(schema, name)),
        "column" => PrivilegeObject::Column(QualifiedName::new(schema, name), fact::get_ident(row, "part")?),
        "sequence" => PrivilegeObject::Sequence(QualifiedName::new(schema, name)),
        "type" => PrivilegeObject::Type(QualifiedName::new(schema, name)),
        other => return Err(fact::unknown("the object of a privilege", other)),
    };
    let privilege = word.parse().map_err(|_| fact::unknown("a privilege", word))?;
    Ok(MissingPrivilege { object, privilege })
}
