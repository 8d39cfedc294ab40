//! Plan: every row of the diff gets one action, by decision and by what its family allows, and the whole is frozen.
//!
//! Reads OLD, and tries rows in a temporary table of it that is rolled back; never writes anything that stays. Memory: five
//! bytes for every differing row, and 16 for every row that will not be on OLD.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;
use tracing::Instrument as _;

use super::changed_columns::ChangedColumns;
use super::closure;
use super::conditions::ask_conditions;
use super::decided_rows::{DecidedRow, DecidedRows};
use super::decisions_file::read_decisions;
use super::direction::Direction;
use super::draft::{Draft, Reason, Reasons};
use super::freeze::freeze;
use super::half_moved;
use super::met::Met;
use super::privileges;
use super::published::hold_unidentified;
use super::reject::Reject;
use super::report::{PlanReport, report};
use super::respelt;
use super::sandbox::Sandbox;
use super::strangers::Strangers;
use super::tally::Tally;
use super::trial_load;
use super::wanting::Wanting;
use super::{unproven, unproven_keys, wanting};
use crate::delta::{Class, Evidence};
use crate::engine::diff::DECIDING;
use crate::engine::evidence::Clock;
use crate::engine::run::{Context, Event, Ledger, Reporter, coverage, edited_since_export, tell_redefined, write_views};
use crate::engine::run::{ledger, read_step, spans};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{QualifiedName, Side};
use crate::policy::{Action, By, Decided, Decisions, Minimum, Resolution};
use crate::schema::depend;
use crate::staging::layout::DatabaseLayout;
use crate::staging::{
    DatabaseDiff, DatabasePlan, DatabaseRecord, DiffIndex, FORMAT_VERSION, JournalRecord, Manifest, Plan, TableDiff,
    TableRecord, json_digest,
};
use crate::store::Store;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch};

/// Freezes what merge will do, from the run's diff and its decisions.
///
/// # Errors
/// `Config` where decisions.toml does not make sense; `Refused` where the diff was not made from this export, or the
/// run is merged already.
pub async fn plan(context: &Context) -> Result<PlanReport> {
    read_step(context, plan_all).instrument(spans::step(context, "plan")).await
}

async fn plan_all(context: &Context) -> Result<PlanReport> {
    let manifest = Manifest::read(context.store())?;
    let index = DiffIndex::read(context.store())?;
    let mut standing = standing_parts(context, &manifest).await.place(|| context.run())?;
    let decisions = read_decisions(context.store())?;
    // What a rule means is asked once: what is counted is what is planned.
    let met = ask_conditions(context, &[&decisions]).await.place(|| context.run())?;
    met.write(context.store())?;
    let tally = Tally::of(context.store(), (&manifest, &index), &decisions, &met).place(|| context.run())?;
    tally.expect(&decisions)?;
    let clock = Clock::of(&manifest)?;
    let rows = index.tables().map(TableDiff::rows).sum();
    context.reporter().tell(Event::Began { step: "plan", rows, written: 0 });
    let (mut databases, mut aside) = (Vec::new(), Aside::default());
    for record in &manifest.databases {
        if let Some(part) = standing.remove(&record.name) {
            context.reporter().tell(ledger::kept(&record.name));
            databases.push(part);
            continue;
        }
        let Some(diff) = index.database(&record.name) else { continue };
        let work = plan_database(context, (&decisions, &met), &clock, (record, diff), &mut aside);
        let planned = work.instrument(spans::database(&record.name)).await;
        let planned = planned.map_err(|error| tell_redefined(error, "make a new run with `failback export`"));
        databases.push(planned.place(|| format!("database {}", record.name))?.seal(&manifest.run_id)?);
    }
    let mut plan = Plan {
        format_version: FORMAT_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        run_id: manifest.run_id.clone(),
        made_at: Timestamp::now().to_string(),
        manifest_blake3: manifest.own_blake3().to_owned(),
        diff_blake3: index.own_blake3().to_owned(),
        decisions_digest: decisions.digest(),
        databases,
        digest: String::new(),
    };
    plan.digest = plan.compute_digest()?;
    let plan_blake3 = plan.write(context.store())?;
    write_views(context.store(), &manifest, &index, Some(&plan))?;
    let held = plan.actions().get(Action::Hold);
    JournalRecord::Planned { plan_blake3, plan: plan.digest.clone(), held }.append(context.store())?;
    context.reporter().tell(Event::Ended { step: "plan" });
    let known: Vec<_> = manifest
        .databases
        .iter()
        .flat_map(|one| one.tables.iter().map(|table| (one.name.clone(), table.name.to_string())))
        .collect();
    let mut notes = edited_since_export(context.selection(), &manifest);
    notes.extend(decisions.notes());
    for part in &plan.databases {
        let Some(record) = manifest.database(&part.name) else { continue };
        notes.extend(privileges::notes(context, part, record).await.place(|| format!("database {}", part.name))?);
    }
    let Aside { rejects, wanting } = aside;
    let (coverage, mut unmatched) = (coverage(&manifest.databases), decisions.unmatched(&known));
    unmatched.extend(tally.idle(&decisions));
    notes.extend(plan.databases.iter().flat_map(half_moved::notes));
    Ok(PlanReport { coverage, rejects, wanting, unmatched, notes, ..report(context.run(), &plan) })
}

