//! Verify: reads OLD back and compares it with what the plan promised, row by row.

use std::collections::BTreeMap;
use std::sync::Arc;

use tracing::Instrument as _;

use super::drifted::drifted_rows;
use super::gap::{self, Gap, GapKind};
use super::landed_rows::LandedTable;
use super::outcome::outcomes;
use super::read_back::read_back;
use super::report::{VerifyReport, out_of_scope};
use super::taken_back;
use crate::catalog::{self, Catalog};
use crate::engine::merge::{fitting, sequences, unfinished};
use crate::engine::run::spans;
use crate::engine::run::{
    Context, Entry, Event, Ledger, LedgerAction, RowNumbers, State, coverage, lost, read_step, settle_if_alone,
};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::Side;
use crate::pg::{Session, Snapshot};
use crate::schema::RowFile;
use crate::staging::layout::TableId;
use crate::staging::{
    DatabasePlan, DatabaseRecord, Journal, JournalRecord, Landed, Manifest, Plan, RunId, TablePlan, TableRecord,
};
use crate::store::Store;

/// What a verification goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// Where the merge's rows came to lie, as far as they are still there.
    Places,
    /// Keys alone.
    Keys,
}

/// Reads OLD back.
///
/// # Errors
/// `Refused` where the plan was never merged; whatever connecting and reading can give. A mismatch is no error here: the report
/// says it.
pub async fn verify(context: &Context) -> Result<VerifyReport> {
    read_step(context, by_place).instrument(spans::step(context, "verify")).await
}

/// As [`verify`], and goes by nothing that the merge has written down: every row is looked for by its key, and foreign keys are
/// checked over whole tables.
///
/// # Errors
/// As [`verify`].
pub async fn verify_deeply(context: &Context) -> Result<VerifyReport> {
    read_step(context, by_key).instrument(spans::step(context, "verify")).await
}

async fn by_place(context: &Context) -> Result<VerifyReport> {
    verify_all(context, Depth::Places).await
}

async fn by_key(context: &Context) -> Result<VerifyReport> {
    verify_all(context, Depth::Keys).await
}

async fn verify_all(context: &Context, depth: Depth) -> Result<VerifyReport> {
    let plan = Plan::read(context.store())?;
    let manifest = Manifest::read(context.store())?;
    let rows: u64 = plan.tables().map(TablePlan::written_rows).sum();
    context.reporter().tell(Event::Began { step: "verify", rows, written: 0 });
    let mut report = VerifyReport {
        run: context.run(),
        state: State::NotVerified,
        coverage: coverage(&manifest.databases),
        tables: Vec::new(),
        orphans: Vec::new(),
        sequences: Vec::new(),
        ledger: Vec::new(),
        outcomes: outcomes(&plan, &manifest, (0, 0)),
        not_covered: gap::of_export(&manifest),
        out_of_scope: out_of_scope(&manifest),
    };
    let (mut merged_at, mut taken_back, mut not_merged) = (BTreeMap::new(), 0, 0);
    let (mut undone, mut is_of_old) = (None, true);
    for part in &plan.databases {
        if let Some(record) = manifest.database(&part.name) {
            let work = verify_database((context, depth), &plan.run_id, part, record, &mut report);
            let place = || format!("database {}", part.name);
            let seen = work.instrument(spans::database(&part.name)).await.place(place)?;
            taken_back += seen.taken_back;
            not_merged += seen.not_merged;
            is_of_old &= !seen.is_another;
            if seen.stands {
                merged_at.insert(part.name.clone(), seen.recorded_at);
            } else {
                undone = Some((place(), seen.recorded_at));
            }
        }
        for table in &part.tables {
            let rows = drifted_rows(context.store(), table).place(|| format!("{}: {}", part.name, table.name))?;
            report.not_covered.extend((rows > 0).then(|| gap::of_drift(&part.name, table, rows)));
        }
    }
    if let Some((place, at)) = undone.filter(|_| merged_at.is_empty()) {
        return Err(refused(format!("the merge was taken back, at {at}: there is nothing to read back"))
            .at(place)
            .next("`failback status` says what comes next"));
    }
    report.outcomes = outcomes(&plan, &manifest, (taken_back, not_merged));
    report.not_covered.extend(gap::of_rows(&report.tables));
    report.state = report.total_state();
    let (plan, state, unseen) = (plan.digest.clone(), report.state.word().to_owned(), Some(unseen(&report)));
    let verified = JournalRecord::Verified { plan, state, merged_at, unseen };
    // What a copy of OLD looks like says nothing of OLD.
    if let Err(error) = if is_of_old { verified.append(context.store()) } else { Ok(()) } {
        // Whoever may only read the run may verify it.
        context.reporter().tell(Event::Note(format!("the run's journal does not say that OLD was verified: {error}")));
    }
    context.reporter().tell(Event::Ended { step: "verify" });
    Ok(report)
}

