//! Leaves: the relations that hold a table's rows.

use tokio_postgres::{Client, Row};

use super::{ByTable, fact};
use crate::error::Result;
use crate::name::QualifiedName;
use crate::schema::Leaf;

const SQL: &str = include_str!("../../sql/catalog/leaf.sql");

/// A leaf, and what its table sums up over all of them.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a leaf, each asked for on its own")]
pub(super) struct LeafFacts {
    pub(super) leaf: Leaf,
    /// Whether it is a foreign table: its rows live on another server.
    pub(super) is_foreign: bool,
    /// `None`: never analysed.
    pub(super) row_estimate: Option<u64>,
    pub(super) row_security: bool,
    pub(super) unlogged: bool,
    pub(super) emptied: bool,
}

/// Reads the leaves of every table, by name.
pub(super) async fn read(client: &Client) -> Result<ByTable<LeafFacts>> {
    fact::by_table(&fact::list(client, "list the partitions", SQL).await?, leaf_facts)
}

fn leaf_facts(row: &Row) -> Result<LeafFacts> {
    Ok(LeafFacts {
        leaf: Leaf {
            oid: fact::get(row, "oid")?,
            name: QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? },
            blocks: fact::get_count(row, "blocks")?,
            size_bytes: fact::get_count(row, "size_bytes")?,
            heap: fact::get(row, "heap")?,
            inlines: fact::get(row, "inlines")?,
        },
        is_foreign: fact::get(row, "foreign_table")?,
        row_estimate: fact::get::<Option<i64>>(row, "row_estimate")?.and_then(|rows| u64::try_from(rows).ok()),
        row_security: fact::get(row, "row_security")?,
        unlogged: fact::get(row, "unlogged")?,
        emptied: fact::get(row, "emptied")?,
    })
}
