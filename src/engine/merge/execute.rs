//! Merge: carries out the frozen plan on OLD, one transaction a database, or refuses and writes nothing.

use tracing::Instrument as _;

use super::intent::Intention;
use super::patience::Patience;
use super::prepare::{Preparation, Prepared};
use super::report::{MergeOptions, MergeReport, MergedDatabase};
use super::undo_of::UndoOf;
use crate::engine::approval::expect_approved;
use crate::engine::plan::checked_plan;
use crate::engine::run::{Context, Event, LedgerAction, ShortWaits, coverage, naming_blockers, spans};
use crate::error::{Error, ErrorKind, OldState, Result};
use crate::name::Side;
use crate::pg::{OldWrites, Transaction};
use crate::policy::Action;
use crate::staging::{JournalRecord, Manifest, Plan, Rehearsed, Sealed, TablePlan};

/// Carries out the run's plan on OLD.
///
/// # Errors
/// `Refused` with nothing written where the plan is stale, OLD has moved, rows wait for a decision, or a check fails;
/// `PartlyChanged` where an earlier database was committed and a later one failed. Every error says what OLD may have seen, as
/// the transactions know it; one that comes after COMMIT, as where the journal cannot be written, says that OLD has the merge.
/// `Interrupted`, with nothing written, where the user asked to stop before the first COMMIT was sent; a later wish changes
/// nothing.
///
/// Cancel safety: if the call is dropped, a transaction that is open is rolled back; the record of OLD says what OLD may
/// have seen, also of a COMMIT that was under way.
pub async fn merge(context: &Context, options: MergeOptions) -> Result<MergeReport> {
    let context = &context.for_writing();
    let merged = merge_plan(context, options).instrument(spans::step(context, "merge")).await;
    merged.map_err(|error| error.or_state(|| context.servers().old_writes().state()))
}

async fn merge_plan(context: &Context, options: MergeOptions) -> Result<MergeReport> {
    let plan = ready_plan(context, options)?;
    perform(context, &plan, options, (LedgerAction::Merge, &UndoOf::default())).await
}

/// Reads the plan, if it may be carried out.
///
/// # Errors
/// `Refused` where it is stale, or rows wait for a decision, or not enough people approve it.
pub(super) fn ready_plan(context: &Context, options: MergeOptions) -> Result<Sealed<Plan>> {
    let plan = checked_plan(context.store())?;
    let held = plan.actions().get(Action::Hold);
    if held > 0 && !options.leave_held {
        return Err(Error::new(ErrorKind::Refused, "merge")
            .at(context.run())
            .because(format!("{held} rows wait for a decision"))
            .next("decide with `failback decide`, then `failback plan`")
            .next("or leave them as they are: `failback merge --leave-held`"));
    }
    if !options.dry_run {
        expect_approved(context, &plan)?;
    }
    Ok(plan)
}

/// Carries a plan out, or takes it back. Every database's transaction is ready to commit before the first one commits: whatever
/// one of them refuses, none has it.
pub(crate) async fn perform(
    context: &Context,
    plan: &Plan,
    options: MergeOptions,
    (action, of): (LedgerAction, &UndoOf),
) -> Result<MergeReport> {
    let manifest = Manifest::read(context.store())?;
    let rows = plan.tables().map(TablePlan::written_rows).sum::<u64>();
    let mut patience = Patience::new(context.selection().lock_waits(Side::Old));
    let ready = loop {
        context.reporter().tell(Event::Began { step: action.word(), rows, written: rows });
        match prepare(context, plan, &manifest, options, (action, of)).await {
            Ok(ready) => break ready,
            Err(error) => patience.again(context.reporter(), error).await?,
        }
    };
    let databases = if options.dry_run {
        let databases = roll_back(ready).await;
        if action == LedgerAction::Merge {
            keep_rehearsal(context, plan, &databases);
        }
        databases
    } else {
        // The last moment: once a COMMIT is sent, the others follow.
        if let Err(stopped) = context.reporter().check_stop() {
            roll_back(ready).await;
            return Err(stopped);
        }
        commit(context, plan, ready, action).await?
    };
    context.reporter().tell(Event::Ended { step: action.word() });
    let actions = plan.actions();
    Ok(MergeReport {
        run: context.run(),
        plan: plan.digest.clone(),
        coverage: coverage(&manifest.databases),
        databases,
        dry_run: options.dry_run,
        held: actions.get(Action::Hold),
        skipped: actions.get(Action::Skip),
    })
}

