//! Tables whose rows a snapshot no longer shows: TRUNCATE and rewrites do not heed snapshots, and whoever reads afterwards
//! finds an empty table.

use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;
use crate::pg::Session;

const REWRITTEN: &str = include_str!("../../../sql/session/rewritten.sql");

/// Expects that what a transaction has read of a table are its rows of the snapshot. Asked after the reading: from then on the
/// transaction's lock keeps the table as it is.
///
/// # Errors
/// `Contention` where the table, or a partition, was emptied, rewritten, dropped or detached before it was read. `then` is what
/// to do.
pub(crate) async fn expect_unrewritten(read: &Session, table: &QualifiedName, then: &str) -> Result<()> {
    let found = read.query(REWRITTEN, &[&table.schema.as_str(), &table.name.as_str()]).await?;
    if found.is_empty() {
        return Ok(());
    }
    let parts: Vec<String> = found.iter().map(|row| row.get("name")).collect();
    Err(Error::new(ErrorKind::Contention, "read a table under a snapshot")
        .at(read.side())
        .because(format!(
            "{} was emptied, rewritten or taken out of the table after the snapshot was taken (TRUNCATE, ALTER TABLE, VACUUM \
             FULL): its rows cannot be read any more",
            parts.join(", ")
        ))
        .next(format!("a retry is safe: {then}")))
}
