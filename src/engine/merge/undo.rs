//! Undo: takes a merge back, row by row. Rows that were written since stay as they are, and are named.

use tracing::Instrument as _;

use super::execute::perform;
use super::report::{DatabaseOutcome, MergeOptions, MergeReport, MergedDatabase};
use super::undo_of::UndoOf;
use crate::engine::run::{Context, LedgerAction, lost, spans};
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{Journal, Manifest, Plan};

/// Takes back what the run's plan did to OLD. Sequences stay raised. A row that was written since the merge stays as it is,
/// with what hangs on it by foreign keys and unique values; the report names each. It can be run again, for those rows alone.
///
/// # Errors
/// `Refused` with nothing written where OLD's ledger has no merge of this plan. That it was undone before is no error, as it is
/// none of [`merge`](super::merge) that it was merged before: an answer to COMMIT may have been lost. Every error says what OLD
/// may have seen, as of [`merge`](super::merge).
///
/// Cancel safety: as [`merge`](super::merge).
pub async fn undo(context: &Context, options: MergeOptions) -> Result<MergeReport> {
    undo_part(context, options, &UndoOf::default()).await
}

/// As [`undo`], for some rows of the merge alone: the others stay, and OLD's ledger knows which. A later undo takes them back.
///
/// # Errors
/// As [`undo`]; `Usage` where the plan writes nothing of what is meant; `Refused` where a row cannot be taken back without
/// others that the same merge wrote, and these are not meant.
///
/// Cancel safety: as [`merge`](super::merge).
pub async fn undo_part(context: &Context, options: MergeOptions, of: &UndoOf) -> Result<MergeReport> {
    let context = &context.for_writing();
    let undone = undo_plan(context, options, of).instrument(spans::step(context, "undo")).await;
    undone.map_err(|error| error.or_state(|| context.servers().old_writes().state()))
}

async fn undo_plan(context: &Context, options: MergeOptions, of: &UndoOf) -> Result<MergeReport> {
    let plan = Plan::read(context.store())?;
    let manifest = Manifest::read(context.store())?;
    of.expect_meant(context.store(), &plan, &manifest)?;
    let report = perform(context, &plan, options, (LedgerAction::Undo, of)).await?;
    let is_nowhere =
        |database: &MergedDatabase| matches!(database.outcome, DatabaseOutcome::NeverMerged | DatabaseOutcome::NotAsked);
    if report.databases.iter().all(is_nowhere) {
        return Err(not_there(context, &plan)?);
    }
    Ok(report)
}

/// The error that says that OLD's ledger has no merge of the plan. The run's own journal may have one all the same.
fn not_there(context: &Context, plan: &Plan) -> Result<Error> {
    let journal = Journal::read(context.store())?;
    let error = Error::new(ErrorKind::Refused, "undo").at(context.run());
    if let Some(cause) = plan.databases.iter().find_map(|part| lost(&journal, part)) {
        return Ok(error
            .because(cause)
            .next("look what OLD has: a ledger under another name is `ledger_schema` in failback.toml"));
    }
    Ok(error.because("OLD's ledger has no merge of this plan: it was never made").next("see `failback status`"))
}
