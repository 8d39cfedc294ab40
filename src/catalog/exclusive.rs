//! Unique indexes and exclusion constraints, as rows are held against each other.

use tokio_postgres::{Client, Row};

use super::{ByTable, fact};
use crate::error::Result;
use crate::schema::{Exclusive, ExclusivePart};

const SQL: &str = include_str!("../../sql/catalog/exclusive.sql");

/// Reads what no two rows may share, of every table, by name.
pub(super) async fn read(client: &Client) -> Result<ByTable<Exclusive>> {
    fact::by_table(&fact::list(client, "list what rows must not share", SQL).await?, exclusive)
}

fn exclusive(row: &Row) -> Result<Exclusive> {
    let (expressions, operators): (Vec<String>, Vec<String>) = (fact::get(row, "expressions")?, fact::get(row, "operators")?);
    let parts = expressions.into_iter().zip(operators).map(|(expression, operator)| ExclusivePart { expression, operator });
    let (predicate, bound): (Option<String>, Option<String>) = (fact::get(row, "predicate")?, fact::get(row, "bound")?);
    let conditions: Vec<_> = [predicate, bound].into_iter().flatten().map(|condition| format!("({condition})")).collect();
    Ok(Exclusive {
        name: fact::get_ident(row, "name")?,
        parts: parts.collect(),
        predicate: (!conditions.is_empty()).then(|| conditions.join(" and ")),
        deferrable: fact::get(row, "deferrable")?,
        overlap: fact::get(row, "overlap")?,
        nulls_not_distinct: fact::get(row, "nulls_not_distinct")?,
        uses: fact::get_idents(row, "uses")?,
    })
}
