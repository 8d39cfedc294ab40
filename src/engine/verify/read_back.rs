//! Reading back: OLD's rows against those that the plan promised, and the foreign keys that the plan could have broken, shared
//! among workers. Everything is looked at under one snapshot of OLD. Memory: one batch of rows for each worker.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::BooleanArray;

use super::around::{Around, Broken};
use super::landed_rows::{LandedRows, LandedTable};
use super::report::Orphans;
use super::verified_table::VerifiedTable;
use super::written_since::Checked;
use crate::codec::BatchEncoder;
use crate::engine::plan::{Change, PlannedRowReader};
use crate::engine::rows::counterpart;
use crate::engine::rows::{Image, fetch, finding_names, key_texts};
use crate::engine::run::workers;
use crate::engine::run::{Context, Entry, Reporter, Servers, Work, tell_redefined};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::Side;
use crate::pg::{Session, Snapshot, Transaction};
use crate::policy::Action;
use crate::schema::ForeignKey;
use crate::staging::layout::TableId;
use crate::staging::{Chunk, DatabasePlan, DatabaseRecord, Segment, TablePlan, TableRecord, Task};
use crate::statement::{BY_ANY_JOIN, BY_INDEX, BY_PLACE, BY_PLAN, RowSource, doubled_keys, orphans_of_table};
use crate::store::Store;

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
///
/// `merge` is what OLD's ledger has of it: its transaction, and after an undo of a part the rows that stand; `landed` are the
/// tables whose rows may be looked for at their places; without it, nothing that the merge has written down is gone by.
pub(crate) async fn read_back(
    context: &Context,
    part: &DatabasePlan,
    record: &DatabaseRecord,
    (snapshot, merge, landed): (&Arc<Snapshot>, &Entry, Option<BTreeMap<TableId, LandedTable>>),
) -> Result<ReadBack> {
    let merged_in = &merge.written_in;
    let around = Around::of(part, record, snapshot.session(), landed.is_none()).await?;
    let mut chunks = keys(&part.name, &around);
    let written: Vec<_> = part.tables.iter().filter(|table| table.written_rows() > 0).collect();
    for plan in &written {
        // Copies of one row are counted together.
        let chunks_each = if record.table(plan.id)?.key.is_whole_row() { 1 } else { CHUNKS_EACH * context.limits().jobs() };
        chunks.extend(rows(&part.name, plan, chunks_each));
    }
    let work = ReadBackWork {
        servers: context.servers().clone(),
        store: context.shared_store(),
        plan: part.clone(),
        record: record.clone(),
        snapshot: Arc::clone(snapshot),
        merge: merge.clone(),
        landed: landed.unwrap_or_default(),
        around: around.clone(),
    };
    let found = workers::run(context.reporter(), context.limits().jobs(), chunks, work).await?;
    let (mut by_table, mut orphans) = (BTreeMap::<TableId, Checked>::new(), Vec::new());
    for (chunk, found) in found {
        match found {
            Found::Rows(rows) => by_table.entry(chunk.table).or_default().extend(rows),
            Found::Orphans(found) => orphans.extend(found),
        }
    }
    let (mut tables, mut broken) = (Vec::new(), Broken::new());
    for plan in written {
        let mut found = by_table.remove(&plan.id).unwrap_or_default();
        broken.append(&mut found.broken_keys);
        let known = record.table(plan.id)?;
        let source = RowSource::of(&known.old, &known.key, Side::Old);
        found.settle(snapshot.session(), source, merged_in).await.place(|| &plan.name)?;
        tables.push(verified(&part.name, plan, found));
    }
    // A key that does not hold is rare, and then all children without a parent are counted.
    for key in broken.iter().filter_map(|known| around.key(known)) {
        orphans.extend(self::orphans(snapshot.session(), &part.name, key).await?);
    }
    orphans.sort_by(|left, right| left.constraint.cmp(&right.constraint));
    Ok(ReadBack { tables, orphans })
}

fn verified(database: &str, plan: &TablePlan, found: Checked) -> VerifiedTable {
    VerifiedTable {
        database: database.to_owned(),
        table: plan.name.to_string(),
        checked: found.rows,
        by_place: found.by_place,
        mismatched: found.mismatched.count,
        written_since: found.written_since.count,
        mismatched_keys: found.mismatched.keys,
        written_since_keys: found.written_since.keys,
    }
}

/// What a chunk led to.
enum Found {
    Rows(Checked),
    /// Children without a parent, if there are any.
    Orphans(Option<Orphans>),
}

