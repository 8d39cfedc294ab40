//! What every source of a horizon is asked with.

use crate::engine::run::{Context, Reporter};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::{ClockReading, Session, TransactionIds};

/// What is said of a horizon that no row can be held against.
pub(super) const TOO_FAR: &str = "so many transactions have come since that rows cannot be told apart by their ids";

/// The search for one side's horizon.
pub(super) struct Search {
    /// Outside a transaction: each statement sees what is there by then, and one that is refused ends nothing.
    pub(super) session: Session,
    /// Hears of a wish to stop.
    pub(super) reporter: Reporter,
    /// The cutover.
    pub(super) cutover_us: i64,
    /// How far before the cutover a time is in doubt.
    pub(super) overlap_us: i64,
    /// How far transactions had come when the search began.
    pub(super) ids: TransactionIds,
    clock: ClockReading,
}

impl Search {
    pub(super) async fn begin(context: &Context, side: Side, database: &str, cutover_us: i64) -> Result<Self> {
        let session = context.servers().connect(side, database).await?;
        let ids = session.transaction_ids().await?;
        let clock = session.read_clock().await?;
        let (reporter, overlap_us) = (context.reporter().clone(), context.selection().overlap_us());
        Ok(Self { session, reporter, cutover_us, overlap_us, ids, clock })
    }

    /// Returns the latest time, by the server's clock, that is before the cutover for certain: earlier than it by the overlap,
    /// and by what the clock may be behind ours.
    pub(super) fn limit_us(&self) -> i64 {
        self.cutover_by_server_us().saturating_sub(self.overlap_us)
    }

    /// Returns what the server's clock may have shown at the cutover, at the least.
    pub(super) fn cutover_by_server_us(&self) -> i64 {
        let behind = self.clock.uncertainty_us.saturating_sub(self.clock.ahead_of_ours_us).max(0);
        self.cutover_us.saturating_sub(behind)
    }
}

/// Returns why a server does not answer, where it says no.
///
/// # Errors
/// The error itself, where it is none of a right or of the question.
pub(crate) fn lacking(error: Error) -> Result<String> {
    match error.kind() {
        ErrorKind::Permission | ErrorKind::Server => {
            Ok(error.causes().into_iter().next().unwrap_or_else(|| error.what().to_owned()))
        }
        _ => Err(error),
    }
}
