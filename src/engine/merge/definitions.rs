//! OLD's definitions of the tables that a transaction writes, read once they are locked: from then on nobody changes them.

use tracing::Instrument as _;

use crate::catalog;
use crate::engine::plan::definition_digest;
use crate::engine::run::spans;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{ServerFault, Session, server_fault};
use crate::staging::DatabasePlan;
use crate::statement::lock_definitions;

/// What to do where a table is no longer what it was.
const ANOTHER_RUN: &str = "make a new run with `failback export`, or take the table out with --tables";

/// Locks the tables that the plan writes: no column, constraint or trigger of theirs changes until the transaction ends, nor is
/// a foreign key made from or to them.
///
/// # Errors
/// `Refused` where one of them no longer exists.
pub(crate) async fn lock(old: &Session, part: &DatabasePlan) -> Result<()> {
    let written: Vec<_> = part.tables.iter().filter(|table| table.written_rows() > 0).map(|table| &table.name).collect();
    match lock_definitions(&written) {
        Some(statement) => old.execute_all(&statement).instrument(spans::lock("the tables' definitions")).await.map_err(gone),
        None => Ok(()),
    }
}

/// What the server says of a name that it does not know, where a table of the plan is to be locked: the table has been dropped
/// or renamed. Its message names the table.
fn gone(error: Error) -> Error {
    let unknown = |fault: &&ServerFault| matches!(fault.sqlstate.as_str(), "42P01" | "3F000");
    let Some(fault) = server_fault(&error).filter(unknown) else { return error };
    Error::new(ErrorKind::Refused, "check the tables' definitions")
        .because(format!("a table that the plan writes no longer exists on OLD: {}", fault.message))
        .next(ANOTHER_RUN)
}

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
