//! Databases as a whole, and what an archive needs of their server.

use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::describe;
use crate::schema::{ArchiveNeed, DatabaseFacts, DatabaseGrant, DatabaseLocale, DatabaseSetting};

const FACTS: &str = include_str!("../../sql/catalog/database_facts.sql");
const GRANTS: &str = include_str!("../../sql/catalog/database_grant.sql");
const SETTINGS: &str = include_str!("../../sql/catalog/database_setting.sql");
const NEEDS: &str = include_str!("../../sql/catalog/archive_needs.sql");
const TABLES: &str = include_str!("../../sql/catalog/restored_table.sql");
const OBJECTS: &str = include_str!("../../sql/catalog/table_object.sql");
const UNPROVEN: &str = include_str!("../../sql/catalog/unproven.sql");

async fn ask(client: &Client, what: &str, sql: &str, given: &[&(dyn ToSql + Sync)]) -> Result<Vec<tokio_postgres::Row>> {
    client.query(sql, given).await.map_err(|error| describe(what, error))
}

/// Reads databases by their names, and by their OIDs.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn database_facts(client: &Client, names: &[String], oids: &[u32]) -> Result<Vec<DatabaseFacts>> {
    let read = |row: &tokio_postgres::Row| {
        let bytes: Option<i64> = fact::get(row, "size")?;
        Ok(DatabaseFacts {
            oid: fact::get(row, "oid")?,
            name: fact::get(row, "name")?,
            owner: fact::get(row, "owner")?,
            locale: DatabaseLocale {
                encoding: fact::get(row, "encoding")?,
                collate: fact::get(row, "collate")?,
                ctype: fact::get(row, "ctype")?,
                provider: fact::get(row, "provider")?,
                locale: fact::get(row, "locale")?,
            },
            comment: fact::get(row, "comment")?,
            connection_limit: fact::get(row, "connection_limit")?,
            is_open: fact::get(row, "is_open")?,
            bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
            may_alter: fact::get(row, "may_alter")?,
        })
    };
    ask(client, "look at databases", FACTS, &[&names, &oids]).await?.iter().map(read).collect()
}

/// Lists the rights on a database that are not those that every database begins with.
///
/// # Errors
/// As [`database_facts`].
pub async fn database_grants(client: &Client, database: &str) -> Result<Vec<DatabaseGrant>> {
    let read = |row| {
        Ok(DatabaseGrant {
            role: fact::get(row, "role")?,
            privilege: fact::get(row, "privilege")?,
            grantable: fact::get(row, "grantable")?,
        })
    };
    ask(client, "list rights on a database", GRANTS, &[&database]).await?.iter().map(read).collect()
}

/// Lists what a database sets.
///
/// # Errors
/// As [`database_facts`].
pub async fn database_settings(client: &Client, database: &str) -> Result<Vec<DatabaseSetting>> {
    let read = |row| {
        Ok(DatabaseSetting { role: fact::get(row, "role")?, name: fact::get(row, "name")?, value: fact::get(row, "value")? })
    };
    ask(client, "list settings of a database", SETTINGS, &[&database]).await?.iter().map(read).collect()
}

/// Asks which of some roles and extensions the server has.
///
/// # Errors
/// As [`database_facts`].
pub async fn archive_needs(client: &Client, roles: &[String], extensions: &[String]) -> Result<Vec<ArchiveNeed>> {
    let read = |row| {
        Ok(ArchiveNeed {
            name: fact::get(row, "name")?,
            is_role: fact::get(row, "is_role")?,
            is_there: fact::get(row, "is_there")?,
            may_act: fact::get::<Option<bool>>(row, "may_act")?.unwrap_or(true),
        })
    };
    ask(client, "look for roles and extensions", NEEDS, &[&roles, &extensions]).await?.iter().map(read).collect()
}

/// A table of a database, to be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountableTable {
    /// Its name.
    pub name: QualifiedName,
    /// Whether its rows lie in partitions.
    pub is_partitioned: bool,
    /// The table that it is a partition of, at any depth.
    pub root: Option<QualifiedName>,
}

/// Lists the tables of a database, partitions among them.
///
/// # Errors
/// As [`database_facts`].
pub async fn countable_tables(client: &Client) -> Result<Vec<CountableTable>> {
    let read = |row| {
        let root: (Option<String>, Option<String>) = (fact::get(row, "root_schema")?, fact::get(row, "root_name")?);
        Ok(CountableTable {
            name: QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? },
            is_partitioned: fact::get(row, "is_partitioned")?,
            root: root.0.zip(root.1).map(|(schema, name)| QualifiedName::new(&schema, &name)),
        })
    };
    ask(client, "list the tables", TABLES, &[]).await?.iter().map(read).collect()
}

/// A constraint, an index or a trigger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableObject {
    /// Which of them it is: PostgreSQL's word.
    pub kind: String,
    /// Its table.
    pub table: QualifiedName,
    /// Its name.
    pub name: String,
}

impl TableObject {
    fn read(row: &tokio_postgres::Row) -> Result<Self> {
        let table = QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "table_name")? };
        Ok(Self { kind: fact::get(row, "kind")?, table, name: fact::get(row, "name")? })
    }
}

/// Lists constraints that were not checked against all rows, and indexes that do not hold all.
///
/// # Errors
/// As [`database_facts`].
pub async fn unproven(client: &Client) -> Result<Vec<TableObject>> {
    ask(client, "look for what is not proven", UNPROVEN, &[]).await?.iter().map(TableObject::read).collect()
}

/// Lists the constraints, indexes and triggers of tables that are no partitions.
///
/// # Errors
/// As [`database_facts`].
pub async fn table_objects(client: &Client) -> Result<Vec<TableObject>> {
    ask(client, "list constraints, indexes and triggers", OBJECTS, &[]).await?.iter().map(TableObject::read).collect()
}
