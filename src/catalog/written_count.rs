//! How many rows of each table have been written, by the server's own counters.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::pg::describe;

const COUNTS: &str = include_str!("../../sql/catalog/written_count.sql");

/// What a server has counted of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenCount {
    /// The table's OID.
    pub oid: u32,
    /// Its name, as `schema.name`.
    pub table: String,
    /// Rows that were inserted.
    pub inserted: i64,
    /// Rows that were updated.
    pub updated: i64,
    /// Rows that were deleted.
    pub deleted: i64,
    /// Whether the server counts at all (`track_counts`).
    pub counts: bool,
}

/// Reads the counters of the database that a session is in.
///
/// # Errors
/// `Server` if the query fails, `Malformed` if an answer makes no sense.
pub async fn written_counts(client: &Client) -> Result<Vec<WrittenCount>> {
    let rows = client.query(COUNTS, &[]).await.map_err(|error| describe("read how much was written", error))?;
    let read = |row| {
        Ok(WrittenCount {
            oid: fact::get(row, "table_oid")?,
            table: fact::get(row, "table_name")?,
            inserted: fact::get(row, "inserted")?,
            updated: fact::get(row, "updated")?,
            deleted: fact::get(row, "deleted")?,
            counts: fact::get(row, "counts")?,
        })
    };
    rows.iter().map(read).collect()
}
