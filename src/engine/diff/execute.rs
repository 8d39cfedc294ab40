//! Diff: OLD's counterpart of every staged key, under one snapshot of OLD, and what both rows' history means.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use jiff::Timestamp;
use tracing::Instrument as _;

use super::brought::prove_deletions;
use super::diff_row::{DiffRow, diff_batch, diff_schema};
use super::report::{DiffReport, report};
use crate::codec::{BatchEncoder, RowLayout};
use crate::delta::{self, Class, Witness, classify};
use crate::engine::evidence::{Clock, Stamps};
use crate::engine::rows::counterpart;
use crate::engine::rows::{Image, KEYS_PER_STATEMENT, LazySegment, Target, key_layout};
use crate::engine::run::ledger;
use crate::engine::run::{Brought, Context, Event, Ledger, Reporter, Servers, Work, edited_since_export};
use crate::engine::run::{spans, workers};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{Side, Sided};
use crate::pg::{Snapshot, Transaction, is_old};
use crate::staging::layout::DatabaseLayout;
use crate::staging::{
    Chunk, DatabaseDiff, DatabaseRecord, DiffIndex, FORMAT_VERSION, JournalRecord, Manifest, Segment, SegmentOptions,
    SegmentReader, TableDiff, TableRecord, Task,
};
use crate::statement::RowSource;
use crate::store::Store;
use crate::words::Counts;

/// How many bytes of decoded rows one statement fetches counterparts for, by estimate.
const STATEMENT_BYTES: usize = 8 << 20;

/// Compares everything that was staged with OLD and writes the run's diff anew.
///
/// # Errors
/// `Refused` where OLD is not the server that the export saw, or the run is merged already; `Damaged` where a staged file is
/// not what the manifest says. OLD is only read.
pub async fn diff(context: &Context) -> Result<DiffReport> {
    diff_all(context).instrument(spans::step(context, "diff")).await
}

async fn diff_all(context: &Context) -> Result<DiffReport> {
    let manifest = Manifest::read(context.store())?;
    let merged = Ledger::of(context).merged_databases(context.servers(), &manifest).await.place(|| context.run())?;
    let standing = if merged.is_empty() { None } else { Some(DiffIndex::read(context.store())?) };
    let clock = Clock::of(&manifest)?;
    let staged = manifest.databases.iter().flat_map(|database| &database.tables);
    let rows = staged.map(|table| table.candidate_rows() + table.absent_rows()).sum();
    context.reporter().tell(Event::Began { step: "diff", rows, written: 0 });
    let mut databases = Vec::new();
    for database in &manifest.databases {
        let mut standing = standing.iter().filter(|_| merged.contains(&database.name));
        if let Some(diff) = standing.find_map(|index| index.database(&database.name)) {
            context.reporter().tell(ledger::kept(&database.name));
            databases.push(diff.clone());
            continue;
        }
        let compared = diff_database(context, &clock, database).instrument(spans::database(&database.name)).await;
        databases.push(compared.place(|| format!("database {}", database.name))?);
    }
    let index = DiffIndex {
        format_version: FORMAT_VERSION,
        manifest_blake3: manifest.own_blake3().to_owned(),
        made_at: Timestamp::now().to_string(),
        databases,
    };
    let diff_blake3 = index.write(context.store())?;
    JournalRecord::Diffed { diff_blake3, rows: index.counts().sum() }.append(context.store())?;
    context.reporter().tell(Event::Ended { step: "diff" });
    Ok(report(context.run(), &index, edited_since_export(context.selection(), &manifest)))
}

async fn diff_database(context: &Context, clock: &Clock, database: &DatabaseRecord) -> Result<DatabaseDiff> {
    let held = context.servers().connect(Side::Old, &database.name).await?;
    let old = held.identity().await?;
    if !is_old(&old, &database.old, &database.new) {
        return Err(Error::new(ErrorKind::Refused, "compare with OLD")
            .because("OLD is not the server and database that the export saw")
            .next("check --old, or make a new run with `failback export`"));
    }
    let snapshot = Snapshot::hold(held).await?;
    let work = DiffWork {
        brought: Brought::read(&Ledger::of(context), snapshot.session(), database.tables.iter().map(|table| &table.name))
            .await?,
        servers: context.servers().clone(),
        store: context.shared_store(),
        clock: clock.clone(),
        paths: DatabaseLayout::new(&database.name),
        database: database.clone(),
        snapshot,
    };
    let mut done = workers::run(context.reporter(), context.limits().jobs(), chunks(database), work).await?;
    done.sort_by_key(|(chunk, _)| (chunk.table, chunk.number));
    let nothing =
        |table: &TableRecord| TableDiff { id: table.id, name: table.name.clone(), segments: Vec::new(), counts: Counts::new() };
    let mut tables: Vec<_> = database.tables.iter().map(nothing).collect();
    for (chunk, (segment, counts)) in done {
        if let Some(table) = tables.iter_mut().find(|table| table.id == chunk.table) {
            table.segments.extend(segment);
            table.counts += &counts;
        }
    }
    Ok(DatabaseDiff { name: database.name.clone(), old, tables })
}

