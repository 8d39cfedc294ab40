//! OLD's definitions of the tables that a transaction writes, read once they are locked: from then on nobody changes them.

use crate::catalog;
use crate::engine::plan::definition_digest;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::staging::DatabasePlan;

/// What to do where a table is no longer what it was.
pub(crate) const ANOTHER_RUN: &str = "make a new run with `failback export`, or take the table out with --tables";

/// # Errors
/// `Refused` where a table that the plan writes has been dropped or altered since it was exported.
pub(crate) async fn expect_same(old: &Session, part: &DatabasePlan) -> Result<()> {
    let catalog = catalog::read(old.client()).await?;
    for table in part.tables.iter().filter(|table| table.written_rows() > 0) {
        let moved = |cause: &str| {
            Error::new(ErrorKind::Refused, "check the tables' definitions").at(&table.name).because(cause).next(ANOTHER_RUN)
        };
        let now = catalog
            .tables
            .iter()
            .find(|now| now.name == table.name)
            .ok_or_else(|| moved("the table no longer exists on OLD"))?;
        if definition_digest(now)? != table.definition {
            return Err(moved("the table's columns, keys or triggers on OLD have changed since the export"));
        }
    }
    Ok(())
}
