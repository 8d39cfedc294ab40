//! Merge: carries out the frozen plan on OLD, one transaction a database, or refuses and writes nothing.

use tracing::Instrument as _;

use super::intent::Intention;
use super::report::{MergeOptions, MergeReport, MergedDatabase};
use super::sequences;
use super::transaction::carry_out;
use super::triggers::Triggers;
use crate::catalog;
use crate::engine::plan::Direction;
use crate::engine::plan::{definition_digest, expect_privileges, read_decisions};
use crate::engine::run::{Context, Event, LedgerAction};
use crate::engine::run::{ledger, spans};
use crate::error::{Error, ErrorKind, OldState, Result};
use crate::name::Side;
use crate::pg::{Isolation, OldWrites, ServerFault, Session, Transaction, is_old, server_fault};
use crate::policy::Action;
use crate::staging::{DatabasePlan, DatabaseRecord, Manifest, Plan, Raise, Sealed, TablePlan, Written};
use crate::statement::{LOCK_TIMEOUT, lock_definitions};
use crate::store::Store;

const GUARD_WRITES: &str = include_str!("../../../sql/session/guard_writes.sql");

/// Carries out the run's plan on OLD.
///
/// # Errors
/// `Refused` with nothing written where the plan is stale, OLD has moved, rows wait for a decision, or a check fails;
/// `PartlyChanged` where an earlier database was committed and a later one failed. Every error says what OLD may have seen, as
/// the transactions know it; one that comes after COMMIT, as where the journal cannot be written, says that OLD has the merge.
///
/// Cancel safety: if the call is dropped, a transaction that is open is rolled back; the record of OLD says what OLD may
/// have seen, also of a COMMIT that was under way.
pub async fn merge(context: &Context, options: MergeOptions) -> Result<MergeReport> {
    let context = &context.for_writing();
    let merged = merge_plan(context, options).instrument(spans::step(context, "merge")).await;
    merged.map_err(|error| error.or_state(|| context.servers().old_writes().state()))
}

async fn merge_plan(context: &Context, options: MergeOptions) -> Result<MergeReport> {
    let plan = checked_plan(context.store())?;
    let held = plan.actions().get(Action::Hold);
    if held > 0 && !options.leave_held {
        return Err(Error::new(ErrorKind::Refused, "merge")
            .at(context.run())
            .because(format!("{held} rows wait for a decision"))
            .next("decide with `failback decide`, then `failback plan`")
            .next("or leave them as they are: `failback merge --leave-held`"));
    }
    perform(context, &plan, options, LedgerAction::Merge).await
}

/// Carries a plan out, or takes it back, database by database.
pub(crate) async fn perform(
    context: &Context,
    plan: &Plan,
    options: MergeOptions,
    action: LedgerAction,
) -> Result<MergeReport> {
    let manifest = Manifest::read(context.store())?;
    let rows = plan.tables().map(TablePlan::written_rows).sum::<u64>();
    // Every row is compared, then written.
    context.reporter().tell(Event::Began { step: action.word(), rows: rows * 2 });
    let (mut done, mut unwritten) = (Vec::new(), None);
    for part in &plan.databases {
        let record = manifest.database(&part.name).ok_or_else(|| {
            Error::new(ErrorKind::Damaged, "read the plan")
                .because(format!("the manifest does not know database {}", part.name))
        })?;
        let work = perform_one(context, plan, part, record, options, action);
        let merged = match work.instrument(spans::database(&part.name)).await {
            Ok(merged) => merged,
            Err(error) => {
                return Err(say_what_stands(context.servers().old_writes(), error.at(format!("database {}", part.name))));
            }
        };
        if !options.dry_run && !merged.already {
            // What is committed is committed: the other databases follow, and the journal's failure is told in the end.
            let written = Intention { store: context.store(), plan, database: &part.name, action }.committed(&merged);
            unwritten = unwritten.or(written.err());
        }
        done.push(merged);
    }
    context.reporter().tell(Event::Ended { step: action.word() });
    if let Some(error) = unwritten {
        return Err(error.at(context.run()));
    }
    let actions = plan.actions();
    Ok(MergeReport {
        run: context.run(),
        plan: plan.digest.clone(),
        databases: done,
        dry_run: options.dry_run,
        held: actions.get(Action::Hold),
        skipped: actions.get(Action::Skip),
    })
}

/// Reads the plan and checks that everything it rests on is as it was.
///
/// # Errors
/// `Refused` where the manifest, the diff or the decisions are other than those that were planned with.
pub(crate) fn checked_plan(store: &dyn Store) -> Result<Sealed<Plan>> {
    let plan = Plan::read(store)?;
    if read_decisions(store)?.digest() != plan.decisions_digest {
        return Err(Error::new(ErrorKind::Refused, "check the plan")
            .at(store.location())
            .because("decisions.toml changed since the plan was made")
            .next("run `failback plan` again and read what it says"));
    }
    Ok(plan)
}

