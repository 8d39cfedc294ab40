//! Rows that a merge would insert, that an earlier merge had brought to OLD, and that OLD's users have deleted since. The diff
//! asks OLD's ledger for such; of what was brought and deleted after it, it could not know.

use std::slice;

use super::table_merge::TableMerge;
use crate::delta::Class;
use crate::engine::diff::read_words;
use crate::engine::plan::planned_actions;
use crate::engine::rows::finding_names;
use crate::engine::run::{Brought, Ledger, read_digest};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::staging::SegmentReader;
use crate::statement::inserted_digests;
use crate::store::Store;

/// How many rows of the diff are read at a time.
const BATCH_ROWS: usize = 4096;

/// Expects that there are none that the diff did not know of. Memory: 40 bytes for every key that merges have brought to the
/// table.
///
/// # Errors
/// `Refused` where there is one; whatever asking OLD can give.
pub(super) async fn expect_none(store: &dyn Store, ledger: &Ledger, old: &Session, merge: &TableMerge<'_>) -> Result<()> {
    let brought = Brought::read(ledger, old, slice::from_ref(merge.record)).await?;
    let Some(keys) = brought.of(&merge.record.old.name) else { return Ok(()) };
    let query = inserted_digests(&merge.load, &keys.key);
    let asked = finding_names(old, merge.record.old.inlines(), old.query(&query, &[])).await?;
    let mut found = Vec::new();
    for row in asked {
        let digests = [1, 2].map(|column| row.get::<_, Option<&[u8]>>(column));
        let digests = digests.into_iter().flatten().map(read_digest).collect::<Result<Vec<_>>>()?;
        if keys.has(&digests) {
            found.extend(usize::try_from(row.get::<_, i64>(0)));
        }
    }
    let unknown = if found.is_empty() { 0 } else { unknown_to_diff(store, merge, &found)? };
    if unknown == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "insert what an earlier merge had brought")
        .because(format!(
            "{unknown} of the rows to insert were brought to OLD by an earlier merge, and OLD's users deleted them since: by \
             OLD's ledger, after the run was compared"
        ))
        .next("run `failback diff` and `failback plan` again: such a row is `update_deleted` then, and waits for a decision"))
}

/// Counts the rows of a load table that the diff does not have as deleted on OLD; whoever inserts such has decided to.
fn unknown_to_diff(store: &dyn Store, merge: &TableMerge<'_>, in_load: &[usize]) -> Result<usize> {
    let mut classes = Vec::new();
    for segment in &merge.plan.diff {
        for batch in SegmentReader::open_projected(store, segment, BATCH_ROWS, &["fb_class"])? {
            classes.extend(read_words::<Class>(&batch?, "fb_class")?);
        }
    }
    let written = if let Some(chosen) = merge.chosen {
        chosen.positions.clone()
    } else {
        let actions = planned_actions(store, merge.plan)?;
        (0..actions.len()).filter(|row| actions[*row].writes()).collect()
    };
    let is_unknown = |ord: &&usize| {
        let row = written.get(**ord);
        row.is_none_or(|row| classes.get(*row) != Some(&Class::UpdateDeleted))
    };
    Ok(in_load.iter().filter(is_unknown).count())
}
