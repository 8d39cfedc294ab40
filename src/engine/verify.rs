//! Verify: reads OLD back and compares it with what the plan promised, row by row.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::BooleanArray;
use serde::Serialize;

use super::change::ChangeReader;
use super::context::Context;
use super::counterpart::{self, fetch, key_texts};
use super::crew::{self, Queue};
use super::images::{count_moved, only, promised};
use super::ledger::{self, Deed};
use super::progress::Event;
use super::sequences::{self, Raise};
use crate::catalog;
use crate::codec::BatchEncoder;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::Side;
use crate::pg::statement::{RowSource, orphans_of_table};
use crate::pg::{Session, Snapshot};
use crate::staging::{DatabasePlan, DatabaseRecord, Manifest, Plan, TablePlan, TableRecord};

/// How many rows of a plan are read back at a time.
const BATCH_ROWS: usize = 1024;

/// What OLD was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything that was promised is there, and nothing waits.
    Verified,
    /// Everything that was promised is there; some rows wait or were left aside.
    VerifiedWithHeld,
    /// Something is not as promised, or was not looked at.
    NotVerified,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyReport {
    /// The run.
    pub run: String,
    /// The verdict.
    pub state: State,
    /// One line a table that the plan has changes for.
    pub tables: Vec<VerifiedTable>,
    /// Foreign keys with children that have no parent.
    pub orphans: Vec<Orphans>,
    /// Sequences that are behind the data or behind NEW.
    pub sequences: Vec<Raise>,
    /// Where OLD's ledger and the plan do not agree.
    pub ledger: Vec<String>,
    /// Rows by outcome, over everything that was staged; each row has exactly one.
    pub outcomes: BTreeMap<String, u64>,
    /// What was not covered to begin with, said first.
    pub not_covered: Vec<String>,
}

/// One table's rows.
#[derive(Clone, Debug, Serialize)]
pub struct VerifiedTable {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// Rows that were read back.
    pub checked: u64,
    /// Rows that are not what the plan promised.
    pub mismatched: u64,
}

/// A foreign key that does not hold.
#[derive(Clone, Debug, Serialize)]
pub struct Orphans {
    /// The database.
    pub database: String,
    /// The constraint.
    pub constraint: String,
    /// The table with the children.
    pub table: String,
    /// How many children have no parent.
    pub rows: u64,
}

/// Reads OLD back.
///
/// # Errors
/// `Refused` where the plan was never merged; whatever connecting and reading can give. A mismatch is no error here: the report
/// says it.
pub async fn verify(context: &Context) -> Result<VerifyReport> {
    let plan = Plan::read(&context.store)?;
    let manifest = Manifest::read(&context.store)?;
    let rows: u64 = plan.databases.iter().flat_map(|database| &database.tables).map(applied).sum();
    context.tell(Event::Began { step: "verify", rows });
    let mut report = VerifyReport {
        run: context.run(),
        state: State::NotVerified,
        tables: Vec::new(),
        orphans: Vec::new(),
        sequences: Vec::new(),
        ledger: Vec::new(),
        outcomes: outcomes(&plan),
        not_covered: not_covered(&manifest),
    };
    for part in &plan.databases {
        if let Some(record) = manifest.database(&part.name) {
            verify_database(context, &plan, part, record, &mut report).await.place(|| format!("database {}", part.name))?;
        }
    }
    report.state = state(&report);
    context.tell(Event::Ended { step: "verify" });
    Ok(report)
}

fn applied(table: &TablePlan) -> u64 {
    ["insert", "update", "replace", "delete"].iter().map(|action| table.count(action)).sum()
}

fn state(report: &VerifyReport) -> State {
    let broken = report.tables.iter().any(|table| table.mismatched > 0)
        || !report.orphans.is_empty()
        || !report.sequences.is_empty()
        || !report.ledger.is_empty();
    let waiting = ["hold", "skip"].iter().any(|word| report.outcomes.get(*word).is_some_and(|rows| *rows > 0));
    match (broken, waiting) {
        (true, _) => State::NotVerified,
        (false, true) => State::VerifiedWithHeld,
        (false, false) => State::Verified,
    }
}

/// Counts every staged row under exactly one outcome.
fn outcomes(plan: &Plan) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for table in plan.databases.iter().flat_map(|database| &database.tables) {
        for (word, rows) in table.actions.iter().chain(&table.settled) {
            let outcome = match word.as_str() {
                "insert" | "update" | "replace" | "delete" => "applied",
                other => other,
            };
            *found.entry(outcome.to_owned()).or_insert(0) += rows;
        }
    }
    found
}

fn not_covered(manifest: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    for database in &manifest.databases {
        for left_out in database.left_out.iter().filter(|left_out| left_out.blocker) {
            found.push(format!("{}: {}: {}", database.name, left_out.name, left_out.reason));
        }
        for table in &database.tables {
            for (column, values) in table.unplaced.iter().filter(|(_, values)| **values > 0) {
                let place = "have no place on OLD and stay in staging";
                found.push(format!("{}: {}: {values} values of column {column} {place}", database.name, table.name));
            }
            let cells =
                [("inserts", &table.coverage.insert), ("updates", &table.coverage.update), ("deletes", &table.coverage.delete)];
            for (what, covered) in cells {
                if let crate::schema::Covered::No { why } = covered {
                    found.push(format!("{}: {}: {what}: {why}", database.name, table.name));
                }
            }
        }
    }
    found
}