/// Counts the rows of the merge that cannot be seen any more as it wrote them, and the tables of which none can.
fn unseen(report: &VerifyReport) -> u64 {
    let written: u64 = report.tables.iter().map(|table| table.written_since).sum();
    let is_unseen = |gap: &&Gap| matches!(gap.of, GapKind::MergedRows | GapKind::TakenBack);
    written + report.not_covered.iter().filter(is_unseen).count() as u64
}

/// What was seen of one database.
struct Seen {
    /// When OLD's ledger recorded the merge, or its undo, or that of a part of it.
    recorded_at: String,
    /// How many rows of the merge were taken back.
    taken_back: u64,
    /// How many rows a live merge left.
    not_merged: u64,
    /// Whether any of it stands.
    stands: bool,
    /// Whether it is another server than the one that was merged into.
    is_another: bool,
}

async fn verify_database(
    (context, depth): (&Context, Depth),
    run_id: &RunId,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    report: &mut VerifyReport,
) -> Result<Seen> {
    let held = context.servers().connect(Side::Old, &part.name).await?;
    let ledger = Ledger::of(context);
    let now = held.identity().await?.system_identifier;
    let is_another = now.is_some() && part.old.system_identifier.is_some() && now != part.old.system_identifier;
    report.not_covered.extend(is_another.then(|| gap::of_server(&part.name)));
    if !is_another {
        settle_if_alone(context.store(), (&ledger, &held), &part.name).await;
    }
    let merge = check_ledger(context.store(), (&ledger, &held), part, report).await?;
    let written: u64 = part.tables.iter().map(TablePlan::written_rows).sum();
    let merged = merge.landed_rows.unwrap_or(written);
    let not_merged = written.saturating_sub(merged);
    if merge.action == LedgerAction::Undo {
        return Ok(Seen { recorded_at: merge.recorded_at, taken_back: merged, not_merged, stands: false, is_another });
    }
    let taken_back = if merge.left.is_some() { merged.saturating_sub(merge.left_rows()) } else { 0 };
    let part = &standing(part, &merge);
    let exported_us = record.clocks.map(|clocks| clocks.old.server_us);
    let mut undone = ledger.undone_since(&held, run_id, part, exported_us).await?;
    let snapshot = Arc::new(Snapshot::hold(held).await?);
    let today = catalog::read(snapshot.session().client()).await?;
    let is_same_server = !merge.written_in.is_empty();
    for one in &mut undone {
        let fits = |table: &TableRecord| fitting(&today, table, is_same_server).is_ok();
        taken_back::name_rows(context.store(), (&ledger, snapshot.session()), record, one, fits).await?;
    }
    report.not_covered.extend(gap::of_undone(record, &undone));
    let (part, gone) = readable((part, record), &today, is_same_server)?;
    report.not_covered.extend(gone);
    let record = &with_indexes_of(&today, record);
    let landed = match depth {
        Depth::Places => Some(landed_tables(context.store(), &snapshot, (&part, record), &merge).await?),
        Depth::Keys => None,
    };
    let found = read_back(context, &part, record, (&snapshot, &merge, landed)).await?;
    report.tables.extend(found.tables);
    report.orphans.extend(found.orphans);
    report.sequences.extend(sequences::lagging(snapshot.session(), &part).await?.into_iter().map(|(_, raise)| raise));
    let behind = sequences::left_behind(snapshot.session(), &part).await?;
    report.not_covered.extend(behind.into_iter().map(|(name, why)| gap::of_sequence(&part.name, name, why)));
    Ok(Seen { recorded_at: merge.recorded_at, taken_back, not_merged, stands: true, is_another })
}

/// Returns the tables of a plan of which rows stand: after the undo of a part those that it left.
fn standing(part: &DatabasePlan, merge: &Entry) -> DatabasePlan {
    let mut part = part.clone();
    part.tables.retain(|table| merge.left.as_ref().is_none_or(|left| left.contains_key(&table.id)));
    part
}

