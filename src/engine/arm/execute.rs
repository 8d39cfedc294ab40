//! Keeps digests of OLD's rows.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema, SchemaRef};
use jiff::Timestamp;
use serde::Serialize;
use tracing::Instrument as _;

use super::slots::{MadeSlot, MadeSlots};
use crate::codec::{BatchEncoder, RowLayout};
use crate::engine::discover;
use crate::engine::evidence::HorizonSources;
use crate::engine::mark::{MarkReport, mark};
use crate::engine::rows::{
    Batches, LazySegment, RowDigests, Target, digest_column, digest_type, finding_names, key_digests, key_layout,
    key_positions, key_texts,
};
use crate::engine::run::{Context, Event, Ledger, spans};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{Side, Sided};
use crate::pg::{Session, Snapshot};
use crate::staging::layout::DatabaseLayout;
use crate::staging::{
    BASELINE_ABSENT_KEY, BASELINE_KEY, BASELINE_ROW, Baseline, DatabaseBaseline, DatabaseRecord, SegmentOptions, TableBaseline,
    TableRecord,
};
use crate::statement::{self, RowSource};

/// What is to be prepared, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct ArmOptions {
    /// How long transactions that are going on are waited for.
    pub patience: Duration,
    /// Whether a slot is made of each database on NEW.
    pub slot: bool,
    /// Whether digests of OLD's rows are kept.
    pub digests: bool,
}

/// What was kept.
#[derive(Clone, Debug, Serialize)]
pub struct ArmReport {
    /// Where it is, for people.
    pub folder: String,
    /// The mark that was made with it.
    pub mark: MarkReport,
    /// The slots that were made on NEW.
    pub slots: Vec<MadeSlot>,
    /// One line a table.
    pub tables: Vec<ArmedTable>,
    /// What a person should know: tables that are not carried, and why.
    pub notes: Vec<String>,
}

/// What was kept of one table.
#[derive(Clone, Debug, Serialize)]
pub struct ArmedTable {
    /// The database's name.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Marks both servers and keeps, as asked for, digests of the rows of the tables that are asked for, in the context's store,
/// and a slot of each database on NEW. Where it fails there is no slot.
///
/// # Errors
/// `Refused` where the store holds a baseline already, or NEW allows no slot; `Timeout` where a transaction keeps NEW from
/// making one; as [`mark`]; whatever connecting and reading can give.
pub async fn arm(context: &Context, options: ArmOptions) -> Result<ArmReport> {
    arm_all(context, options).instrument(spans::step(context, "arm")).await
}

async fn arm_all(context: &Context, options: ArmOptions) -> Result<ArmReport> {
    if Baseline::exists(context.store())? {
        return Err(Error::new(ErrorKind::Refused, "make a baseline")
            .at(context.run())
            .because("the folder holds one already, and a baseline is never made anew: a later one proves less")
            .next("name another folder with --out"));
    }
    context.reporter().tell(Event::Began { step: "arm", rows: 0, written: 0 });
    let mut notes = Vec::new();
    let names = discover::databases(context, &mut notes).await?.names;
    // First: what the mark calls written since is then in the slots.
    let slots = if options.slot { MadeSlots::make(context, &names, options.patience).await? } else { MadeSlots::none(context) };
    let kept = match keep(context, &names, options, &slots).await {
        Ok(kept) => kept,
        Err(error) => return Err(slots.take_back(error).await),
    };
    notes.extend(kept.notes);
    context.reporter().tell(Event::Ended { step: "arm" });
    Ok(ArmReport { folder: context.run(), mark: kept.mark, slots: slots.into_made(), tables: kept.tables, notes })
}

/// What was kept, but for slots.
struct Kept {
    mark: MarkReport,
    tables: Vec<ArmedTable>,
    notes: Vec<String>,
}

async fn keep(context: &Context, names: &[String], options: ArmOptions, slots: &MadeSlots<'_>) -> Result<Kept> {
    // Before the rows: what is written between the two is in the baseline, and counts as written since.
    let (mut marked, report) = mark(context, options.patience).await?;
    slots.note(&mut marked)?;
    let (mut notes, mut databases, mut tables, mut looked) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for name in names.iter().filter(|_| options.digests) {
        let keeping = arm_database(context, name).instrument(spans::database(name));
        let (record, kept) = keeping.await.place(|| format!("database {name}"))?;
        tables.extend(kept.tables.iter().map(|table| ArmedTable {
            database: name.clone(),
            table: table.name.to_string(),
            rows: table.rows.as_ref().map_or(0, |segment| segment.rows),
            bytes: table.rows.as_ref().map_or(0, |segment| segment.file.bytes),
        }));
        notes.extend(unkept(&record));
        databases.push(kept);
        looked.push(record);
    }
    if options.digests {
        discover::expect_matches(context.selection(), &looked, &mut notes)?;
    }
    Baseline::write(context.store(), Timestamp::now().to_string(), &marked, databases)?;
    Ok(Kept { mark: report, tables, notes })
}

/// Says what is not kept of a database, where nobody asked for that.
fn unkept(record: &DatabaseRecord) -> Vec<String> {
    let left_out = record.left_out.iter().filter(|one| one.blocker && !one.by_choice);
    let whole = left_out.map(|one| format!("! {}: {} on {}: {}", record.name, one.name, one.side, one.reason));
    let own = record.tables.iter().filter(|table| has_own_columns(&table.layout)).map(|table| {
        format!(
            "! {}: {}: not kept: OLD has columns that NEW lacks, so that nothing of NEW's is like a row of it",
            record.name, table.name
        )
    });
    whole.chain(own).collect()
}

/// Whether OLD has columns that NEW lacks.
fn has_own_columns(layout: &RowLayout) -> bool {
    layout.columns.iter().any(|column| column.old.is_present() && !column.is_carried())
}

async fn arm_database(context: &Context, name: &str) -> Result<(DatabaseRecord, DatabaseBaseline)> {
    let Sided { old, new } = discover::connect(context, name).await?;
    let snapshot = Snapshot::hold(old).await?;
    let old = snapshot.session();
    let clock_us = old.read_clock().await?.server_us;
    // What is remarked on is for whoever recovers.
    let sessions = (Sided { old, new: &new }, None);
    let record = discover::describe(context, name, &HorizonSources::NotAsked, sessions, &mut Vec::new()).await?;
    let merges = Ledger::of(context).standing(old).await?;
    let mut tables = Vec::new();
    for table in record.tables.iter().filter(|table| !has_own_columns(&table.layout)) {
        let keeping = Keeping { context, database: name, old, table };
        tables.push(finding_names(old, table.old.inlines(), keeping.keep()).await.place(|| &table.name)?);
    }
    let kept = DatabaseBaseline { name: name.to_owned(), old: record.old.clone(), clock_us, merges, tables };
    Ok((record, kept))
}

/// One table of OLD's on its way into a file of digests.
struct Keeping<'a> {
    context: &'a Context,
    database: &'a str,
    old: &'a Session,
    table: &'a TableRecord,
}

