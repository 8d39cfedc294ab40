//! Large objects, listed as one.

use tokio_postgres::Client;

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::schema::{Relation, RelationKind};

const SQL: &str = include_str!("../../sql/catalog/large_object.sql");

/// Returns one entry for all large objects of the database, or none if it has none.
pub(super) async fn read(client: &Client) -> Result<Option<Relation>> {
    let row = client.query_one(SQL, &[]).await.map_err(|error| crate::pg::describe("count the large objects", error))?;
    let row_estimate = fact::get_count(&row, "objects")?;
    Ok((row_estimate > 0).then_some(Relation {
        name: QualifiedName::new("pg_catalog", "pg_largeobject"),
        kind: RelationKind::LargeObjects,
        size_bytes: fact::get_count(&row, "size_bytes")?,
        row_estimate,
    }))
}