/// Lists a database's segments; what one becomes is a file of its own.
fn chunks(database: &DatabaseRecord) -> Vec<Chunk> {
    let of = |record: &TableRecord| {
        let (database, table) = (database.name.clone(), record.id);
        let chunk = move |(number, segment): (u32, &Segment)| Chunk {
            database: database.clone(),
            table,
            number,
            weight: segment.rows,
            task: Task::Compare { segment: segment.file.path.clone() },
        };
        (1..).zip(record.candidates.iter().chain(&record.absent)).map(chunk).collect::<Vec<_>>()
    };
    database.tables.iter().flat_map(of).collect()
}

/// What is known of one database while its chunks are done.
struct DiffWork {
    servers: Servers,
    store: Arc<dyn Store>,
    clock: Clock,
    database: DatabaseRecord,
    paths: DatabaseLayout,
    snapshot: Snapshot,
    /// What earlier merges brought to OLD.
    brought: Brought,
}

impl Work for DiffWork {
    type State = Transaction;
    /// The segment of rows that differ, if any do, and how many rows there are of each class.
    type Found = (Option<Segment>, Counts<Class>);
    const AFTER_LOSS: &'static str = "run `failback diff` again";

    async fn open(&self) -> Result<Transaction> {
        self.servers.join(Side::Old, &self.database.name, &self.snapshot).await
    }

    async fn perform(&self, reporter: &Reporter, old: &Transaction, chunk: &Chunk) -> Result<Self::Found> {
        let Task::Compare { segment: path } = &chunk.task else { return Err(chunk.task.unexpected("diff")) };
        let record = self.database.table(chunk.table)?;
        let (segment, staged) = staged(record, path)?;
        let metadata = vec![("failback.table".to_owned(), record.name.sql())];
        let target = Target {
            store: Arc::clone(&self.store),
            path: self.paths.diff(record.id, chunk.number),
            options: SegmentOptions { metadata, ..SegmentOptions::default() },
        };
        let comparer = Comparer::new(&self.clock, record, staged, self.brought.of(&record.name))?;
        comparer.run(reporter, &self.database.name, old, segment, target).await.place(|| path)
    }

    fn rows((_, counts): &Self::Found) -> u64 {
        counts.sum()
    }

    fn place(&self, chunk: &Chunk) -> String {
        self.database.table(chunk.table).map_or_else(|_| chunk.table.to_string(), |table| table.name.to_string())
    }

    async fn check_snapshots(&self) -> Result<()> {
        self.snapshot.check().await
    }
}

/// Finds a staged segment by its path, and what it holds.
fn staged<'a>(record: &'a TableRecord, path: &str) -> Result<(&'a Segment, Staged)> {
    let candidates = record.candidates.iter().map(|segment| (segment, Staged::Rows));
    let absent = record.absent.iter().map(|segment| (segment, Staged::Keys));
    candidates
        .chain(absent)
        .find(|(segment, _)| segment.file.path == path)
        .ok_or_else(|| Error::new(ErrorKind::Damaged, "read the manifest").at(path).because("it lists no such file"))
}

/// What a staged segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Staged {
    /// NEW's rows.
    Rows,
    /// Keys that NEW lacks.
    Keys,
}

/// Compares one segment's keys with OLD.
struct Comparer<'a> {
    table: &'a TableRecord,
    staged: Staged,
    stamps: Stamps,
    /// Reads keys out of the segment's rows.
    encoder: BatchEncoder,
    key_columns: Vec<usize>,
    /// Keys of rows that earlier merges brought to OLD.
    brought: Option<&'a HashSet<u128>>,
}

