//! Privileges that the user of the connection lacks.

use tokio_postgres::{Client, Row};

use super::fact;
use crate::error::Result;
use crate::name::{Ident, QualifiedName};
use crate::schema::{MissingPrivilege, Privilege, PrivilegeObject, Table};

const SQL: &str = include_str!("../../sql/catalog/privilege.sql");

/// Lists what the user lacks of all that a recovery needs: to read these tables and their leaves, to write these tables, to read
/// and raise sequences, to make temporary tables and the ledger. On NEW only what is `needed_to_read` matters.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if the answer makes no sense.
pub async fn privileges(client: &Client, tables: &[Table]) -> Result<Vec<MissingPrivilege>> {
    let (mut schemas, mut names, mut words) = (Vec::new(), Vec::new(), Vec::new());
    for (name, privilege) in tables.iter().flat_map(wanted) {
        schemas.push(name.schema.as_str());
        names.push(name.name.as_str());
        words.push(privilege.word());
    }
    let rows = client.query(SQL, &[&schemas, &names, &words]).await;
    rows.map_err(|error| crate::pg::describe("check the privileges", error))?.iter().map(missing).collect()
}

/// Rows are read from the leaves, but written through the table, whose privileges are then the only ones asked for.
fn wanted(table: &Table) -> impl Iterator<Item = (&QualifiedName, Privilege)> {
    let leaves = table.leaves.iter().filter(|leaf| leaf.name != table.name).map(|leaf| (&leaf.name, Privilege::Select));
    let own = [Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::Delete];
    own.into_iter().map(|privilege| (&table.name, privilege)).chain(leaves)
}

fn missing(row: &Row) -> Result<MissingPrivilege> {
    let (schema, name): (String, String) = (fact::get(row, "schema")?, fact::get(row, "name")?);
    let word: &str = fact::get(row, "privilege")?;
    let object = match fact::get(row, "object")? {
        "database" => PrivilegeObject::Database(Ident::new(name)),
        "schema" => PrivilegeObject::Schema(Ident::new(schema)),
        "table" => PrivilegeObject::Table(QualifiedName::new(schema, name)),
        "sequence" => PrivilegeObject::Sequence(QualifiedName::new(schema, name)),
        other => return Err(fact::unknown("the object of a privilege", other)),
    };
    let privilege = Privilege::of_word(word).ok_or_else(|| fact::unknown("a privilege", word))?;
    Ok(MissingPrivilege { object, privilege })
}
