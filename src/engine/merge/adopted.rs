//! Children that OLD's users gave to a row of the merge's which stands in the place of another: taken back, it would leave them
//! with a stranger.

use super::others::positions_in_load;
use super::scope::Scope;
use super::table_merge::TableMerge;
use crate::engine::plan::planned_actions;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::pg::Session;
use crate::policy::Action;
use crate::schema::ForeignKey;
use crate::store::Store;

/// Finds the rows which the merge wrote over others under their keys, and to which children refer that were written since; with
/// the foreign key by which they do. The load table has the rows of `actions`.
///
/// # Errors
/// Whatever asking OLD can give.
pub(super) async fn adopters<'k>(
    old: &Session,
    scope: &Scope,
    merge: &TableMerge<'_>,
    keys: &'k [ForeignKey],
    actions: &[Action],
) -> Result<Vec<(usize, &'k ForeignKey)>> {
    let Some(others) = scope.others.get(&merge.record.id) else { return Ok(Vec::new()) };
    let written: Vec<_> = (0..actions.len()).filter(|row| actions[*row].writes()).collect();
    let ords = positions_in_load(actions, others);
    let mut found = Vec::new();
    for key in keys.iter().filter(|key| key.parent == merge.record.name && !ords.is_empty()) {
        let query = merge.load.with_children_since(key, scope.merged_in(), &ords);
        let rows = old.query(&query, &[]).await.place(|| &key.name)?;
        let rows = rows.iter().filter_map(|row| usize::try_from(row.get::<_, i64>(0)).ok());
        found.extend(rows.filter_map(|ord| Some((*written.get(ord)?, key))));
    }
    Ok(found)
}

/// Says why such a row is left.
pub(super) fn adopted(key: &ForeignKey) -> String {
    format!("rows of {} refer to it that were written since the merge, and would be of another row ({})", key.child, key.name)
}

/// # Errors
/// `Refused` where there is such a row.
pub(super) async fn expect_none(
    store: &dyn Store,
    old: &Session,
    scope: &Scope,
    merge: &TableMerge<'_>,
    keys: &[ForeignKey],
) -> Result<()> {
    if !scope.others.contains_key(&merge.record.id) {
        return Ok(());
    }
    let planned = planned_actions(store, merge.plan)?;
    let actions = scope.actions.get(&merge.record.id).map_or(&planned[..], Vec::as_slice);
    match adopters(old, scope, merge, keys, actions).await?.first() {
        Some((_, key)) => Err(Error::new(ErrorKind::Refused, "take rows back to which others refer").because(adopted(key))),
        None => Ok(()),
    }
}
