//! Rows that refer to nothing under a foreign key that is NOT VALID: once such a row is deleted, or refers to another, a server
//! whose keys stay on does not take it back. An undo lifts the key for the length of its transaction, where its user may; where
//! not, and where keys cannot be kept quiet either, the plan holds the row.

use std::collections::{BTreeMap, BTreeSet};

use super::delta_tables::TableDeltas;
use super::direction::Direction;
use super::draft::Draft;
use super::sandbox::Sandbox;
use crate::catalog;
use crate::engine::run::{Reporter, Servers};
use crate::error::{Place, Result};
use crate::name::{Ident, QualifiedName};
use crate::schema::{ForeignKey, Lift};
use crate::statement;
use crate::store::Store;

/// Foreign keys that do not bind what comes back, by child and name; with how they are lifted, where they must be.
pub(crate) type LiftedKeys = BTreeMap<(QualifiedName, Ident), Option<Lift>>;

/// A key's name in such a list.
pub(crate) fn name_of(key: &ForeignKey) -> (QualifiedName, Ident) {
    (key.child.clone(), key.name.clone())
}

/// Finds the keys under which rows that are to come back refer to nothing, as far as they can be kept quiet or lifted. `fires`
/// says that keys are to stay on.
pub(crate) async fn needed_key_lifts(
    (servers, store, reporter): (&Servers, &dyn Store, &Reporter),
    database: &str,
    drafts: &[Draft<'_>],
    fires: bool,
) -> Result<LiftedKeys> {
    let sandbox = Sandbox::open(servers, database).await?;
    let client = sandbox.session().client();
    let keys = catalog::foreign_keys(client).await?;
    let mut found = LiftedKeys::new();
    if keys.iter().all(|key| key.validated) {
        sandbox.leave().await?;
        return Ok(found);
    }
    let mut lifts = catalog::key_lifts(client).await?;
    let quiet = sandbox.keeps_keys_quiet() && !fires;
    let deltas = TableDeltas::prepare(sandbox, store, reporter, drafts, Direction::Back, (&BTreeSet::new(), &[])).await?;
    for key in keys.iter().filter(|key| !key.validated) {
        let Some((_, child)) = deltas.of(&key.child) else { continue };
        let lift = lifts.remove(&name_of(key)).filter(|_| !quiet);
        if !quiet && lift.is_none() {
            continue;
        }
        let parent = deltas.of(&key.parent).map(|(_, parent)| parent);
        if !deltas.positions(&statement::arriving_orphans(key, child, parent)).await.place(|| &key.name)?.is_empty() {
            found.insert(name_of(key), lift);
        }
    }
    deltas.leave().await?;
    Ok(found)
}

/// Holds rows that refer to nothing and that no undo of this user's could put back. What somebody has decided for a row, or
/// for a table by its name, is decided.
pub(crate) async fn hold_unrestorable_orphans(
    (servers, store, reporter): (&Servers, &dyn Store, &Reporter),
    database: &str,
    drafts: &mut [Draft<'_>],
) -> Result<()> {
    let sandbox = Sandbox::open(servers, database).await?;
    let client = sandbox.session().client();
    let keys = catalog::foreign_keys(client).await?;
    if sandbox.keeps_keys_quiet() || keys.iter().all(|key| key.validated) {
        return sandbox.leave().await;
    }
    let lifts = catalog::key_lifts(client).await?;
    let is_fixed = |key: &&ForeignKey| !key.validated && !lifts.contains_key(&name_of(key));
    let fixed: Vec<_> = keys.iter().filter(is_fixed).collect();
    if fixed.is_empty() {
        return sandbox.leave().await;
    }
    let deltas = TableDeltas::prepare(sandbox, store, reporter, drafts, Direction::Forward, (&BTreeSet::new(), &[])).await?;
    for key in fixed {
        let Some((position, child)) = deltas.of(&key.child) else { continue };
        let rows = deltas.positions(&statement::going_orphans(key, child)).await.place(|| &key.name)?;
        let undecided: Vec<_> = rows.into_iter().filter(|row| !drafts[position].is_by_name(*row)).collect();
        let why = format!("held: OLD's row breaks {}, which is NOT VALID: an undo could not put it back", key.name);
        drafts[position].hold_written(undecided, &why);
    }
    deltas.leave().await
}
