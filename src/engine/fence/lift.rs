//! Takes a fence down: puts back exactly what was there, but for what somebody else has set since.

use serde::Serialize;
use tracing::{Instrument as _, info};

use super::apply::{guards, open};
use crate::engine::run::{Context, spans};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::schema::{ChangeState, FenceChange};
use crate::staging::Fence;
use crate::statement::{all_at_once, lift};
use crate::store::Store;

/// What became of a fence.
#[derive(Clone, Debug, Serialize)]
pub struct LiftReport {
    /// The side.
    pub side: Side,
    /// Whether anything was changed, or it was only looked at.
    pub applied: bool,
    /// What became of each change, the last one first.
    pub changes: Vec<LiftedChange>,
}

/// One change of a fence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiftedChange {
    /// The statement that takes it back.
    pub statement: String,
    /// Whether it was sent, or is to be.
    pub lifted: bool,
    /// Why it is not: all is as before already, or somebody else's since.
    pub why: Option<String>,
    /// Whether it was left as somebody else has set it.
    pub left: bool,
}

impl LiftReport {
    /// Whether something was left.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.changes.iter().any(|change| change.left)
    }
}

/// Takes a fence down, or, without `apply`, says what would be done. It can be run again.
///
/// # Errors
/// `Refused` where it is another server; what the server said, and nothing was changed.
pub async fn lift_fence(context: &Context, fence: &Fence, apply: bool) -> Result<LiftReport> {
    lift_all(context, fence, apply).instrument(spans::step(context, "fence")).await
}

/// Removes the file of a fence that was never made: a crash came between the file and the server. What stands of a fence, or
/// was set by somebody else since, keeps its file.
///
/// # Errors
/// As [`lift_fence`]; `Damaged` where the file is no fence.
pub async fn forget_unmade(context: &Context, side: Side, (store, path): (&dyn Store, &str)) -> Result<()> {
    if !store.exists(path)? {
        return Ok(());
    }
    let fence = Fence::read(store, path)?;
    if fence.side != side {
        return Ok(());
    }
    let looked = lift_fence(context, &fence, false).await?;
    if looked.changes.iter().any(|change| change.lifted || change.left) {
        return Ok(());
    }
    info!(path, "a fence that was never made");
    store.remove_file(path)
}

async fn lift_all(context: &Context, fence: &Fence, apply: bool) -> Result<LiftReport> {
    let session = open(context, fence.side).await?;
    let identity = session.identity().await?.system_identifier;
    if let (Some(then), Some(now)) = (&fence.system_identifier, &identity)
        && then != now
    {
        return Err(Error::new(ErrorKind::Refused, "lift the fence")
            .at(session.place())
            .because(format!("it was made around another server, which was at {}", fence.address))
            .next("check --old, --new and failback.toml"));
    }
    let names = databases(fence);
    let now = guards(&session, &names).await?;
    let mut changes: Vec<_> = fence.changes.iter().rev().map(|change| lifted(change, change.state(&now))).collect();
    let statements: Vec<_> = changes.iter().filter(|change| change.lifted).map(|change| change.statement.clone()).collect();
    if apply && !statements.is_empty() {
        if fence.side == Side::Old {
            context.servers().old_writes().besides("what a fence has changed may have been put back");
        }
        let lifting = session.execute_all(&all_at_once(&statements)).await;
        lifting.map_err(|error| error.next("it is one transaction: all of it or nothing; a retry is safe"))?;
        // A server tells who may not give a right with a warning alone.
        let after = guards(&session, &names).await?;
        for (change, lifted) in fence.changes.iter().rev().zip(&mut changes).filter(|(_, lifted)| lifted.lifted) {
            if change.state(&after) != ChangeState::Unmade {
                *lifted =
                    LiftedChange { lifted: false, left: true, why: Some("this user may not".to_owned()), ..lifted.clone() };
            }
        }
        info!(changes = statements.len(), "lifted");
    }
    session.close().await;
    Ok(LiftReport { side: fence.side, applied: apply, changes })
}

fn lifted(change: &FenceChange, state: ChangeState) -> LiftedChange {
    let (lifted, left, why) = match state {
        ChangeState::Made => (true, false, None),
        ChangeState::Unmade => (false, false, Some("it is as it was before".to_owned())),
        ChangeState::Other(why) => (false, true, Some(format!("left as it is now: {why}"))),
    };
    LiftedChange { statement: lift(change), lifted, why, left }
}

fn databases(fence: &Fence) -> Vec<String> {
    let name = |change: &FenceChange| match change {
        FenceChange::ReadOnly { database, .. }
        | FenceChange::Give { database, .. }
        | FenceChange::Take { database, .. }
        | FenceChange::DatabaseLimit { database, .. } => Some(database.clone()),
        FenceChange::RoleLimit { .. } => None,
    };
    let mut names: Vec<_> = fence.changes.iter().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
