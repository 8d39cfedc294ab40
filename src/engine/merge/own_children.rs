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
        let keys: Vec<_> = keys.iter().filter(|key| key.parent == merge.record.name).collect();
        if keys.is_empty() {
            continue;
        }
        let [unnamed, named] = if let Some(chosen) = merge.chosen {
            [chosen.unnamed.clone(), chosen.named.clone()]
        } else {
            let actions = planned_actions(store, merge.plan)?;
            let others::ToCome { unnamed, named } = others::to_come(store, merge.plan, &actions)?;
            [unnamed, named].map(|rows| others::positions_in_load(&actions, &rows))
        };
        for key in keys {
            let own = merges.iter().find(|merge| merge.record.name == key.child).map(|merge| &merge.load);
            // Of what is decided by name, the plan has counted the children that there were.
            for (positions, since, what) in
                [(&unnamed, scope.record.horizon, "the export"), (&named, scope.planned, "the plan was made")]
            {
                if positions.is_empty() {
                    continue;
                }
                let query = merge.load.with_young_children(key, since, own, positions);
                let rows = old.query(&query, &[]).await.place(|| &key.name)?.len();
                if rows > 0 {
                    return Err(refused(key, rows, what));
                }
            }
        }
    }
    Ok(())
}

fn refused(key: &ForeignKey, rows: usize, since: &str) -> Error {
    Error::new(ErrorKind::Refused, "look whether children keep their own parents")
        .at(&key.name)
        .at(&key.child)
        .because(format!(
            "rows of {} that were written on OLD since {since} refer to {rows} rows of {} that NEW's rows under their keys, \
             which may be others, would overwrite",
            key.child, key.parent
        ))
        .next("run `failback plan` again: it holds such parents, or says how many there are where they are decided by name")
}
