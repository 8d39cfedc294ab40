//! Export: NEW's candidate rows, and the keys that NEW lacks, under one snapshot a server, into checksummed files.
//!
//! Every table becomes one or several chunks of work; workers with a connection each take them, the largest first. The
//! manifest is written when all of them are done, so a run that was interrupted has none and can simply be made again.

use std::sync::Arc;

use jiff::Timestamp;
use tracing::Instrument as _;

use super::changed::changed_blocks;
use super::chunks::{Cutting, chunks};
use super::described::Described;
use super::kept::{Kept, abandoned};
use super::log_spool::Reach;
use super::looked::Looked;
use super::quiescence::{self, Moment};
use super::report::{ExportReport, report};
use super::stamped::{TableStamps, stamp_notes};
use super::unplaced::count_unplaced;
use super::work::ExportWork;
use super::{baseline_rows, log_facts, table_failure};
use crate::config::Cutover;
use crate::engine::discover::Discovery;
use crate::engine::evidence::{Clock, young};
use crate::engine::run::{
    Context, Event, edited_since_export, expect_same_new, merged_databases, other_databases, other_evidence, read_step, spans,
    workers,
};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::staging::layout::{self, DatabaseLayout};
use crate::staging::{
    DatabaseAside, DatabaseRecord, Demands, FORMAT_VERSION, JournalRecord, Manifest, RunId, RunRecord, Sealed,
};

/// Exports every database into the run, which must not hold an export yet.
///
/// # Errors
/// `Refused` where the run already has a manifest; whatever connecting, reading and staging can give. OLD is only read.
pub async fn export(context: &Context) -> Result<ExportReport> {
    read_step(context, async |context: &Context| export_new(context, None).await)
        .instrument(spans::step(context, "export"))
        .await
}

/// As [`export`], right after a discovery: what that has found out about the cutover is not searched for again.
///
/// # Errors
/// As [`export`].
pub async fn export_discovered(context: &Context, discovered: &Discovery) -> Result<ExportReport> {
    let work = async |context: &Context| export_new(context, Some(discovered)).await;
    read_step(context, work).instrument(spans::step(context, "export")).await
}

/// Exports into a run that holds an export what that would bring now: tables that nobody has written since, on either side,
/// keep what was staged of them, and all others are read again. Until it has ended, the run is as it was.
///
/// # Errors
/// `Refused` where the run has no export yet, or is merged, or where it was exported with other settings; otherwise as
/// [`export`].
pub async fn export_delta(context: &Context) -> Result<ExportReport> {
    read_step(context, export_again).instrument(spans::step(context, "export")).await
}

async fn export_new(context: &Context, discovered: Option<&Discovery>) -> Result<ExportReport> {
    if context.store().exists(layout::MANIFEST)? {
        return Err(Error::new(ErrorKind::Refused, "export into the run")
            .at(context.run())
            .because("the run already holds an export")
            .next("leave --run out to make a new run, or go on with `failback diff`")
            .next("or bring what moved since with `failback export --delta`"));
    }
    Box::pin(export_all(context, discovered, None)).await
}

async fn export_again(context: &Context) -> Result<ExportReport> {
    let earlier = Manifest::read(context.store())?;
    expect_replaceable(context, &earlier).await?;
    let narrowed = as_exported(context, &earlier)?;
    let report = Box::pin(export_all(&narrowed, None, Some(&earlier))).await?;
    let now = Manifest::read(context.store())?;
    for path in abandoned(&earlier.databases, &now.databases) {
        context.store().remove_file(&path)?;
    }
    Ok(report)
}

/// Narrows what is looked at to what an export was of.
///
/// # Errors
/// `Config` where its cutover cannot be read.
pub(super) fn as_exported(context: &Context, earlier: &Manifest) -> Result<Context> {
    let names = earlier.databases.iter().map(|database| database.name.clone()).collect();
    let cutover = Cutover::parse(&earlier.cutover)?;
    let selection = context.selection().clone().with_databases(names).with_cutover(Some(cutover));
    Ok(context.clone().with_selection(selection))
}