/// Lists the foreign keys that are looked at as a whole.
fn keys(database: &str, around: &Around) -> Vec<Chunk> {
    let chunk = |(number, (table, key)): (u32, &(TableId, ForeignKey))| Chunk {
        database: database.to_owned(),
        table: *table,
        number,
        // What a key takes is not known, so it comes before all rows.
        weight: u64::MAX,
        task: Task::CheckForeignKey { key: Box::new(key.clone()) },
    };
    (1..).zip(&around.whole).map(chunk).collect()
}

/// Cuts a table's files into so many chunks, if it has as many files.
fn rows(database: &str, plan: &TablePlan, chunks: usize) -> Vec<Chunk> {
    let each = plan.diff.len().div_ceil(chunks.max(1)).max(1);
    let chunk = |(number, files): (u32, &[Segment])| Chunk {
        database: database.to_owned(),
        table: plan.id,
        number,
        weight: files.iter().map(|segment| segment.rows).sum(),
        task: Task::ReadBack { segments: files.iter().map(|segment| segment.file.path.clone()).collect() },
    };
    (1..).zip(plan.diff.chunks(each)).map(chunk).collect()
}

/// What is known of one database while its chunks are done.
struct ReadBackWork {
    servers: Servers,
    store: Arc<dyn Store>,
    plan: DatabasePlan,
    record: DatabaseRecord,
    snapshot: Arc<Snapshot>,
    /// What OLD's ledger has of the merge.
    merge: Entry,
    landed: BTreeMap<TableId, LandedTable>,
    around: Around,
}

impl Work for ReadBackWork {
    type State = Transaction;
    type Found = Found;
    const AFTER_LOSS: &'static str = "run `failback verify` again";

    async fn open(&self) -> Result<Transaction> {
        self.servers.join(Side::Old, &self.plan.name, &self.snapshot).await
    }

    async fn perform(&self, reporter: &Reporter, old: &Transaction, chunk: &Chunk) -> Result<Found> {
        let read = match &chunk.task {
            Task::CheckForeignKey { key } => {
                finding_names(old, true, orphans(old, &self.plan.name, key)).await.map(Found::Orphans)
            }
            Task::ReadBack { segments } => {
                let plan = self.plan.table(chunk.table)?;
                let part = Part { plan, record: self.record.table(chunk.table)?, segments: positions(plan, segments)? };
                finding_names(old, part.record.old.inlines(), self.compare(reporter, old, &part)).await.map(Found::Rows)
            }
            other => Err(other.unexpected("verify")),
        };
        read.map_err(|error| tell_redefined(error, "run `failback verify` again once OLD has the table as the merge found it"))
    }

    fn place(&self, chunk: &Chunk) -> String {
        self.plan.table(chunk.table).map_or_else(|_| chunk.table.to_string(), |table| table.name.to_string())
    }

    fn rows(found: &Found) -> u64 {
        match found {
            Found::Rows(rows) => rows.rows,
            Found::Orphans(orphans) => orphans.as_ref().map_or(0, |orphans| orphans.rows),
        }
    }

    async fn check_snapshots(&self) -> Result<()> {
        self.snapshot.check().await
    }
}

/// What is read back of one table in one go.
struct Part<'a> {
    plan: &'a TablePlan,
    record: &'a TableRecord,
    /// Which of the plan's files.
    segments: Range<usize>,
}

/// Finds files, one behind the other, among those of a plan.
fn positions(plan: &TablePlan, paths: &[String]) -> Result<Range<usize>> {
    let is_at =
        |at: usize| plan.diff[at..].iter().zip(paths).filter(|(file, path)| file.file.path == **path).count() == paths.len();
    let from = (0..plan.diff.len()).find(|at| is_at(*at));
    let unknown = || Error::new(ErrorKind::Damaged, "read the plan").because("it does not list the files to read back");
    from.map(|from| from..from + paths.len()).ok_or_else(unknown)
}

/// Finds the positions of keys that are there more than once, where no index keeps them unique.
async fn doubled(old: &Session, record: &TableRecord, source: RowSource<'_>, keys: &[Vec<String>]) -> Result<Vec<usize>> {
    if record.key.is_whole_row() || record.key.is_kept_unique(&record.old) {
        return Ok(Vec::new());
    }
    let malformed = |_| Error::new(ErrorKind::Malformed, "look for doubled keys").because("a position below zero");
    let rows = old.query(&doubled_keys(source, keys), &[]).await?;
    rows.iter().map(|row| usize::try_from(row.get::<_, i64>(0)).map_err(malformed)).collect()
}

