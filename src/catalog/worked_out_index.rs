//! Indexes for which something is worked out of a row.

use tokio_postgres::{Client, Row};

use super::{ByTable, fact};
use crate::error::Result;
use crate::schema::WorkedOutIndex;

const SQL: &str = include_str!("../../sql/catalog/worked_out_index.sql");

/// Reads the indexes on expressions, and those with predicates, of every table, by name.
pub(super) async fn read(client: &Client) -> Result<ByTable<WorkedOutIndex>> {
    fact::by_table(&fact::list(client, "list the indexes on expressions", SQL).await?, index)
}

fn index(row: &Row) -> Result<WorkedOutIndex> {
    let (bound, predicate): (Option<String>, Option<String>) = (fact::get(row, "bound")?, fact::get(row, "predicate")?);
    // Rows of other partitions come first to nothing: nothing is worked out of them.
    let predicate = match (bound, predicate) {
        (Some(bound), predicate) => {
            Some(format!("case when {bound} then {} else false end", predicate.as_deref().unwrap_or("true")))
        }
        (None, predicate) => predicate,
    };
    Ok(WorkedOutIndex { name: fact::get_ident(row, "name")?, entries: fact::get(row, "entries")?, predicate })
}