/// Expects that nothing stands on what a run holds, and that it would be exported as it was.
async fn expect_replaceable(context: &Context, earlier: &Sealed<Manifest>) -> Result<()> {
    let refused = |cause: String| {
        Error::new(ErrorKind::Refused, "bring what moved since the export")
            .at(context.run())
            .because(cause)
            .next("make a new run with `failback export`")
    };
    expect_same_new(context).await?;
    let merged = merged_databases(context, earlier).await?;
    if !merged.is_empty() {
        return Err(refused(format!("the run is merged in {}", merged.join(", "))));
    }
    let edited = edited_since_export(context.selection(), earlier).into_iter().next();
    // Which tables are asked for is held against the tables that there are by now.
    let other = edited.or_else(|| other_databases(context.selection(), earlier));
    match other.map_or_else(|| other_evidence(context, earlier), |other| Ok(Some(other)))? {
        Some(edited) => Err(refused(edited)),
        None => Ok(()),
    }
}

/// Exports; of databases that were exported before, what is still so is kept.
async fn export_all(context: &Context, discovered: Option<&Discovery>, earlier: Option<&Manifest>) -> Result<ExportReport> {
    let run = RunRecord::make(context.store(), RunId::fresh())?;
    Demands::record(context.store(), context.selection().demand())?;
    let cutover = context.selection().cutover()?;
    cutover.check(Timestamp::now().as_microsecond())?;
    let overlap_us = context.selection().overlap_us();
    let zone = context.selection().zone();
    let clock = Clock::new(cutover.micros(), overlap_us, &zone)?;
    let kept = earlier.map_or(&[][..], |earlier| &earlier.databases);
    let (databases, aside, notes) = Box::pin(export_databases(context, &clock, discovered, kept)).await?;
    // An export that goes on with another one is of its databases, and those were not looked at then.
    let databases_aside = earlier.map_or(aside, |earlier| earlier.databases_aside.clone());
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        run_blake3: run.own_blake3().to_owned(),
        demands_blake3: Demands::own_blake3(context.store())?,
        run_id: run.into_content().id,
        made_at: Timestamp::now().to_string(),
        cutover: cutover.text().to_owned(),
        cutover_us: cutover.micros(),
        overlap_us,
        zone: zone.name().to_owned(),
        asked_evidence: Some(context.asked_evidence()?),
        databases,
        databases_aside,
    };
    let manifest_blake3 = manifest.write(context.store())?;
    let report = report(context.run(), &manifest, notes);
    JournalRecord::Exported { manifest_blake3, rows: report.rows }.append(context.store())?;
    context.reporter().tell(Event::Ended { step: "export" });
    Ok(report)
}

