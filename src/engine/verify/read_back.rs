//! Reading back: OLD's rows against those that the plan promised, and the foreign keys that the plan could have broken, shared
//! among workers. Everything is looked at under one snapshot of OLD. Memory: one batch of rows for each worker.

use super::report::Orphans;
use super::report::VerifiedTable;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::BooleanArray;

use crate::catalog;
use crate::codec::BatchEncoder;
use crate::engine::plan::PlannedRowReader;
use crate::engine::rows::counterpart;
use crate::engine::rows::{fetch, key_texts};
use crate::engine::run::workers;
use crate::engine::run::{Context, Queue};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{QualifiedName, Side};
use crate::pg::{Session, Snapshot};
use crate::policy::Action;
use crate::schema::ForeignKey;
use crate::staging::{DatabasePlan, DatabaseRecord, TablePlan, TableRecord};
use crate::statement::{RowSource, orphans_of_table};

/// How many rows of a plan are read back at a time.
const BATCH_ROWS: usize = 1024;

/// How many chunks each worker gets of a table, if it has as many files.
const CHUNKS_EACH: usize = 4;

/// What was found in one database.
pub(crate) struct ReadBack {
    /// One a table that was written.
    pub(crate) tables: Vec<VerifiedTable>,
    /// Those keys that do not hold.
    pub(crate) orphans: Vec<Orphans>,
}

/// Reads back every row that was written, and looks for children without a parent.
pub(crate) async fn read_back(
    context: &Context,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    snapshot: &Arc<Snapshot>,
) -> Result<ReadBack> {
    let mut chunks = keys(part, snapshot.session()).await?;
    let written: Vec<_> = part.tables.iter().filter(|table| table.written_rows() > 0).collect();
    for (table, plan) in written.iter().enumerate() {
        chunks.extend(rows(table, plan, record, context.jobs)?);
    }
    // The longest first, so that workers end together; what a key takes is not known.
    chunks.sort_by_key(|chunk| std::cmp::Reverse(chunk.weight()));
    let shared = Arc::new(Shared { context: context.clone(), database: part.name.clone(), snapshot: Arc::clone(snapshot) });
    let found = workers::gather(context.jobs, chunks, move |queue| worker(Arc::clone(&shared), queue)).await?;
    let (mut counts, mut orphans) = (BTreeMap::<usize, (u64, u64)>::new(), Vec::new());
    for found in found.into_iter().flatten() {
        match found {
            Found::Rows { table, checked, mismatched } => {
                let count = counts.entry(table).or_default();
                *count = (count.0 + checked, count.1 + mismatched);
            }
            Found::Orphans(found) => orphans.push(found),
        }
    }
    orphans.sort_by(|left, right| left.constraint.cmp(&right.constraint));
    let verified = |(table, (checked, mismatched)): (usize, (u64, u64))| VerifiedTable {
        database: part.name.clone(),
        table: written[table].name.to_string(),
        checked,
        mismatched,
    };
    Ok(ReadBack { tables: counts.into_iter().map(verified).collect(), orphans })
}

/// What the workers of one database share.
struct Shared {
    context: Context,
    database: String,
    snapshot: Arc<Snapshot>,
}

enum Chunk {
    /// Some of a table's files.
    Rows(Box<Part>),
    /// A foreign key, over the whole of its child table.
    Key(Box<ForeignKey>),
}

/// What is read back of one table in one go.
struct Part {
    /// Which of the tables that were written.
    table: usize,
    plan: TablePlan,
    record: TableRecord,
    segments: Range<usize>,
}

impl Chunk {
    /// Rows to read; a key comes before all of them.
    fn weight(&self) -> u64 {
        match self {
            Self::Key(_) => u64::MAX,
            Self::Rows(part) => part.plan.diff[part.segments.clone()].iter().map(|segment| segment.rows).sum(),
        }
    }
}

enum Found {
    Rows { table: usize, checked: u64, mismatched: u64 },
    Orphans(Orphans),
}

