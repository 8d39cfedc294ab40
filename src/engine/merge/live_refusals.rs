//! What a live merge does not do: plans that could not be carried out in short transactions among users, said before the first
//! one begins.

use super::scope::Scope;
use super::table_locks;
use super::triggers::Triggers;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;

/// So many tables are named.
const NAMED: usize = 10;

/// Finds out how triggers are kept quiet, and expects that a plan can be carried out in batches.
///
/// # Errors
/// `Refused` with each table and what stands against it; whatever asking OLD can give.
pub(super) async fn expect_possible(old: &Session, scope: &Scope) -> Result<Triggers> {
    let triggers = Triggers::choose(old, &scope.part, false).await?;
    if triggers != Triggers::Replica {
        return Err(refused(
            "this user may not set session_replication_role: OLD's own triggers would have to be disabled, which \
                            keeps users out of their tables",
        )
        .next("grant it: GRANT SET ON PARAMETER session_replication_role TO the user (PostgreSQL 15)"));
    }
    let mut said = Vec::new();
    for table in scope.part.tables.iter().filter(|table| table.written_rows() > 0) {
        let known = scope.record.table(table.id)?;
        if known.key.is_whole_row() {
            said.push(format!("{} has no key: its copies are counted, which nobody may change meanwhile", table.name));
        }
    }
    for (table, mode) in table_locks::strong(old, scope, triggers).await? {
        said.push(format!(
            "{table} would be locked in {mode} mode: a key that no index keeps unique, a constraint that is DEFERRABLE, or a \
             trigger or rule that is ALWAYS or REPLICA"
        ));
    }
    if said.is_empty() {
        return Ok(triggers);
    }
    let more = said.len().saturating_sub(NAMED);
    said.truncate(NAMED);
    if more > 0 {
        said.push(format!("and {more} more"));
    }
    Err(refused(&said.join("; ")))
}

/// The error for unique values that move between rows.
pub(super) fn moving(tables: &[(String, u64)]) -> Error {
    let said =
        |(table, rows): &(String, u64)| format!("{table}: unique values move, or may, between {rows} of its rows that stay");
    refused(&tables.iter().map(said).collect::<Vec<_>>().join("; "))
}

/// The error for units that have more rows than a batch may have.
pub(super) fn too_large(rows: usize, tables: &[String], most: usize) -> Error {
    refused(&format!(
        "{rows} rows of {} hang together by foreign keys or unique values, as far as is known, and a batch has at most {most}",
        tables.join(", ")
    ))
    .next(format!("let a batch have as many: --batch-rows {rows}"))
}

pub(super) fn refused(cause: &str) -> Error {
    Error::new(ErrorKind::Refused, "merge in batches")
        .because(cause.to_owned())
        .next("merge without --live: in one transaction, which writes all of it or nothing")
}