impl<'a> Comparer<'a> {
    fn new(clock: &Clock, table: &'a TableRecord, staged: Staged, brought: Option<&'a HashSet<u128>>) -> Result<Self> {
        let keys = key_layout(&table.key);
        let layout: &RowLayout = if staged == Staged::Rows { &table.layout } else { &keys };
        Ok(Self {
            table,
            staged,
            stamps: Stamps::new(&table.layout, &table.times, clock),
            encoder: BatchEncoder::new(layout),
            key_columns: counterpart::key_positions(layout, &table.key.names())?,
            brought,
        })
    }

    async fn run(
        &self,
        reporter: &Reporter,
        database: &str,
        old: &Transaction,
        segment: &Segment,
        target: Target,
    ) -> Result<(Option<Segment>, Counts<Class>)> {
        let schema = diff_schema(&self.table.layout);
        let staged = SegmentReader::open(target.store.as_ref(), segment, KEYS_PER_STATEMENT)?;
        let mut file = LazySegment::new(target, schema.clone());
        let mut counts = Counts::new();
        let source = RowSource::of(&self.table.old, &self.table.key, Side::Old);
        for batch in staged {
            for batch in bounded(&batch?) {
                reporter.check_stop()?;
                let keys = counterpart::key_texts(&self.encoder, &batch, &self.key_columns)?;
                let counterparts = counterpart::fetch_known(old, source, &self.table.layout, &keys).await?;
                let sides = self.sides(batch, counterparts);
                let mut rows = self.judge(&sides)?;
                if let Some(brought) = self.brought {
                    prove_deletions(old, source, brought, &keys, &mut rows).await?;
                }
                for row in &rows {
                    counts.add(row.verdict.class, 1);
                }
                reporter.tell_rows(database, &self.table.name, rows.len() as u64, 0);
                file.write(&diff_batch(&schema, &sides, &rows)?)?;
            }
        }
        Ok((file.finish()?, counts))
    }

    fn sides(&self, batch: RecordBatch, old: Image) -> Sided<Image> {
        let new = match self.staged {
            Staged::Rows => Image::whole(batch),
            Staged::Keys => Image::nothing(&self.table.layout.arrow_schema(), batch.num_rows()),
        };
        Sided { old, new }
    }

    fn judge(&self, sides: &Sided<Image>) -> Result<Vec<DiffRow>> {
        let layout = &self.table.layout;
        let mut differences = delta::compare(&sides.old.rows, &sides.new.rows)
            .map_err(|error| Error::new(ErrorKind::Malformed, "compare OLD's and NEW's rows").because(error))?;
        differences.keep(|column| layout.columns[column].is_carried());
        let one = |row| {
            let there = sides.as_ref().map(|side| side.row(row));
            let mut witness = there.map(|rows| rows.map(|rows| self.witness(rows, row)));
            if there.new.is_none() && !self.table.detached.is_empty() {
                // The row may live on in a partition that NEW detached: its stamps do not say that NEW deleted it.
                witness.old = witness.old.map(|_| Witness::silent());
            }
            let names = |index: usize| layout.columns[index].name.as_str().to_owned();
            DiffRow {
                // BASE is not at hand.
                verdict: classify(witness.old, witness.new, None, !differences.any(row)),
                changed: there.old.and(there.new).map(|_| differences.columns(row).map(names).collect()),
                written_us: there.map(|rows| rows.and_then(|rows| self.stamps.written_us(rows, row))),
            }
        };
        Ok((0..sides.new.rows.num_rows()).map(one).collect())
    }
}

impl Comparer<'_> {
    /// What is known of one side's row, the other side apart.
    fn witness(&self, rows: &RecordBatch, row: usize) -> Witness {
        if self.table.stamps_prove { self.stamps.witness(rows, row) } else { Witness::silent() }
    }
}

/// Cuts a batch so that its counterparts, which are about as wide, stay within [`STATEMENT_BYTES`].
fn bounded(batch: &RecordBatch) -> Vec<RecordBatch> {
    let rows = batch.num_rows();
    let width = batch.get_array_memory_size() / rows.max(1);
    let step = (STATEMENT_BYTES / width.max(1)).clamp(1, KEYS_PER_STATEMENT);
    (0..rows).step_by(step).map(|from| batch.slice(from, step.min(rows - from))).collect()
}
