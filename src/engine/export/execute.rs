//! Export: NEW's candidate rows, and the keys that NEW lacks, under one snapshot a server, into checksummed files.
//!
//! Every table becomes one or several chunks of work; workers with a connection each take them, the largest first. The
//! manifest is written when all of them are done, so a run that was interrupted has none and can simply be made again.

use super::unplaced::count_unplaced;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::try_join;

use super::chunks::{Chunk, Of, Task, chunks};
use super::key_walk::{Depth, Found, Subject, compare_table};
use super::report::{ExportReport, report};
use super::table_failure;
use crate::codec::RowLayout;
use crate::engine::discover::discover;
use crate::engine::evidence::Clock;
use crate::engine::rows::{RawRows, RawSegment, Target};
use crate::engine::run::workers;
use crate::engine::run::{Context, Event, Queue};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{QualifiedName, Side, Sided};
use crate::pg::{Session, Snapshot, Transaction};
use crate::staging::layout::{self, DatabaseLayout, Staged, TableId};
use crate::staging::{DatabaseRecord, FORMAT_VERSION, Manifest, RunId, RunRecord, Segment, SegmentOptions};
use crate::statement::{self, copy_binary, stamped_since};
use crate::wire::RowBuffer;

/// How often a chunk of work is tried when the connection breaks while the snapshot lives.
const TRIES: u32 = 3;

/// Exports every database into the run, which must not hold an export yet.
///
/// # Errors
/// `Refused` where the run already has a manifest; whatever connecting, reading and staging can give. OLD is only read.
pub async fn export(context: &Context) -> Result<ExportReport> {
    if context.store.exists(layout::MANIFEST)? {
        return Err(Error::new(ErrorKind::Refused, "export into the run")
            .at(context.run())
            .because("the run already holds an export")
            .next("leave --run out to make a new run, or go on with `failback diff`"));
    }
    let run = RunRecord::make(context.store(), RunId::fresh())?;
    let cutover = context.config.cutover(context.cutover.clone())?;
    cutover.check(Timestamp::now().as_microsecond())?;
    let overlap_us = i64::try_from(context.config.overlap().duration().as_micros()).unwrap_or(i64::MAX);
    let zone = context.config.zone();
    let clock = Clock::new(cutover.micros(), overlap_us, &zone)?;
    let discovery = discover(context).await?;
    for note in discovery.notes {
        context.tell(Event::Note(note));
    }
    let estimate = discovery.databases.iter().flat_map(|database| &database.tables).map(|table| table.new.row_estimate).sum();
    context.tell(Event::Began { step: "export", rows: estimate });
    let mut databases = Vec::new();
    for database in discovery.databases {
        let name = database.name.clone();
        databases.push(export_database(context, &clock, database).await.place(|| format!("database {name}"))?);
    }
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        run_id: run.id,
        made_at: Timestamp::now().to_string(),
        cutover: cutover.text().to_owned(),
        cutover_us: cutover.micros(),
        overlap_us,
        zone: zone.name().to_owned(),
        databases,
    };
    manifest.write(context.store())?;
    context.tell(Event::Ended { step: "export" });
    Ok(report(context, &manifest))
}

/// What the workers of one database share.
struct Shared {
    context: Context,
    database: DatabaseRecord,
    paths: DatabaseLayout,
    clock: Clock,
    snapshots: Sided<Snapshot>,
}

impl Shared {
    fn table(&self, of: Of) -> (TableId, &QualifiedName, &RowLayout) {
        match of {
            Of::Table(table) => {
                let table = &self.database.tables[table];
                (table.id, &table.name, &table.layout)
            }
            Of::NewOnly(table) => {
                let table = &self.database.new_only[table];
                (table.id, &table.name, &table.layout)
            }
        }
    }
}

async fn export_database(context: &Context, clock: &Clock, mut database: DatabaseRecord) -> Result<DatabaseRecord> {
    let hold = async |side| Snapshot::hold(context.connect(side, &database.name).await?).await;
    let (new, old) = try_join!(hold(Side::New), hold(Side::Old))?;
    let chunks = chunks(&database, clock, context, old.session(), new.session()).await?;
    let shared = Arc::new(Shared {
        context: context.clone(),
        paths: DatabaseLayout::new(&database.name),
        clock: clock.clone(),
        snapshots: Sided { old, new },
        database: database.clone(),
    });
    let found = workers::gather(context.jobs, chunks, move |queue| worker(Arc::clone(&shared), queue)).await?;
    let mut failures = Vec::new();
    for (chunk, found) in found.into_iter().flatten() {
        match (chunk.of(), found) {
            (Of::Table(table), Ok(found)) => {
                database.tables[table].candidates.extend(found.candidates);
                database.tables[table].absent.extend(found.absent);
            }
            (Of::Table(table), Err(reason)) => failures.push((table, reason)),
            (Of::NewOnly(table), Ok(found)) => database.new_only[table].rows.extend(found.candidates),
            (Of::NewOnly(table), Err(reason)) => {
                let name = database.new_only[table].name.clone();
                return Err(Error::new(ErrorKind::Malformed, "stage a table that OLD lacks").at(name).because(reason));
            }
        }
    }
    table_failure::leave_out(&mut database, failures);
    for table in &mut database.tables {
        table.candidates.sort_by(|left, right| left.file.path.cmp(&right.file.path));
        table.unplaced = count_unplaced(context, table).place(|| &table.name)?;
    }
    for table in &mut database.new_only {
        table.rows.sort_by(|left, right| left.file.path.cmp(&right.file.path));
    }
    Ok(database)
}