impl Keeping<'_> {
    async fn keep(&self) -> Result<TableBaseline> {
        let Self { context, database, old, table } = *self;
        let (keys, layout) = (key_layout(&table.key), &table.layout);
        let all = RowLayout { columns: keys.columns.iter().chain(&layout.columns).cloned().collect() };
        let list = statement::select_list(layout, Side::Old, "t");
        let query = statement::keyed_rows(RowSource::of(&table.old, &table.key, Side::Old), &list);
        let mut stream = Batches::open(old, &statement::copy_binary(&query), &all).await?;
        let digests = Digests::new(&keys, table)?;
        let path = DatabaseLayout::new(database).baseline(table.id);
        let target = Target { store: context.shared_store(), path, options: SegmentOptions::default() };
        let mut file = LazySegment::new(target, baseline_schema());
        while let Some(batch) = stream.next().await? {
            context.reporter().check_stop()?;
            context.reporter().tell_rows(database, &table.name, batch.num_rows() as u64, 0);
            file.write(&digests.of(&batch)?)?;
        }
        let (key, rows) = (table.key.clone(), file.finish()?);
        Ok(TableBaseline { name: table.name.clone(), key, layout: layout.clone(), rows })
    }
}

/// The columns of a baseline's file: the key as a staged row has it, as a key without a row is staged, and the row.
fn baseline_schema() -> SchemaRef {
    let column = |name: &str| Field::new(name, digest_type(), false);
    Arc::new(Schema::new([BASELINE_KEY, BASELINE_ABSENT_KEY, BASELINE_ROW].map(column).to_vec()))
}

/// What makes digests of rows that have their key before them.
struct Digests {
    keys: BatchEncoder,
    key_columns: Vec<usize>,
    whole: BatchEncoder,
    whole_key: Vec<usize>,
    rows: RowDigests,
}

impl Digests {
    fn new(keys: &RowLayout, table: &TableRecord) -> Result<Self> {
        Ok(Self {
            keys: BatchEncoder::new(keys),
            key_columns: (0..keys.columns.len()).collect(),
            whole: BatchEncoder::new(&table.layout),
            whole_key: key_positions(&table.layout, &table.key.names())?,
            rows: RowDigests::new(&table.layout),
        })
    }

    fn of(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let malformed = |error| Error::new(ErrorKind::Malformed, "digest rows").because(error);
        let (key_count, companion) = (self.key_columns.len(), batch.num_columns() - 1);
        let keys: Vec<_> = self.key_columns.iter().copied().chain([companion]).collect();
        let keys = batch.project(&keys).map_err(malformed)?;
        let rows = batch.project(&(key_count..=companion).collect::<Vec<_>>()).map_err(malformed)?;
        let absent_key = key_digests(&key_texts(&self.keys, &keys, &self.key_columns)?);
        let key = key_digests(&key_texts(&self.whole, &rows, &self.whole_key)?);
        let columns = [key, absent_key, self.rows.of(&rows)?];
        let columns = columns.iter().map(|digests| digest_column(digests.iter().map(Some))).collect();
        RecordBatch::try_new(baseline_schema(), columns).map_err(malformed)
    }
}