/// Makes every database's transaction ready; if one cannot be, none holds anything any more.
async fn prepare(
    context: &Context,
    plan: &Plan,
    manifest: &Manifest,
    options: MergeOptions,
    (action, of): (LedgerAction, &UndoOf),
) -> Result<Vec<Prepared>> {
    let waits = ShortWaits::new(context.selection().lock_waits(Side::Old));
    let hasty = context.clone().with_servers(context.servers().clone().with_short_waits(Side::Old, &waits));
    let mut ready = Vec::new();
    for part in &plan.databases {
        let preparation = Preparation { context: &hasty, plan, part, manifest, options, action, of };
        let preparing = Box::pin(preparation.run().instrument(spans::database(&part.name)));
        match naming_blockers(context.servers(), &[(Side::Old, part.name.as_str(), &waits)], preparing).await {
            Ok(prepared) => ready.push(prepared),
            Err(error) => {
                roll_back(ready).await;
                return Err(error.at(format!("database {}", part.name)));
            }
        }
    }
    Ok(ready)
}

/// Takes back what was prepared; returns what it would have come to.
async fn roll_back(ready: Vec<Prepared>) -> Vec<MergedDatabase> {
    let mut databases = Vec::new();
    for Prepared { merged, transaction, .. } in ready {
        if let Some(old) = transaction {
            // The connection may be gone: then the server has rolled back on its own.
            let _ = old.rollback().await;
        }
        databases.push(merged);
    }
    databases
}

/// Writes down what a rehearsal cost, by which the merge's time is known beforehand. A journal that cannot be written is no
/// failure of a step that changes nothing.
fn keep_rehearsal(context: &Context, plan: &Plan, databases: &[MergedDatabase]) {
    for (part, merged) in plan.databases.iter().zip(databases) {
        if let Some(measured) = merged.measured.clone() {
            let (plan, database) = (part.digest.clone(), part.name.clone());
            let _ = JournalRecord::Rehearsed(Rehearsed { plan, database, measured }).append(context.store());
        }
    }
}

/// Commits what was prepared, one database after the other.
///
/// # Errors
/// `PartlyChanged` where one was committed and a later one could not be; `Storage` where everything is committed and the
/// journal does not say so.
async fn commit(context: &Context, plan: &Plan, ready: Vec<Prepared>, action: LedgerAction) -> Result<Vec<MergedDatabase>> {
    let (mut databases, mut unwritten) = (Vec::new(), None);
    let mut ready = ready.into_iter().zip(&plan.databases);
    while let Some((Prepared { merged, restarted, transaction }, part)) = ready.next() {
        if let Some(old) = transaction {
            let intention = Intention { store: context.store(), part, action: merged.recorded_as(action), restarted };
            if let Err(error) = commit_one(old, &merged, intention).instrument(spans::database(&part.name)).await {
                roll_back(ready.map(|(prepared, _)| prepared).collect()).await;
                let error = error.at(format!("database {}", part.name));
                return Err(say_what_stands(context.servers().old_writes(), error));
            }
            // What is committed is committed: the other databases follow, and the journal's failure is told in the end.
            unwritten = unwritten.or(intention.committed(&merged).err());
        }
        databases.push(merged);
    }
    match unwritten {
        Some(error) => Err(error.at(context.run())),
        None => Ok(databases),
    }
}

async fn commit_one(old: Transaction, merged: &MergedDatabase, intention: Intention<'_>) -> Result<()> {
    if let Err(error) = intention.declare() {
        return Err(old.abort(error).await);
    }
    old.commit(&merged.what(intention.action)).await.map(drop).map_err(|error| {
        intention.failed(&error);
        hint_at_the_ledger(error)
    })
}

/// A connection that breaks while OLD commits leaves it open whether it has.
fn hint_at_the_ledger(error: Error) -> Error {
    match error.old_state() {
        Some(OldState::Unknown { .. }) => {
            error.next("run the same command again: it asks OLD's ledger first and never does a thing twice")
        }
        _ => error,
    }
}

/// Says what was committed before a database failed, if anything was.
fn say_what_stands(old_writes: &OldWrites, error: Error) -> Error {
    match old_writes.state() {
        state @ (OldState::Committed(_) | OldState::Unknown { committed: Some(_), .. }) => {
            Error::new(ErrorKind::PartlyChanged, "carry out the plan").because(error).state(state).next(
                "remove the cause and run the same command again: what is committed is in OLD's ledger and is not done twice",
            )
        }
        _ => error,
    }
}
