//! Rows of a merge that another run has merged since. An undo leaves them to that run: whatever is under their keys by now, it
//! is not as before the merge because somebody took it back.

use super::scope::Scope;
use super::table_merge::TableMerge;
use crate::engine::rows::finding_names;
use crate::engine::run::{LaterMerges, Ledger, read_digest};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::staging::DatabasePlan;
use crate::statement::loaded_digests;

/// Finds the rows of a load table that another run has merged since, by their places there, with the run.
///
/// # Errors
/// Whatever asking OLD can give.
pub(super) async fn rows(
    (ledger, old): (&Ledger, &Session),
    part: &DatabasePlan,
    merge: &TableMerge<'_>,
) -> Result<Vec<(usize, String)>> {
    let later = LaterMerges::read(ledger, old, part, merge.record).await?;
    let Some(key) = later.key() else { return Ok(Vec::new()) };
    let query = loaded_digests(&merge.load, key);
    let asked = finding_names(old, merge.record.old.inlines(), old.query(&query, &[])).await?;
    let mut found = Vec::new();
    for row in asked {
        let digests = [1, 2].map(|column| row.get::<_, Option<&[u8]>>(column));
        let digests = digests.into_iter().flatten().map(read_digest).collect::<Result<Vec<_>>>()?;
        if let (Some(run), Ok(ord)) = (later.run_of(&digests), usize::try_from(row.get::<_, i64>(0))) {
            found.push((ord, run.to_owned()));
        }
    }
    Ok(found)
}

/// Says why such a row is left.
pub(super) fn why(run: &str) -> String {
    format!(
        "merged again since by run {run}, which stands: undo that run first, then this one again; a row that its undo leaves \
         too was written or deleted by somebody since, and is decided by hand"
    )
}

/// # Errors
/// `Refused` where there is such a row.
pub(super) async fn expect_none(ledger: &Ledger, old: &Session, scope: &Scope, merge: &TableMerge<'_>) -> Result<()> {
    match rows((ledger, old), &scope.part, merge).await?.first() {
        Some((_, run)) => Err(Error::new(ErrorKind::Refused, "take rows back that a later run merged").because(why(run))),
        None => Ok(()),
    }
}
