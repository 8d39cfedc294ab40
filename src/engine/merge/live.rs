//! Live merge: the frozen plan carried out on an OLD that serves traffic, in closed units, so many at a time, each batch a
//! short transaction of its own. What users have written since stays theirs: such rows are left, and named, and the others
//! come.

use std::time::Duration;

use tracing::Instrument as _;

use super::execute::ready_plan;
use super::live_database::{LiveDatabase, Opened};
use super::report::{LiveOptions, MergeOptions, MergeReport};
use crate::config::LockWaits;
use crate::engine::run::{Context, Event, LedgerAction, ShortWaits, coverage, spans};
use crate::error::{Error, ErrorKind, OldState, Place as _, Result};
use crate::name::Side;
use crate::policy::Action;
use crate::staging::{Manifest, TablePlan};

/// So long a batch waits for one lock at most: less than the time after which a server looks for deadlocks.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// Carries out the run's plan on OLD in batches. It can be stopped at any moment, also by a kill: OLD's ledger has each batch
/// with its rows, and the same call goes on.
///
/// # Errors
/// `Refused` with nothing written where the plan cannot be carried out in batches, and as of [`merge`](super::merge);
/// `PartlyChanged` where batches were committed and the rest could not be; `Interrupted` where the user asked to stop, between
/// two batches. Rows that are no longer as they were classified are no error: they are in the report.
///
/// Cancel safety: as [`merge`](super::merge); batches that were committed stay.
pub async fn merge_live(context: &Context, options: MergeOptions, live: LiveOptions) -> Result<MergeReport> {
    let context = &context.for_writing();
    let merged = merge_plan(context, options, live).instrument(spans::step(context, "merge")).await;
    merged.map_err(|error| error.or_state(|| context.servers().old_writes().state()))
}

async fn merge_plan(context: &Context, options: MergeOptions, live: LiveOptions) -> Result<MergeReport> {
    if options.dry_run || options.fire_triggers {
        return Err(Error::new(ErrorKind::Usage, "merge in batches")
            .because("a live merge is neither rehearsed, nor does it let OLD's triggers fire")
            .next("leave --dry-run and --fire-triggers out, or --live"));
    }
    let plan = ready_plan(context, options)?;
    let manifest = Manifest::read(context.store())?;
    let waits = context.selection().lock_waits(Side::Old);
    let short = ShortWaits::new(LockWaits { timeout: waits.timeout.min(LONGEST_WAIT), ..waits });
    let hasty = context.clone().with_servers(context.servers().clone().with_short_waits(Side::Old, &short));
    let rows = plan.tables().map(TablePlan::written_rows).sum::<u64>();
    context.reporter().tell(Event::Began { step: LedgerAction::Merge.word(), rows, written: rows });
    let mut opened = Vec::new();
    // Whatever stands against one of them, none is begun.
    for part in &plan.databases {
        let opening = LiveDatabase::open((&hasty, &plan, &manifest), part, (options, live));
        let found = Box::pin(opening.instrument(spans::database(&part.name))).await;
        opened.push(found.place(|| format!("database {}", part.name))?);
    }
    let mut databases = Vec::new();
    for (one, part) in opened.into_iter().zip(&plan.databases) {
        let merged = match one {
            Opened::Nothing(merged) => *merged,
            Opened::Live(mut database) => {
                let done = Box::pin(database.run().instrument(spans::database(&part.name))).await;
                let has_landed = database.has_landed();
                done.map_err(|error| say_what_stands(context, error.at(format!("database {}", part.name)), has_landed))?
            }
        };
        databases.push(merged);
    }
    context.reporter().tell(Event::Ended { step: LedgerAction::Merge.word() });
    let actions = plan.actions();
    Ok(MergeReport {
        run: context.run(),
        plan: plan.digest.clone(),
        coverage: coverage(&manifest.databases),
        databases,
        dry_run: false,
        held: actions.get(Action::Hold),
        skipped: actions.get(Action::Skip),
    })
}

/// Says that batches stand, if any do.
fn say_what_stands(context: &Context, error: Error, has_landed: bool) -> Error {
    let again = "run the same command again: it asks OLD's ledger, and goes on with the rows that are not there";
    let state = context.servers().old_writes().state();
    let has_landed = has_landed || matches!(state, OldState::Committed(_) | OldState::Unknown { .. });
    match error.kind() {
        _ if !has_landed => error,
        ErrorKind::Interrupted => error.next(again),
        _ => Error::new(ErrorKind::PartlyChanged, "carry out the plan in batches")
            .because(error)
            .state(state)
            .next(format!("remove the cause and {again}"))
            .next("or take back what has come: `failback undo`"),
    }
}
