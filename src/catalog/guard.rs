//! What keeps users out of a server's databases, or from writing to them.

use tokio_postgres::{Client, Row};

use super::fact;
use crate::error::Result;
use crate::schema::{ConnectGrant, GuardedDatabase, GuardedRole};

const DATABASES: &str = include_str!("../../sql/catalog/guarded_database.sql");
const GRANTS: &str = include_str!("../../sql/catalog/connect_grant.sql");
const ROLES: &str = include_str!("../../sql/catalog/guarded_role.sql");

/// Reads databases by name; one that is not there is missing in the answer.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn guarded_databases(client: &Client, names: &[String]) -> Result<Vec<GuardedDatabase>> {
    let read = |row| {
        Ok(GuardedDatabase {
            name: fact::get(row, "name")?,
            owner: fact::get(row, "owner")?,
            may_alter: fact::get(row, "may_alter")?,
            connection_limit: fact::get(row, "connection_limit")?,
            read_only: fact::get(row, "read_only")?,
        })
    };
    ask(client, DATABASES, names).await?.iter().map(read).collect()
}

/// Lists who may connect to these databases by a grant.
///
/// # Errors
/// As [`guarded_databases`].
pub async fn connect_grants(client: &Client, names: &[String]) -> Result<Vec<ConnectGrant>> {
    let read = |row| {
        Ok(ConnectGrant {
            database: fact::get(row, "database")?,
            role: fact::get(row, "role")?,
            grantable: fact::get(row, "grantable")?,
            superuser: fact::get(row, "superuser")?,
            by_owner: fact::get(row, "by_owner")?,
            grantor: fact::get(row, "grantor")?,
        })
    };
    ask(client, GRANTS, names).await?.iter().map(read).collect()
}

/// Lists the roles, and to which of these databases each may connect.
///
/// # Errors
/// As [`guarded_databases`].
pub async fn guarded_roles(client: &Client, names: &[String]) -> Result<Vec<GuardedRole>> {
    let read = |row| {
        Ok(GuardedRole {
            name: fact::get(row, "name")?,
            logs_in: fact::get(row, "logs_in")?,
            superuser: fact::get(row, "superuser")?,
            replication: fact::get(row, "replication")?,
            connection_limit: fact::get(row, "connection_limit")?,
            is_own: fact::get(row, "is_own")?,
            connects: fact::get(row, "connects")?,
            writes: fact::get(row, "writes")?,
        })
    };
    ask(client, ROLES, names).await?.iter().map(read).collect()
}

async fn ask(client: &Client, sql: &str, names: &[String]) -> Result<Vec<Row>> {
    client.query(sql, &[&names]).await.map_err(|error| crate::pg::describe("ask who may connect", error))
}
