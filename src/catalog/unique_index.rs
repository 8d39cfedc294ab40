//! Unique indexes.

use tokio_postgres::{Client, Row};

use super::{ByTable, fact};
use crate::error::Result;
use crate::schema::UniqueIndex;

const SQL: &str = include_str!("../../sql/catalog/unique_index.sql");
const SQL_PG13: &str = include_str!("../../sql/catalog/unique_index_pg13.sql");
const SQL_VERSION: &str = include_str!("../../sql/catalog/server_version.sql");

/// The first version that knows NULLS NOT DISTINCT.
const NULLS_NOT_DISTINCT: i32 = 15_00_00;

/// Reads the unique indexes of every table, the primary key first, then by name.
pub(super) async fn read(client: &Client) -> Result<ByTable<UniqueIndex>> {
    let sql = if version(client).await? >= NULLS_NOT_DISTINCT { SQL } else { SQL_PG13 };
    fact::by_table(&fact::list(client, "list the unique indexes", sql).await?, unique_index)
}

async fn version(client: &Client) -> Result<i32> {
    let what = "ask for the server's version";
    let row = client.query_one(SQL_VERSION, &[]).await.map_err(|error| crate::pg::describe(what, error))?;
    fact::get(&row, "version_num")
}

fn unique_index(row: &Row) -> Result<UniqueIndex> {
    Ok(UniqueIndex {
        name: fact::get_ident(row, "name")?,
        columns: fact::get_idents(row, "columns")?,
        primary: fact::get(row, "primary_key")?,
        predicate: fact::get(row, "predicate")?,
        deferrable: fact::get(row, "deferrable")?,
        nulls_not_distinct: fact::get(row, "nulls_not_distinct")?,
        not_null: fact::get(row, "not_null")?,
    })
}