/// A worker's two connections, both inside their server's snapshot.
struct Pair {
    old: Transaction,
    new: Transaction,
}

impl Pair {
    async fn open(shared: &Shared) -> Result<Self> {
        let (context, database) = (&shared.context, &shared.database.name);
        let join = |side| context.join(side, database, shared.snapshots.get(side));
        let (old, new) = try_join!(join(Side::Old), join(Side::New))?;
        Ok(Self { old, new })
    }
}

/// Works until no chunk is left; gives what each chunk found, or why its table cannot be carried.
async fn worker(shared: Arc<Shared>, queue: Arc<Queue<Chunk>>) -> Result<Vec<(Chunk, Result<Found, String>)>> {
    let shared = shared.as_ref();
    let mut pair = Pair::open(shared).await?;
    let mut done = Vec::new();
    loop {
        let Some(mut chunk) = queue.take() else { return Ok(done) };
        let (_, name, _) = shared.table(chunk.of());
        let mut tries = 1;
        let found = loop {
            match work(shared, &pair, &chunk).await {
                Ok(found) => break Ok(found),
                // The snapshot outlives a worker's connection: the same chunk gives the same rows again.
                Err(error) if error.kind() == ErrorKind::Connect && tries < TRIES => {
                    tries += 1;
                    pair = reopen(shared, error).await.place(|| name)?;
                }
                Err(error) if table_failure::is_of_the_table(&error) => {
                    let sentence = table_failure::sentence(&error);
                    pair = reopen(shared, error).await.place(|| name)?;
                    // A server may be unable to hash what it can send; and if not, rows that are sent show which one it is.
                    match &mut chunk.task {
                        Task::Compare { depth, .. } if *depth == Depth::Hashes => *depth = Depth::Rows,
                        _ => break Err(sentence),
                    }
                }
                Err(error) => return Err(error.at(name)),
            }
        };
        done.push((chunk, found));
    }
}

/// Opens the connections again, if both snapshots still live; else gives back what broke them.
async fn reopen(shared: &Shared, broken: Error) -> Result<Pair> {
    for snapshot in shared.snapshots.as_ref() {
        if snapshot.check().await.is_err() {
            return Err(broken.next("the snapshot is lost with the server's connection: make a new run with `failback export`"));
        }
    }
    shared.context.tell(Event::Note(format!("the connections are opened again: {broken}")));
    Pair::open(shared).await.map_err(|_| broken)
}

async fn work(shared: &Shared, pair: &Pair, chunk: &Chunk) -> Result<Found> {
    shared.context.stop.check()?;
    let (id, name, layout) = shared.table(chunk.of());
    let target = |sort, number| target(shared, (id, name), sort, number);
    match &chunk.task {
        Task::Rows { leaf, range, predicate, .. } => {
            let query = statement::rows(leaf, &statement::select_list(layout, Side::New, "t"), *range, predicate.as_deref());
            let segment = copy_rows(shared, &pair.new, (name, layout), &query, target(Staged::New, chunk.number)).await?;
            Ok(Found { candidates: segment.into_iter().collect(), absent: Vec::new() })
        }
        Task::Compare { table, range, depth } => {
            let table = &shared.database.tables[*table];
            let stamped = stamped_since(&shared.clock.since_literals(&table.times, &table.layout));
            let stamped = (*depth == Depth::Keys).then_some(stamped.as_str());
            let subject = Subject {
                context: &shared.context,
                database: &shared.database.name,
                record: table,
                range: *range,
                old: &pair.old,
                new: &pair.new,
            };
            let targets = (target(Staged::New, chunk.number), target(Staged::Absent, chunk.number));
            compare_table(subject, *depth, stamped, targets).await
        }
    }
}

/// Where a table's segment goes, and what it says of itself.
fn target(shared: &Shared, (id, name): (TableId, &QualifiedName), sort: Staged, number: u32) -> Target {
    let metadata = vec![
        ("failback.database".to_owned(), shared.database.name.clone()),
        ("failback.table".to_owned(), name.sql()),
        ("failback.snapshot".to_owned(), shared.snapshots.new.id().to_owned()),
        ("failback.system_identifier".to_owned(), shared.database.new.system_identifier.clone().unwrap_or_default()),
    ];
    Target {
        store: shared.context.store.clone(),
        path: shared.paths.staged(id, sort, number),
        options: SegmentOptions { metadata, ..SegmentOptions::default() },
    }
}

/// Copies the rows of one query into one segment.
async fn copy_rows(
    shared: &Shared,
    new: &Session,
    (name, layout): (&QualifiedName, &RowLayout),
    query: &str,
    target: Target,
) -> Result<Option<Segment>> {
    let mut raw = RawRows::open(new, &copy_binary(query), layout.columns.len()).await?;
    let mut file = RawSegment::new(target, layout);
    let mut rows = RowBuffer::new(layout.columns.len());
    while raw.fill(&mut rows).await? {
        shared.context.stop.check()?;
        shared.context.tell_rows(&shared.database.name, name, rows.row_count() as u64, rows.byte_count() as u64);
        file.write(&rows)?;
    }
    file.finish()
}