async fn perform_one(
    context: &Context,
    plan: &Plan,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    options: MergeOptions,
    action: LedgerAction,
) -> Result<MergedDatabase> {
    let old = context.servers().connect(Side::Old, &part.name).await?;
    let identity = old.identity().await?;
    if identity.read_only_default {
        return Err(Error::new(ErrorKind::Refused, "write to OLD")
            .because("default_transaction_read_only is on for this user: OLD is fenced against writers")
            .next("turn it off for failback's user alone: ALTER ROLE … SET default_transaction_read_only = off"));
    }
    if !is_old(&identity, &part.old, &record.new) {
        return Err(Error::new(ErrorKind::Refused, "recognise OLD")
            .because("OLD is not the server and database that the plan was made for")
            .next("check --old, or make a new run"));
    }
    let already = MergedDatabase { database: part.name.clone(), tables: Vec::new(), sequences: Vec::new(), already: true };
    let intention = Intention { store: context.store(), plan, database: &part.name, action };
    if is_done(&old, plan, action).await? {
        if !options.dry_run {
            intention.settle(&old).await?;
        }
        return Ok(already);
    }
    let triggers = Triggers::choose(&old, part, options.fire_triggers).await?;
    expect_privileges(&old, part, record, direction(action)).await?;
    let old = Transaction::begin(old, Isolation::ReadCommitted, context.servers().old_writes()).await?;
    let work = Work { plan, part, record, triggers, action, dry_run: options.dry_run };
    let (tables, sequences) = match work.inside(context, &old).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            old.rollback().await?;
            return Ok(already);
        }
        Err(error) => return Err(old.abort(error).await),
    };
    let merged = MergedDatabase { database: part.name.clone(), tables, sequences, already: false };
    if options.dry_run {
        old.rollback().await?;
        return Ok(merged);
    }
    if let Err(error) = intention.declare() {
        return Err(old.abort(error).await);
    }
    if let Err(error) = old.commit(&merged.what(action)).await {
        intention.failed(&error);
        return Err(hint_at_the_ledger(error));
    }
    Ok(merged)
}

/// Whether OLD's ledger says that this was done, or that there is nothing to take back.
async fn is_done(old: &Session, plan: &Plan, action: LedgerAction) -> Result<bool> {
    let last = ledger::latest(old, &plan.digest).await?.map(|entry| entry.action);
    Ok(match action {
        LedgerAction::Merge => last == Some(LedgerAction::Merge),
        LedgerAction::Undo => last != Some(LedgerAction::Merge),
    })
}

const fn direction(action: LedgerAction) -> Direction {
    match action {
        LedgerAction::Merge => Direction::Forward,
        LedgerAction::Undo => Direction::Back,
    }
}

/// What one transaction does.
struct Work<'a> {
    plan: &'a Plan,
    part: &'a DatabasePlan,
    record: &'a DatabaseRecord,
    triggers: Triggers,
    action: LedgerAction,
    dry_run: bool,
}

impl Work<'_> {
    /// Everything between BEGIN and COMMIT; `None` where another process has done it in the meantime.
    async fn inside(&self, context: &Context, old: &Session) -> Result<Option<(Vec<(String, Written)>, Vec<Raise>)>> {
        ledger::lock(old).await?;
        // Asked again under the lock: another merge of the same plan may have ended while this one waited or looked around.
        if is_done(old, self.plan, self.action).await? {
            return Ok(None);
        }
        old.execute_all(LOCK_TIMEOUT).await?;
        old.query(GUARD_WRITES, &[]).await?;
        // Locked before they are read: from now on nobody changes a definition, nor adds a foreign key from or to these tables.
        let written: Vec<_> =
            self.part.tables.iter().filter(|table| table.written_rows() > 0).map(|table| &table.name).collect();
        if let Some(statement) = lock_definitions(&written) {
            old.execute_all(&statement).instrument(spans::lock("the tables' definitions")).await.map_err(gone)?;
        }
        self.triggers.begin(old).await?;
        expect_same_definitions(old, self.part).await?;
        let tables = carry_out(context, old, self.part, self.record, direction(self.action), self.triggers).await?;
        ledger::record(old, &self.plan.digest, &self.plan.run_id, self.action, &tables).await?;
        let sequences = match self.action {
            // `setval` outlives the rollback that ends a rehearsal.
            LedgerAction::Merge if self.dry_run => {
                sequences::lagging(old, self.part).await?.into_iter().map(|(_, raise)| raise).collect()
            }
            LedgerAction::Merge => sequences::raise(old, self.part).await?,
            LedgerAction::Undo => Vec::new(),
        };
        Ok(Some((tables, sequences)))
    }
}

/// What the server says of a name that it does not know, where a table of the plan is to be locked: the table has been dropped
/// or renamed. Its message names the table.
fn gone(error: Error) -> Error {
    let unknown = |fault: &&ServerFault| matches!(fault.sqlstate.as_str(), "42P01" | "3F000");
    let Some(fault) = server_fault(&error).filter(unknown) else { return error };
    Error::new(ErrorKind::Refused, "check the tables' definitions")
        .because(format!("a table that the plan writes no longer exists on OLD: {}", fault.message))
        .next(ANOTHER_RUN)
}

/// What to do where a table is no longer what it was.
const ANOTHER_RUN: &str = "make a new run with `failback export`, or take the table out with --tables";

/// # Errors
/// `Refused` where a table that the plan writes has been dropped or altered since it was exported.
async fn expect_same_definitions(old: &Session, part: &DatabasePlan) -> Result<()> {
    let catalog = catalog::read(old.client()).await?;
    for table in part.tables.iter().filter(|table| table.written_rows() > 0) {
        let moved = |cause: &str| {
            Error::new(ErrorKind::Refused, "check the tables' definitions").at(&table.name).because(cause).next(ANOTHER_RUN)
        };
        let now = catalog
            .tables
            .iter()
            .find(|now| now.name == table.name)
            .ok_or_else(|| moved("the table no longer exists on OLD"))?;
        if definition_digest(now)? != table.definition {
            return Err(moved("the table's columns, keys or triggers on OLD have changed since the export"));
        }
    }
    Ok(())
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