async fn verify_database(
    context: &Context,
    plan: &Plan,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    report: &mut VerifyReport,
) -> Result<()> {
    let held = context.connect(Side::Old, &part.name).await?;
    check_ledger(&held, plan, part, report).await?;
    let snapshot = Arc::new(Snapshot::hold(held).await?);
    report.tables.extend(verify_tables(context, part, record, &snapshot).await?);
    let old = snapshot.session();
    let touched = |name: &crate::name::QualifiedName| part.tables.iter().any(|table| table.name == *name && applied(table) > 0);
    let is_lost = |table: &TablePlan| table.count("delete") + table.count("replace") > 0;
    let loses = |name: &crate::name::QualifiedName| part.tables.iter().any(|table| table.name == *name && is_lost(table));
    for key in catalog::foreign_keys(old.client()).await?.iter().filter(|key| key.validated) {
        if touched(&key.child) || loses(&key.parent) {
            let found = old.query(&orphans_of_table(key), &[]).await.place(|| &key.name)?;
            let rows = found.first().map_or(0, |row| u64::try_from(row.get::<_, i64>(0)).unwrap_or(0));
            if rows > 0 {
                let (constraint, table) = (key.name.to_string(), key.child.to_string());
                report.orphans.push(Orphans { database: part.name.clone(), constraint, table, rows });
            }
        }
    }
    report.sequences.extend(sequences::lagging(old, part).await?.into_iter().map(|(_, raise)| raise));
    Ok(())
}

/// What the workers of one database share.
struct Shared {
    context: Context,
    database: String,
    snapshot: Arc<Snapshot>,
}

/// One table, and where it stands among them.
struct Piece {
    position: usize,
    plan: TablePlan,
    record: TableRecord,
}

/// Reads back every table that was written, those with the most rows first.
async fn verify_tables(
    context: &Context,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    snapshot: &Arc<Snapshot>,
) -> Result<Vec<VerifiedTable>> {
    let written = part.tables.iter().filter(|table| applied(table) > 0).enumerate();
    let mut pieces: Vec<_> = written
        .filter_map(|(position, plan)| {
            let record = record.tables.iter().find(|known| known.id == plan.id)?.clone();
            Some(Piece { position, plan: plan.clone(), record })
        })
        .collect();
    pieces.sort_by_key(|piece| std::cmp::Reverse(applied(&piece.plan)));
    let shared = Arc::new(Shared { context: context.clone(), database: part.name.clone(), snapshot: Arc::clone(snapshot) });
    let done = crew::gather(context.jobs, pieces, move |queue| worker(Arc::clone(&shared), queue)).await?;
    let mut done = done.concat();
    done.sort_by_key(|(position, _)| *position);
    Ok(done.into_iter().map(|(_, table)| table).collect())
}

/// Reads tables back until none is left.
async fn worker(shared: Arc<Shared>, queue: Arc<Queue<Piece>>) -> Result<Vec<(usize, VerifiedTable)>> {
    let Shared { context, database, snapshot } = shared.as_ref();
    let old = context.join(Side::Old, database, snapshot).await?;
    let mut done = Vec::new();
    while let Some(Piece { position, plan, record }) = queue.take() {
        let read = verify_table(context, &old, database, &plan, &record).await;
        let (checked, mismatched) = read.place(|| &plan.name)?;
        let table = VerifiedTable { database: database.clone(), table: plan.name.to_string(), checked, mismatched };
        done.push((position, table));
    }
    Ok(done)
}

/// Compares OLD's ledger with the plan, table by table.
async fn check_ledger(old: &Session, plan: &Plan, part: &DatabasePlan, report: &mut VerifyReport) -> Result<()> {
    let entry = ledger::latest(old, &plan.digest).await?;
    let Some(entry) = entry.filter(|entry| entry.deed == Deed::Merge) else {
        return Err(Error::new(ErrorKind::Refused, "verify")
            .because("OLD's ledger has no merge of this plan that stands")
            .next("run `failback merge` first"));
    };
    for table in &part.tables {
        let recorded =
            entry.tables.iter().find(|(name, _)| *name == table.name.to_string()).map_or(0, |(_, written)| written.rows());
        if recorded != applied(table) {
            report.ledger.push(format!(
                "{}: {}: the plan has {} rows, OLD's ledger {recorded}",
                part.name,
                table.name,
                applied(table)
            ));
        }
    }
    Ok(())
}

async fn verify_table(
    context: &Context,
    old: &Session,
    database: &str,
    plan: &TablePlan,
    record: &TableRecord,
) -> Result<(u64, u64)> {
    let source = RowSource::of(&record.old, &record.key, Side::Old);
    let encoder = BatchEncoder::new(&record.layout);
    let keys = counterpart::key_positions(&record.layout, &record.key.names())?;
    let mut reader = ChangeReader::open(&context.store, plan, BATCH_ROWS)?;
    let (mut checked, mut mismatched) = (0, 0);
    while let Some(changes) = reader.next()? {
        context.stop.check()?;
        // Rows that are there afterwards are looked up by NEW's key, deleted ones by OLD's.
        for deletes in [false, true] {
            let wanted: BooleanArray =
                changes.actions.iter().map(|action| Some(action.writes() && action.brings_new() != deletes)).collect();
            if wanted.true_count() == 0 {
                continue;
            }
            let (before, after) = (only(&changes.old, &wanted)?, only(&changes.result(&record.layout)?, &wanted)?);
            let by = if deletes { &before } else { &after };
            let found = fetch(old, source, &record.layout, &key_texts(&encoder, &by.rows, &keys)?).await?;
            checked += wanted.true_count() as u64;
            mismatched += count_moved(&after, &found, promised(&record.layout, &before))?;
            context.tell_rows(database, &record.name, wanted.true_count() as u64, 0);
        }
    }
    Ok((checked, mismatched))
}