/// Returns a database's tables with the unique indexes that OLD has today: where the one of the key is gone since the merge,
/// another row may have come under it.
fn with_indexes_of(today: &Catalog, record: &DatabaseRecord) -> DatabaseRecord {
    let mut record = record.clone();
    for table in &mut record.tables {
        let now = today.tables.iter().find(|now| now.name == table.name);
        table.old.unique_indexes = now.map(|now| now.unique_indexes.clone()).unwrap_or_default();
    }
    record
}

/// Finds out which of the merge's rows may be looked for at their places: in relations that still belong to the table, and
/// that lie in the files of then. A table that was written anew has its rows at other places.
async fn landed_tables(
    store: &dyn Store,
    snapshot: &Snapshot,
    (part, record): (&DatabasePlan, &DatabaseRecord),
    merge: &Entry,
) -> Result<BTreeMap<TableId, LandedTable>> {
    let mut tables = BTreeMap::new();
    for (id, file) in Landed::read(store, part)? {
        let (Ok(table), Some(then)) = (part.table(id), merge.files.get(&id)) else { continue };
        let known = record.table(id)?;
        if !known.key.is_kept_unique(&known.old) {
            // Another row may have come under the key, which only a look at the key tells.
            continue;
        }
        let today = catalog::row_files(snapshot.session().client(), &table.name).await.place(|| &table.name)?;
        let stays = |found: &RowFile| found.by_place && then.contains(&(found.oid, found.file));
        let leaves: BTreeMap<_, _> = today.into_iter().filter(stays).map(|found| (found.oid, found.name)).collect();
        if !leaves.is_empty() {
            tables.insert(id, LandedTable { file, leaves });
        }
    }
    Ok(tables)
}

/// Parts the tables of a plan that can be read back from those that OLD no longer has as the merge wrote them.
fn readable(
    (part, record): (&DatabasePlan, &DatabaseRecord),
    today: &Catalog,
    is_same_server: bool,
) -> Result<(DatabasePlan, Vec<Gap>)> {
    let (mut kept, mut gaps) = (part.clone(), Vec::new());
    kept.tables.clear();
    for table in &part.tables {
        match fitting(today, record.table(table.id)?, is_same_server) {
            Err(why) if table.written_rows() > 0 => gaps.push(gap::of_redefined(&part.name, table, &why)),
            _ => kept.tables.push(table.clone()),
        }
    }
    Ok((kept, gaps))
}

fn refused(cause: String) -> Error {
    Error::new(ErrorKind::Refused, "verify").because(cause)
}

/// Compares OLD's ledger with the plan, table by table; returns what it has of the merge, or of its undo.
async fn check_ledger(
    store: &dyn Store,
    (ledger, old): (&Ledger, &Session),
    part: &DatabasePlan,
    report: &mut VerifyReport,
) -> Result<Entry> {
    let entry = match ledger.latest(old, part).await? {
        Some(entry) if entry.action == LedgerAction::Merge => entry,
        Some(entry) if entry.is_unfinished() => return Err(unfinished("verify")),
        // What stands after the undo of a part is read back; what that has recorded is what it took.
        Some(entry) if entry.left.is_some() || entry.action == LedgerAction::Undo => return Ok(entry),
        None => {
            return Err(match Journal::read(store).ok().and_then(|journal| lost(&journal, part)) {
                Some(cause) => refused(cause).next("`failback status` says what that means, and what comes next"),
                None => refused("OLD's ledger has no merge of this plan".to_owned()).next("run `failback merge` first"),
            });
        }
        Some(Entry { recorded_at, .. }) => {
            return Err(refused(format!(
                "the merge was taken back but for some rows, at {recorded_at}, and an earlier failback did not write down which"
            ))
            .next("run `failback undo` again: it names the rows that are left, and takes back what it can by then")
            .next("or leave them, and make a new run for what OLD still lacks: `failback export`"));
        }
    };
    for table in &part.tables {
        let recorded =
            entry.tables.iter().find(|(name, _)| *name == table.name.to_string()).map_or(0, |(_, written)| written.rows());
        let wanted =
            entry.landed.as_ref().map_or_else(|| table.written_rows(), |rows| rows.get(&table.id).map_or(0, RowNumbers::len));
        if recorded != wanted {
            let whose = if entry.landed.is_some() { "its batches have" } else { "the plan has" };
            let name = &table.name;
            report.ledger.push(format!("{}: {name}: {whose} {wanted} rows, OLD's ledger {recorded}", part.name));
        }
    }
    Ok(entry)
}