/// Counts the children that have no parent.
async fn orphans(old: &Session, database: &str, key: &ForeignKey) -> Result<Option<Orphans>> {
    let found = old.query(&orphans_of_table(key), &[]).await.place(|| &key.name)?;
    let rows = found.first().map_or(0, |row| u64::try_from(row.get::<_, i64>(0)).unwrap_or(0));
    let (constraint, table) = (key.name.to_string(), key.child.to_string());
    Ok((rows > 0).then(|| Orphans { database: database.to_owned(), constraint, table, rows }))
}

impl ReadBackWork {
    /// Compares the rows of a chunk with what the plan promised: at their places first, and by their keys what is not found
    /// there.
    async fn compare(&self, reporter: &Reporter, old: &Session, part: &Part<'_>) -> Result<Checked> {
        let Part { plan, record, segments } = part;
        let mut reader = PlannedRowReader::open_part(self.store.as_ref(), plan, segments.clone(), BATCH_ROWS)?;
        let mut landed = match self.landed.get(&plan.id) {
            Some(table) => {
                let before = plan.diff[..segments.start].iter().map(|segment| segment.rows).sum();
                old.execute_all(BY_PLACE).await?;
                old.execute_all(BY_INDEX).await?;
                Some(LandedRows::open(self.store.as_ref(), old, (table, record), before).await?)
            }
            None => None,
        };
        let mut found = Checked::default();
        let mut first = plan.diff[..segments.start]
            .iter()
            .map(|segment| usize::try_from(segment.rows).unwrap_or(usize::MAX))
            .sum::<usize>();
        while let Some(changes) = reader.next()? {
            reporter.check_stop()?;
            let stands = |row: usize| self.merge.has_before_it(plan.id, first + row);
            let places = landed.as_mut().map(|landed| landed.take(changes.actions.len())).transpose()?;
            // Rows that are there afterwards are looked up by NEW's key, deleted ones by OLD's.
            for deletes in [false, true] {
                let is_wanted =
                    |(row, action): (usize, &Action)| Some(action.writes() && action.brings_new() != deletes && stands(row));
                let wanted: BooleanArray = changes.actions.iter().enumerate().map(is_wanted).collect();
                if wanted.true_count() == 0 {
                    continue;
                }
                let mut change = changes.change(&record.layout)?.select(&wanted)?;
                if let (Some(landed), Some(places), false) = (&landed, &places, deletes) {
                    let (proven, at) = landed.found(old, &change, (places, &wanted)).await?;
                    self.around.look_at(old, plan.id, &at, &mut found.broken_keys).await?;
                    found.by_place += proven.iter().filter(|proven| **proven).count() as u64;
                    change = change.select(&proven.into_iter().map(|proven| Some(!proven)).collect())?;
                }
                self.compare_by_key(old, part, (change, deletes), &mut found).await?;
                found.rows += wanted.true_count() as u64;
                reporter.tell_rows(&self.plan.name, &record.name, wanted.true_count() as u64, 0);
            }
            first += changes.actions.len();
        }
        if landed.is_some() {
            old.execute_all(BY_PLAN).await?;
            old.execute_all(BY_ANY_JOIN).await?;
        }
        Ok(found)
    }

    /// Compares rows that are looked for by their keys; `deletes` says that they were to go.
    async fn compare_by_key(
        &self,
        old: &Session,
        part: &Part<'_>,
        (mut change, deletes): (Change<Image>, bool),
        found: &mut Checked,
    ) -> Result<()> {
        let record = part.record;
        let source = RowSource::of(&record.old, &record.key, Side::Old);
        let by = if deletes { &change.before } else { &change.after };
        let rows = by.rows.num_rows();
        if rows == 0 {
            return Ok(());
        }
        let keys = counterpart::key_positions(&record.layout, &record.key.names())?;
        let mut texts = key_texts(&BatchEncoder::new(&record.layout), &by.rows, &keys)?;
        self.around.look_under(old, (part.plan.id, source), (&texts, deletes), &mut found.broken_keys).await?;
        let doubled = doubled(old, record, source, &texts).await?;
        if !doubled.is_empty() {
            found.add_doubled(&texts, &doubled);
            let single: Vec<_> = (0..rows).map(|row| doubled.binary_search(&row).is_err()).collect();
            change = change.select(&BooleanArray::from(single.clone()))?;
            for values in &mut texts {
                let mut single = single.iter();
                values.retain(|_| single.next() == Some(&true));
            }
        }
        if record.key.is_whole_row() && !deletes {
            found.count_own(old, source, &self.merge.written_in, &texts).await?;
        }
        if texts.first().is_some_and(|values| !values.is_empty()) {
            let broken = change.broken(&fetch(old, source, &record.layout, &texts).await?, &record.layout)?;
            found.tell_apart(old, source, (&self.merge.written_in, deletes), (&texts, &broken)).await?;
        }
        Ok(())
    }
}
