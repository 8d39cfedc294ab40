//! What every source of a horizon is asked with.

use crate::engine::run::Context;
use crate::error::Result;
use crate::name::Side;
use crate::pg::{Session, TransactionIds};

/// The search for one side's horizon.
pub(super) struct Search {
    /// Outside a transaction: each statement sees what is there by then, and one that is refused ends nothing.
    pub(super) session: Session,
    /// The cutover.
    pub(super) cutover_us: i64,
    /// How far before the cutover a time is in doubt.
    pub(super) overlap_us: i64,
    /// How far transactions had come when the search began.
    pub(super) ids: TransactionIds,
}

impl Search {
    pub(super) async fn begin(context: &Context, side: Side, database: &str, cutover_us: i64) -> Result<Self> {
        let session = context.servers().connect(side, database).await?;
        let ids = session.transaction_ids().await?;
        Ok(Self { session, cutover_us, overlap_us: context.selection().overlap_us(), ids })
    }
}
