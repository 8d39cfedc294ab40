//! Plan: every row of the diff gets one action, by decision and by what its family allows, and the whole is frozen.
//!
//! Reads OLD, and tries rows in a temporary table of it that is rolled back; never writes anything that stays. Memory: five
//! bytes for every differing row, and 16 for every row that will not be on OLD.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tracing::Instrument as _;

use super::closure;
use super::composer::Composer;
use super::conditions::ask_conditions;
use super::decisions_file::read_decisions;
use super::direction::Direction;
use super::freeze::freeze;
use super::half_moved;
use super::met::Met;
use super::privileges;
use super::published::hold_unidentified;
use super::reject::Reject;
use super::report::{PlanReport, report};
use super::respelt;
use super::row_actions;
use super::sandbox::Sandbox;
use super::strangers::Strangers;
use super::tally::Tally;
use super::trial_load;
use super::wanting::Wanting;
use super::{unproven, unproven_keys};
use crate::engine::evidence::Clock;
use crate::engine::rows::Target;
use crate::engine::run::{
    Context, Event, Ledger, coverage, edited_since_export, merged_databases, tell_redefined, write_views,
};
use crate::engine::run::{ledger, read_step, spans};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{QualifiedName, Side};
use crate::policy::{Action, Decisions};
use crate::schema::depend;
use crate::staging::layout::DatabaseLayout;
use crate::staging::{
    AdoptedChildren, DatabaseDiff, DatabasePlan, DatabaseRecord, Demands, DiffIndex, FORMAT_VERSION, JournalRecord, Manifest,
    Plan, Pruned, SegmentOptions, TableDiff, json_digest,
};
use crate::text::amount;

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
    Pruned::expect_rows(context.store())?;
    Demands::record(context.store(), context.selection().demand())?;
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
        demands_blake3: Demands::own_blake3(context.store())?,
        horizons: aside.horizons.clone(),
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
    let Aside { rejects, wanting, .. } = aside;
    let (coverage, mut unmatched) = (coverage(&manifest.databases), decisions.unmatched(&known));
    unmatched.extend(tally.idle(&decisions));
    notes.extend(plan.databases.iter().flat_map(half_moved::notes));
    notes.extend(plan.databases.iter().flat_map(adopted_notes));
    Ok(PlanReport { coverage, rejects, wanting, unmatched, notes, ..report(context.run(), &plan) })
}

/// Rows that are held beside the decisions, by why.
#[derive(Default)]
struct Aside {
    rejects: Vec<Reject>,
    wanting: Vec<Wanting>,
    /// See [`Plan::horizons`].
    horizons: BTreeMap<String, i64>,
}

/// Says which children get another parent, perhaps, as was decided by name.
fn adopted_notes(part: &DatabasePlan) -> impl Iterator<Item = String> {
    part.adopted.iter().map(|AdoptedChildren { key, child, parent, parents }| {
        format!(
            "! {}: {parent}: {} of OLD's, for which NEW's under their keys are decided by name and may be others, have \
             children in {child} ({key}) that stay: they would be children of NEW's rows",
            part.name,
            amount::rows(*parents)
        )
    })
}

async fn plan_database(
    context: &Context,
    decisions: (&Decisions, &Met),
    clock: &Clock,
    (record, diff): (&DatabaseRecord, &DatabaseDiff),
    aside: &mut Aside,
) -> Result<DatabasePlan> {
    let (servers, store, reporter) = (context.servers(), context.store(), context.reporter());
    let old = servers.connect(Side::Old, &record.name).await?;
    // Before any row is looked at: what is written from here on the plan may not have seen.
    aside.horizons.insert(record.name.clone(), old.horizon().await?);
    let record = &record.as_of(&old.identity().await?);
    old.close().await;
    let (mut drafts, paths) = (Vec::new(), DatabaseLayout::new(&record.name));
    for name in parents_first(record) {
        let table = record.tables.iter().find(|table| table.name == name);
        let found = diff.tables.iter().find(|table| table.name == name);
        if let (Some(table), Some(found)) = (table, found) {
            let target =
                Target { store: context.shared_store(), path: paths.composed(table.id), options: SegmentOptions::default() };
            let composer = Composer::prepare(servers, decisions.0, &record.name, table, target).await?;
            let made =
                row_actions::draft((store, reporter, decisions), &record.name, (table, found), composer, &mut aside.wanting);
            drafts.push(Box::pin(made).await.place(|| &table.name)?);
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
    let adopted = closure::hold_closure(sandbox, store, reporter, &mut drafts, Direction::Forward, &strangers).await?;
    let tables = drafts.iter().map(|draft| freeze(&context.shared_store(), &paths, draft)).collect::<Result<Vec<_>>>()?;
    Ok(DatabasePlan {
        name: record.name.clone(),
        old: diff.old.clone(),
        tables,
        new_sequences: record.new_sequences.clone(),
        adopted,
        record_blake3: json_digest(record)?,
        digest: String::new(),
    })
}

/// Takes the parts of the plan of before whose merge stands on OLD: they stay as they are.
///
/// # Errors
/// `Refused` where a merge stands in every database; `Damaged` where the plan of one that stands is no longer here.
async fn standing_parts(context: &Context, manifest: &Manifest) -> Result<BTreeMap<String, DatabasePlan>> {
    let merged = merged_databases(context, manifest).await?;
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
