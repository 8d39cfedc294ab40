//! Children of OLD's that came since the export, and whose parent a merge would overwrite by a row that may be another one: the
//! plan could not know them.

use super::others;
use super::scope::Scope;
use super::table_merge::TableMerge;
use crate::engine::plan::planned_actions;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::pg::Session;
use crate::schema::ForeignKey;
use crate::store::Store;

/// Expects that there are none, before anything is written.
///
/// # Errors
/// `Refused` where there is one; whatever asking OLD can give.
pub(super) async fn expect_none(
    store: &dyn Store,
    old: &Session,
    scope: &Scope,
    merges: &[TableMerge<'_>],
    keys: &[ForeignKey],
) -> Result<()> {
    for merge in merges {
        let mut keys = keys.iter().filter(|key| key.parent == merge.record.name).peekable();
        if keys.peek().is_none() {
            continue;
        }
        let actions = planned_actions(store, merge.plan)?;
        let others = others::to_come(store, merge.plan, &actions)?;
        let positions = others::positions_in_load(&actions, &others);
        if positions.is_empty() {
            continue;
        }
        for key in keys {
            let own = merges.iter().find(|merge| merge.record.name == key.child).map(|merge| &merge.load);
            let query = merge.load.with_young_children(key, scope.record.horizon, own, &positions);
            let rows = old.query(&query, &[]).await.place(|| &key.name)?.len();
            if rows > 0 {
                return Err(refused(key, rows));
            }
        }
    }
    Ok(())
}

fn refused(key: &ForeignKey, rows: usize) -> Error {
    Error::new(ErrorKind::Refused, "look whether children keep their own parents")
        .at(&key.name)
        .at(&key.child)
        .because(format!(
            "rows of {} that were written on OLD since the export refer to {rows} rows of {} that NEW's rows under their keys, \
             which may be others, would overwrite",
            key.child, key.parent
        ))
        .next("run `failback plan` again: it holds such parents")
}