/// Exports the databases in turn; notes say what their tables' stamps show, where could not be asked who writes, and what is
/// kept.
async fn export_databases(
    context: &Context,
    clock: &Clock,
    discovered: Option<&Discovery>,
    earlier: &[DatabaseRecord],
) -> Result<(Vec<DatabaseRecord>, Vec<DatabaseAside>, Vec<String>)> {
    let Looked { names, aside, sources, mut first } = Looked::at(context, discovered, earlier).await?;
    let (mut databases, mut stamped, mut moments, mut kept_notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for name in names {
        let work = async {
            let described = match first.take() {
                Some(described) => described,
                None => Box::pin(Described::hold(context, &name, &sources, &mut Vec::new())).await?,
            };
            let kept = match earlier.iter().find(|earlier| earlier.name == name) {
                Some(earlier) => Kept::of(earlier, &described).await?,
                None => Kept::default(),
            };
            Box::pin(export_database(context, clock, described, kept)).await
        };
        let (record, found, began, kept) =
            work.instrument(spans::database(&name)).await.place(|| format!("database {name}"))?;
        if !earlier.is_empty() {
            let all = record.tables.len();
            kept_notes.push(format!("{name}: {kept} of {all} tables were not written since the last export, and are kept"));
        }
        databases.push(record);
        stamped.push(found);
        moments.push(began);
    }
    let mut notes = quiescence::look_back(context, &mut databases, &moments).await;
    // What is kept was counted then.
    notes.extend(if earlier.is_empty() { stamp_notes(&databases, &stamped) } else { kept_notes });
    Ok((databases, aside, notes))
}

/// Asks how far NEW's log is read; without a slot that is used nobody does.
async fn reach_of(described: &Described) -> Result<Option<Reach>> {
    match described.record.log.as_ref().filter(|log| log.unused.is_none()) {
        Some(_) => Reach::of(described.sessions().new).await.map(Some),
        None => Ok(None),
    }
}

async fn export_database(
    context: &Context,
    clock: &Clock,
    mut described: Described,
    mut kept: Kept,
) -> Result<(DatabaseRecord, TableStamps, Moment, usize)> {
    let young = match described.record.horizons() {
        Some(known) => Some(young(described.sessions().new, known.new.horizon).await?),
        None => None,
    };
    let estimated = described.record.is_estimated();
    let changed = changed_blocks(context, &mut described.record, described.began.wal()).await?.map(Arc::new);
    let sums_first = context.selection().sums_first();
    let cutting = Cutting { clock, young: young.as_deref(), estimated, changed: changed.as_deref(), sums_first };
    let mut chunks = chunks(&described.record, cutting, context.limits(), described.sessions()).await?;
    chunks.retain(|chunk| !kept.has(chunk.table));
    // Until the manifest names new files, those of before are the run's.
    for chunk in &mut chunks {
        chunk.number += kept.last_number;
    }
    let reach = reach_of(&described).await?;
    let Described { record: mut database, snapshots, base, began } = described;
    let work = ExportWork {
        servers: context.servers().clone(),
        store: context.shared_store(),
        sums_first,
        paths: DatabaseLayout::new(&database.name),
        clock: clock.clone(),
        young,
        estimated,
        changed,
        snapshots,
        base,
        database: database.clone(),
    };
    let mut stamped = TableStamps::new();
    let mut failures = Vec::new();
    for (chunk, found) in workers::run(context.reporter(), context.limits().jobs(), chunks, work).await? {
        let carried = database.tables.iter_mut().find(|table| table.id == chunk.table);
        let new_only = database.new_only.iter_mut().find(|table| table.id == chunk.table);
        match (found, carried, new_only) {
            (Ok(found), Some(table), _) => {
                *stamped.entry(table.id).or_default() += found.stamped;
                table.candidates.extend(found.candidates);
                table.absent.extend(found.absent);
                if let Some(walked) = found.walked {
                    let before = table.walked.unwrap_or_default();
                    table.walked = Some(before.zip(walked).map(|(before, more)| before + more));
                }
            }
            (Ok(found), None, Some(table)) => table.rows.extend(found.candidates),
            (Err(reason), None, Some(table)) => {
                let name = table.name.clone();
                return Err(Error::new(ErrorKind::Malformed, "stage a table that OLD lacks").at(name).because(reason));
            }
            (Err(reason), ..) => failures.push((chunk.table, reason)),
            (Ok(_), None, None) => {}
        }
    }
    table_failure::leave_out(&mut database, failures);
    baseline_rows::stage(context, &mut database)?;
    if let Some(reach) = reach {
        Box::pin(log_facts::stage(context, clock, &mut database, reach)).await?;
    }
    for table in &mut database.tables {
        table.candidates.sort_by(|left, right| left.file.path.cmp(&right.file.path));
        table.unplaced = count_unplaced(context.store(), context.reporter(), table).place(|| &table.name)?;
    }
    for table in &mut database.new_only {
        table.rows.sort_by(|left, right| left.file.path.cmp(&right.file.path));
    }
    let count = kept.restore(&mut database);
    Ok((database, stamped, began, count))
}