/// Rows that are held beside the decisions, by why.
#[derive(Default)]
struct Aside {
    rejects: Vec<Reject>,
    wanting: Vec<Wanting>,
}

async fn plan_database(
    context: &Context,
    decisions: (&Decisions, &Met),
    clock: &Clock,
    (record, diff): (&DatabaseRecord, &DatabaseDiff),
    aside: &mut Aside,
) -> Result<DatabasePlan> {
    let (servers, store, reporter) = (context.servers(), context.store(), context.reporter());
    let record = &record.as_of(&servers.connect(Side::Old, &record.name).await?.identity().await?);
    let mut drafts = Vec::new();
    for name in parents_first(record) {
        let table = record.tables.iter().find(|table| table.name == name);
        let found = diff.tables.iter().find(|table| table.name == name);
        if let (Some(table), Some(found)) = (table, found) {
            let made = draft((store, reporter, decisions), &record.name, table, found, &mut aside.wanting);
            drafts.push(made.place(|| &table.name)?);
        }
    }
    for draft in &mut drafts {
        respelt::hold_deletes(store, draft).place(|| &draft.record.name)?;
    }
    // Before families are looked at: a row that OLD does not take holds its children too.
    let tools = (servers, store, reporter);
    aside.rejects.extend(trial_load::hold_rejects(tools, record, &mut drafts, Direction::Forward, |_| &[]).await?);
    hold_unidentified(servers, &record.name, &mut drafts, Direction::Forward).await?;
    unproven::hold_unrestorable(tools, &record.name, &mut drafts).await?;
    unproven_keys::hold_unrestorable_orphans(tools, &record.name, &mut drafts).await?;
    let strangers = Strangers::of(store, &drafts, record, clock)?;
    let sandbox = Sandbox::open(servers, &record.name).await?;
    closure::hold_closure(sandbox, store, reporter, &mut drafts, Direction::Forward, &strangers).await?;
    let paths = DatabaseLayout::new(&record.name);
    let tables = drafts.iter().map(|draft| freeze(&context.shared_store(), &paths, draft)).collect::<Result<Vec<_>>>()?;
    Ok(DatabasePlan {
        name: record.name.clone(),
        old: diff.old.clone(),
        tables,
        new_sequences: record.new_sequences.clone(),
        record_blake3: json_digest(record)?,
        digest: String::new(),
    })
}

/// Takes the parts of the plan of before whose merge stands on OLD: they stay as they are.
///
/// # Errors
/// `Refused` where a merge stands in every database; `Damaged` where the plan of one that stands is no longer here.
async fn standing_parts(context: &Context, manifest: &Manifest) -> Result<BTreeMap<String, DatabasePlan>> {
    let merged = Ledger::of(context).merged_databases(context.servers(), manifest).await?;
    let mut standing = BTreeMap::new();
    if merged.is_empty() {
        return Ok(standing);
    }
    for part in
        Plan::read_with_age(context.store())?.0.into_content().databases.into_iter().filter(|part| merged.contains(&part.name))
    {
        let old = context.servers().connect(Side::Old, &part.name).await?;
        if Ledger::of(context).latest(&old, &part).await?.is_none_or(|entry| !entry.action.leaves_rows()) {
            return Err(Error::new(ErrorKind::Damaged, "read the plan")
                .at(format!("database {}", part.name))
                .because("OLD's ledger has a merge of another plan of this run, and plan.json is not that plan")
                .next("take plan.json from a copy of the run: `failback undo` needs it"));
        }
        standing.insert(part.name.clone(), part);
    }
    Ok(standing)
}

fn parents_first(record: &DatabaseRecord) -> Vec<QualifiedName> {
    let keys = record.tables.iter().flat_map(|table| &table.old.foreign_keys);
    depend(record.tables.iter().map(|table| &table.name), keys).order
}

