//! One database as an export sees it: its definitions, and the snapshots under which they were read and its rows will be.

use tokio::try_join;

use super::quiescence::Moment;
use crate::engine::discover;
use crate::engine::evidence::{BaseEvidence, HorizonSources};
use crate::engine::run::Context;
use crate::error::Result;
use crate::name::Sided;
use crate::pg::{Session, Snapshot};
use crate::staging::DatabaseRecord;

/// A database that is described and not read yet. Memory: its catalog. Holds a session a side.
pub(crate) struct Described {
    /// What is known of it; no files yet.
    pub(crate) record: DatabaseRecord,
    /// What keeps each side as it is described.
    pub(crate) snapshots: Sided<Snapshot>,
    /// What keeps BASE.
    pub(crate) base: Option<Snapshot>,
    /// Where NEW was when its snapshot was taken.
    pub(crate) began: Moment,
}

impl Described {
    /// Takes a snapshot of each side, and reads the definitions under it: one that is read before may have changed since, and
    /// would not be that of the rows.
    ///
    /// # Errors
    /// As [`discover::connect`] and [`discover::describe`].
    pub(crate) async fn hold(context: &Context, name: &str, sources: &HorizonSources, notes: &mut Vec<String>) -> Result<Self> {
        let sessions = discover::connect(context, name).await?;
        let base = match Box::pin(BaseEvidence::connect(context, name, sessions.as_ref())).await? {
            Some(session) => Some(Snapshot::hold(session).await?),
            None => None,
        };
        let Sided { old, new } = sessions;
        // Before the snapshot: what has ended by now is seen by it.
        let horizon = old.horizon().await?;
        let (new, old) = try_join!(Snapshot::hold(new), Snapshot::hold(old))?;
        let snapshots = Sided { old, new };
        let began = Moment::read(snapshots.new.session()).await?;
        let sessions = snapshots.as_ref().map(Snapshot::session);
        let described = (sessions, base.as_ref().map(Snapshot::session));
        let record = Box::pin(discover::describe(context, name, sources, described, notes)).await?;
        let (on_old, on_new) = try_join!(sessions.old.transaction_ids(), sessions.new.transaction_ids())?;
        let ended = Sided { old: on_old.ended, new: on_new.ended };
        let record = DatabaseRecord { horizon: Some(horizon), ended: Some(ended), ..record };
        Ok(Self { record, snapshots, base, began })
    }

    /// Returns the sessions that hold the snapshots.
    pub(crate) fn sessions(&self) -> Sided<&Session> {
        self.snapshots.as_ref().map(Snapshot::session)
    }
}