/// Lists the foreign keys whose children were written, or whose parents went.
async fn keys(part: &DatabasePlan, old: &Session) -> Result<Vec<Chunk>> {
    let any = |name: &QualifiedName, is_meant: fn(&TablePlan) -> bool| {
        part.tables.iter().any(|table| table.name == *name && is_meant(table))
    };
    let loses = |table: &TablePlan| table.actions.sum_of(Action::takes_old) > 0;
    let keys = catalog::foreign_keys(old.client()).await?.into_iter();
    let asked =
        keys.filter(|key| key.validated && (any(&key.child, |table| table.written_rows() > 0) || any(&key.parent, loses)));
    Ok(asked.map(Box::new).map(Chunk::Key).collect())
}

/// Cuts a table's files into chunks.
fn rows(table: usize, plan: &TablePlan, record: &DatabaseRecord, jobs: usize) -> Result<Vec<Chunk>> {
    let known = record.tables.iter().find(|known| known.id == plan.id).ok_or_else(|| {
        Error::new(ErrorKind::Damaged, "read the manifest").at(&plan.name).because("it does not know a table of the plan")
    })?;
    let files = plan.diff.len();
    let each = files.div_ceil(jobs.max(1) * CHUNKS_EACH).max(1);
    let part = |from| {
        let segments = from..files.min(from + each);
        Chunk::Rows(Box::new(Part { table, plan: plan.clone(), record: known.clone(), segments }))
    };
    Ok((0..files).step_by(each).map(part).collect())
}

/// Looks at one chunk after the other until none is left.
async fn worker(shared: Arc<Shared>, queue: Arc<Queue<Chunk>>) -> Result<Vec<Found>> {
    let Shared { context, database, snapshot } = shared.as_ref();
    let old = context.join(Side::Old, database, snapshot).await?;
    let mut found = Vec::new();
    while let Some(chunk) = queue.take() {
        match chunk {
            Chunk::Key(key) => found.extend(orphans(&old, database, &key).await?.map(Found::Orphans)),
            Chunk::Rows(part) => {
                let read = compare(context, &old, database, &part).await;
                let (checked, mismatched) = read.place(|| &part.plan.name)?;
                found.push(Found::Rows { table: part.table, checked, mismatched });
            }
        }
    }
    Ok(found)
}

/// Counts the children that have no parent.
async fn orphans(old: &Session, database: &str, key: &ForeignKey) -> Result<Option<Orphans>> {
    let found = old.query(&orphans_of_table(key), &[]).await.place(|| &key.name)?;
    let rows = found.first().map_or(0, |row| u64::try_from(row.get::<_, i64>(0)).unwrap_or(0));
    let (constraint, table) = (key.name.to_string(), key.child.to_string());
    Ok((rows > 0).then(|| Orphans { database: database.to_owned(), constraint, table, rows }))
}

/// Compares the rows of a chunk with what the plan promised; gives how many were read, and how many are something else.
async fn compare(context: &Context, old: &Session, database: &str, part: &Part) -> Result<(u64, u64)> {
    let Part { plan, record, segments, .. } = part;
    let source = RowSource::of(&record.old, &record.key, Side::Old);
    let encoder = BatchEncoder::new(&record.layout);
    let keys = counterpart::key_positions(&record.layout, &record.key.names())?;
    let mut reader = PlannedRowReader::open_part(context.store(), plan, segments.clone(), BATCH_ROWS)?;
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
            let change = changes.change(&record.layout)?.select(&wanted)?;
            let by = if deletes { &change.before } else { &change.after };
            let found = fetch(old, source, &record.layout, &key_texts(&encoder, &by.rows, &keys)?).await?;
            checked += wanted.true_count() as u64;
            mismatched += change.count_broken(&found, &record.layout)?;
            context.tell_rows(database, &record.name, wanted.true_count() as u64, 0);
        }
    }
    Ok((checked, mismatched))
}