/// Gives every row of a table's diff the action that the decisions ask for.
fn draft<'a>(
    (store, reporter, (decisions, met)): (&dyn Store, &Reporter, (&Decisions, &Met)),
    database: &str,
    record: &'a TableRecord,
    diff: &'a TableDiff,
    wanting: &mut Vec<Wanting>,
) -> Result<Draft<'a>> {
    let mut draft = Draft { record, diff, actions: Vec::new(), whys: Vec::new(), reasons: Reasons::default() };
    let (replacing, doubtful) = (ChangedColumns::replacing(record), ChangedColumns::doubtful(record));
    let table = record.name.to_string();
    let deciding = DecidedRows::of(decisions, database, record, met)?;
    let mut known: BTreeMap<(Class, By), Option<(Decided, Minimum)>> = BTreeMap::new();
    let mut held: BTreeMap<(Class, Evidence), u64> = BTreeMap::new();
    for segment in &diff.segments {
        for batch in deciding.open(store, segment, 1 << 14, &DECIDING)? {
            let batch = batch?;
            for (row, DecidedRow { class, rests_on, by, .. }) in
                deciding.read(&batch, draft.actions.len())?.into_iter().enumerate()
            {
                let decided = match known.entry((class, by)) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    Entry::Vacant(entry) => entry.insert(deciding.decided(class, by)?.zip(deciding.minimum(class))),
                };
                let Some((decided, minimum)) = decided else { continue };
                let (action, why) = act(class, decided.resolution, &batch, row, &replacing);
                let is_wanting = action.writes() && !minimum.admits(rests_on);
                let by_name = deciding.is_by_name(decided, by);
                let is_doubtful = class == Class::Update && action.writes() && !by_name && doubtful.touched_by(&batch, row);
                let action = if is_wanting || is_doubtful { Action::Hold } else { action };
                let why = match (why, &decided.signature.why) {
                    _ if is_wanting => {
                        *held.entry((class, rests_on)).or_insert(0) += 1;
                        wanting::reason(class, rests_on, minimum)
                    }
                    _ if is_doubtful => {
                        format!("held: NEW may have changed {}, or its type may have lost what OLD's holds", doubtful.list())
                    }
                    (Some(why), _) => why.to_owned(),
                    (None, Some(why)) => format!("{class}: {why}"),
                    (None, None) => {
                        let who = deciding.rule_title(by).unwrap_or_else(|| decided.origin.word().to_owned());
                        format!("{class}: {} ({who})", decided.resolution.word())
                    }
                };
                draft.push(action, Reason { text: why, by_name });
            }
        }
        reporter.tell_rows(database, &record.name, segment.rows, 0);
    }
    let one = |((class, rests_on), rows): ((Class, Evidence), u64)| {
        let needs = deciding.minimum(class)?;
        Some(Wanting { database: database.to_owned(), table: table.clone(), class, rests_on, needs, rows })
    };
    wanting.extend(held.into_iter().filter_map(one));
    Ok(draft)
}

/// Turns a resolution into an action, and says why where the resolution alone does not.
fn act(
    class: Class,
    resolution: Resolution,
    batch: &RecordBatch,
    row: usize,
    replacing: &ChangedColumns,
) -> (Action, Option<&'static str>) {
    let apply = || apply_new(class, batch, row, replacing);
    match resolution {
        Resolution::ApplyNew => (apply(), None),
        Resolution::KeepOld => (Action::KeepOld, None),
        Resolution::Hold => (Action::Hold, None),
        Resolution::Skip => (Action::Skip, None),
        Resolution::LastUpdateWins | Resolution::FirstUpdateWins => {
            let (Some(old), Some(new)) = (written(batch, "fb_written_old", row), written(batch, "fb_written_new", row)) else {
                return (Action::Hold, Some("held: the rows do not both say when they were written, or not which was first"));
            };
            if old == new {
                return (Action::Hold, Some("held: both rows say that they were written at the same instant"));
            }
            let new_wins = (new > old) == (resolution == Resolution::LastUpdateWins);
            if new_wins {
                (apply(), Some("NEW's write wins by time"))
            } else {
                (Action::KeepOld, Some("OLD's write wins by time"))
            }
        }
    }
}

fn apply_new(class: Class, batch: &RecordBatch, row: usize, replacing: &ChangedColumns) -> Action {
    match class {
        Class::Insert
        | Class::AmbiguousMissingOnOld
        | Class::AmbiguousDeletedOnOld
        | Class::UpdateDeleted
        | Class::UpdateMissing => Action::Insert,
        Class::Delete | Class::AmbiguousMissingOnNew | Class::DeleteOriginDiffers => Action::Delete,
        Class::OldOnly | Class::Convergent | Class::Unchanged => Action::KeepOld,
        Class::Update | Class::AmbiguousDiffers | Class::Drift | Class::InsertExists | Class::UpdateOriginDiffers => {
            if replacing.touched_by(batch, row) {
                Action::Replace
            } else {
                Action::Update
            }
        }
    }
}

fn written(batch: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let stamps = batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    stamps.is_valid(row).then(|| stamps.value(row))
}
