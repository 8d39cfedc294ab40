//! Undo: takes a merge back, row by row, as far as OLD still has exactly what the merge wrote.

use tracing::Instrument as _;

use super::execute::perform;
use super::report::MergeOptions;
use super::report::MergeReport;
use crate::engine::run::{Context, LedgerAction, spans};
use crate::error::{Error, ErrorKind, Result};
use crate::staging::Plan;

/// Takes back what the run's plan did to OLD. Sequences stay raised.
///
/// # Errors
/// `Refused` with nothing written where a merged row has been changed since: its later change would be lost. `Refused` too
/// where OLD's ledger has no merge of this plan that stands. Every error says what OLD may have seen, as of
/// [`merge`](super::merge).
///
/// Cancel safety: as [`merge`](super::merge).
pub async fn undo(context: &Context, options: MergeOptions) -> Result<MergeReport> {
    let context = &context.for_writing();
    let undone = undo_plan(context, options).instrument(spans::step(context, "undo")).await;
    undone.map_err(|error| error.or_state(|| context.servers().old_writes().state()))
}

async fn undo_plan(context: &Context, options: MergeOptions) -> Result<MergeReport> {
    let plan = Plan::read(context.store())?;
    let report = perform(context, &plan, options, LedgerAction::Undo).await?;
    if report.databases.iter().all(|database| database.already) {
        return Err(Error::new(ErrorKind::Refused, "undo")
            .at(context.run())
            .because("OLD's ledger has no merge of this plan that stands: it was never made, or it is undone already")
            .next("see `failback status`"));
    }
    Ok(report)
}
