//! Diff: OLD's counterpart of every staged key, under one snapshot of OLD, and what both rows' history means.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Array as _, BooleanArray, RecordBatch};
use jiff::Timestamp;
use tracing::Instrument as _;

use super::asked_ids::{AskedIds, Asks};
use super::base_rows::{AgainstBase, AtBase, BaseRows};
use super::copies::Copies;
use super::diff_row::{DiffRow, diff_batch, diff_schema};
use super::found::Found;
use super::log_facts::LogFacts;
use super::report::{DiffReport, report};
use super::staged::{Staged, chunks, staged};
use super::{ahead, brought, own_writes, respelt};
use crate::codec::{BatchEncoder, RowLayout};
use crate::delta::{self, Evidence, History, Logged, Witness, agreed, classify, logged, rested_on_log};
use crate::engine::evidence::{Clock, Stamps, WriteOrder, xid_witness, young};
use crate::engine::rows::counterpart::{self, NOT_ASKED, bounded};
use crate::engine::rows::{Image, KEYS_PER_STATEMENT, LazySegment, Target, finding_names, key_layout};
use crate::engine::run::ledger;
use crate::engine::run::{
    Brought, BroughtKeys, Context, Event, Ledger, OwnWrites, Reporter, Servers, Work, coverage, edited_since_export,
    expect_unrewritten, tell_redefined,
};
use crate::engine::run::{read_step, spans, workers};
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

/// Compares everything that was staged with OLD and writes the run's diff anew.
///
/// # Errors
/// `Refused` where OLD is not the server that the export saw, or the run is merged already; `Damaged` where a staged file is
/// not what the manifest says. OLD is only read.
pub async fn diff(context: &Context) -> Result<DiffReport> {
    read_step(context, diff_all).instrument(spans::step(context, "diff")).await
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
    let mut notes = edited_since_export(context.selection(), &manifest);
    for database in &manifest.databases {
        let mut standing = standing.iter().filter(|_| merged.contains(&database.name));
        if let Some(diff) = standing.find_map(|index| index.database(&database.name)) {
            context.reporter().tell(ledger::kept(&database.name));
            databases.push(diff.clone());
            continue;
        }
        let compared = diff_database(context, &clock, database).instrument(spans::database(&database.name)).await;
        let (diff, ahead) = compared.place(|| format!("database {}", database.name))?;
        notes.extend(ahead);
        databases.push(diff);
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
    Ok(report(context.run(), coverage(&manifest.databases), &index, notes))
}

/// Returns the database's diff, and what a person should know of its stamps and of what OLD remembers.
async fn diff_database(context: &Context, clock: &Clock, database: &DatabaseRecord) -> Result<(DatabaseDiff, Vec<String>)> {
    let held = context.servers().connect(Side::Old, &database.name).await?;
    let old = held.identity().await?;
    if !is_old(&old, &database.old, &database.new) {
        return Err(Error::new(ErrorKind::Refused, "compare with OLD")
            .because("OLD is not the server and database that the export saw")
            .next("check --old, or make a new run with `failback export`"));
    }
    let (grade, estimated) = (database.grades(), database.is_estimated());
    let database = &database.as_of(&old);
    let snapshot = Snapshot::hold(held).await?;
    let brought = Brought::read(&Ledger::of(context), snapshot.session(), &database.tables).await?;
    let mut notes = brought::notes(&brought, database);
    let work = DiffWork {
        brought,
        servers: context.servers().clone(),
        store: context.shared_store(),
        clock: clock.clone(),
        // A row that the snapshot shows was stamped before this.
        now_us: Sided {
            old: Some(snapshot.session().read_clock().await?.server_us),
            new: database.clocks.map(|clocks| clocks.new.server_us),
        },
        // Where no ids prove anything, a stamp of NEW's does not say that OLD's users left its row alone.
        own_writes: match database.horizons() {
            Some(_) => OwnWrites::read(&Ledger::of(context), snapshot.session(), &database.new).await?,
            None => OwnWrites::default(),
        },
        young: match database.horizons() {
            Some(known) => young(snapshot.session(), known.old.horizon).await?,
            None => NOT_ASKED.to_owned(),
        },
        grade,
        estimated,
        paths: DatabaseLayout::new(&database.name),
        database: database.clone(),
        snapshot,
    };
    let mut done = workers::run(context.reporter(), context.limits().jobs(), chunks(database), work).await?;
    done.sort_by_key(|(chunk, _)| (chunk.table, chunk.number));
    let nothing = |table: &TableRecord| TableDiff {
        id: table.id,
        name: table.name.clone(),
        segments: Vec::new(),
        counts: Counts::new(),
        evidence: BTreeMap::new(),
    };
    let mut tables: Vec<_> = database.tables.iter().map(nothing).collect();
    let (mut ahead, mut respelt) = (vec![Sided::<u64>::default(); tables.len()], vec![0; tables.len()]);
    for (chunk, found) in done {
        if let Some(position) = tables.iter().position(|table| table.id == chunk.table) {
            tables[position].segments.extend(found.segment);
            tables[position].counts += &found.counts;
            for (class, counts) in found.evidence {
                *tables[position].evidence.entry(class).or_default() += &counts;
            }
            ahead[position] = ahead[position].zip(found.ahead).map(|(before, found)| before + found);
            respelt[position] += found.respelt;
        }
    }
    notes.extend(tables.iter().zip(ahead).filter_map(|(table, ahead)| ahead::note(&database.name, table, ahead)));
    notes.extend(tables.iter().zip(respelt).filter_map(|(table, rows)| respelt::note(&database.name, table, rows)));
    Ok((DatabaseDiff { name: database.name.clone(), old, tables }, notes))
}

/// What is known of one database while its chunks are done.
struct DiffWork {
    servers: Servers,
    store: Arc<dyn Store>,
    clock: Clock,
    /// What each server's clock showed when its rows were read.
    now_us: Sided<Option<i64>>,
    /// The predicate for rows of OLD that may have been written since the cutover.
    young: String,
    /// What evidence that is, on each side.
    grade: Sided<Evidence>,
    /// Whether it is only estimated which transactions were over at the cutover.
    estimated: bool,
    database: DatabaseRecord,
    paths: DatabaseLayout,
    snapshot: Snapshot,
    /// What earlier merges brought to OLD.
    brought: Brought,
    /// The transactions in which they wrote.
    own_writes: OwnWrites,
}

/// What to do once OLD's definitions are no longer those that the export saw.
const NEW_RUN: &str = "make a new run with `failback export`";

impl Work for DiffWork {
    type State = Transaction;
    type Found = Found;
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
        let stamps = self.now_us.map(|now_us| Stamps::new(&record.layout, &record.times, &self.clock, now_us));
        let stamps = (stamps, WriteOrder::of(record, &self.clock));
        let memory = (self.brought.of(&record.old.name), self.own_writes.of(&record.old.name));
        let ids = AskedIds::of(record, self.estimated, &self.young, self.grade);
        let comparer = Comparer::new(stamps, record, (staged, segment), ids, memory)?;
        let comparing = comparer.run(reporter, &self.database.name, old, segment, target);
        let found = finding_names(old, record.old.inlines(), comparing).await.place(|| path);
        let found = found.map_err(|error| tell_redefined(error, NEW_RUN))?;
        expect_unrewritten(old, &record.old.name, Self::AFTER_LOSS).await?;
        Ok(found)
    }

    fn rows(found: &Found) -> u64 {
        found.counts.sum()
    }

    fn place(&self, chunk: &Chunk) -> String {
        self.database.table(chunk.table).map_or_else(|_| chunk.table.to_string(), |table| table.name.to_string())
    }

    async fn check_snapshots(&self) -> Result<()> {
        self.snapshot.check().await
    }
}

/// Compares one segment's keys with OLD.
struct Comparer<'a> {
    table: &'a TableRecord,
    staged: Staged,
    /// Whether the segment's rows may have been written since the mark.
    is_young: bool,
    ids: AskedIds<'a>,
    stamps: Sided<Stamps>,
    /// What the stamps tell of which side was written first.
    order: WriteOrder,
    /// Reads keys out of the segment's rows.
    encoder: BatchEncoder,
    key_columns: Vec<usize>,
    /// Keys of rows that earlier merges brought to OLD.
    brought: Option<&'a BroughtKeys>,
    /// The transactions in which they wrote to it.
    own_writes: &'a [i64],
}

impl<'a> Comparer<'a> {
    fn new(
        (stamps, order): (Sided<Stamps>, WriteOrder),
        table: &'a TableRecord,
        (staged, segment): (Staged, &Segment),
        ids: AskedIds<'a>,
        (brought, own_writes): (Option<&'a BroughtKeys>, &'a [i64]),
    ) -> Result<Self> {
        let keys = key_layout(&table.key);
        let layout: &RowLayout = if staged == Staged::Rows { &table.layout } else { &keys };
        Ok(Self {
            table,
            staged,
            // What was not asked may have been.
            is_young: segment.young != Some(false),
            ids,
            stamps,
            order,
            encoder: BatchEncoder::new(layout),
            key_columns: counterpart::key_positions(layout, &table.key.names())?,
            brought,
            own_writes: if ids.asks == Asks::Proof && table.detached.is_empty() { own_writes } else { &[] },
        })
    }

    async fn run(
        &self,
        reporter: &Reporter,
        database: &str,
        old: &Transaction,
        segment: &Segment,
        target: Target,
    ) -> Result<Found> {
        let schema = diff_schema(&self.table.layout);
        let staged = SegmentReader::open(target.store.as_ref(), segment, KEYS_PER_STATEMENT)?;
        let mut base_rows = BaseRows::open(target.store.as_ref(), segment)?;
        let mut log_facts = LogFacts::open(target.store.as_ref(), segment)?;
        let mut file = LazySegment::new(target, schema.clone());
        let mut found = Found::new();
        let source = RowSource::of(&self.table.old, &self.table.key, Side::Old);
        let mut copies = Copies::of(&self.table.key, self.staged);
        for batch in staged {
            for mut batch in bounded(&batch?) {
                reporter.check_stop()?;
                let staged_keys = counterpart::key_texts(&self.encoder, &batch, &self.key_columns)?;
                let mut keys = Cow::Borrowed(&staged_keys[..]);
                if let (Some(copies), [_, at]) = (&mut copies, &self.key_columns[..]) {
                    let (renumbered, numbers) = copies.renumber(old, source, (&batch, *at), &staged_keys).await?;
                    (batch, keys) = (renumbered, Cow::Owned(numbers));
                }
                let (counterparts, young) =
                    counterpart::fetch_known(old, source, &self.table.layout, self.ids.young, &keys).await?;
                let sides = self.sides(batch, counterparts);
                let mut take = |rows: &mut BaseRows| rows.take(keys.first().map_or(0, Vec::len), &self.table.layout);
                let base = base_rows.as_mut().map(&mut take).transpose()?;
                let facts = log_facts.as_mut().map(|log| log.take(keys.first().map_or(0, Vec::len))).transpose()?;
                let mut rows = self.judge(&sides, (base.as_ref(), facts.as_deref()), &young)?;
                let by_merges = (self.own_writes, self.is_young.then_some(self.ids.grade.new));
                own_writes::heed(old, source, by_merges, (&keys, &sides), &mut rows).await?;
                if let Some(known) = self.brought {
                    // What was brought is remembered by the numbers that NEW counts.
                    brought::heed(old, source, known, &staged_keys, &mut rows).await?;
                }
                found.add(&self.table.key, &rows);
                found.ahead = self.count_ahead(found.ahead, &sides);
                reporter.tell_rows(database, &self.table.name, rows.len() as u64, 0);
                file.write(&diff_batch(&schema, &sides, base.as_ref().and_then(AtBase::rows), &rows)?)?;
            }
        }
        Ok(Found { segment: file.finish()?, ..found })
    }

    fn sides(&self, batch: RecordBatch, old: Image) -> Sided<Image> {
        let new = match self.staged {
            Staged::Rows => Image::whole(batch),
            Staged::Keys => Image::nothing(&self.table.layout.arrow_schema(), batch.num_rows()),
        };
        Sided { old, new }
    }

    fn judge(
        &self,
        sides: &Sided<Image>,
        (base, facts): (Option<&AtBase>, Option<&[Logged]>),
        young: &BooleanArray,
    ) -> Result<Vec<DiffRow>> {
        let layout = &self.table.layout;
        let base = base.map(|base| AgainstBase::of(base, sides, (layout, &self.table.key))).transpose()?;
        let mut differences = delta::compare(&sides.old.rows, &sides.new.rows)
            .map_err(|error| Error::new(ErrorKind::Malformed, "compare OLD's and NEW's rows").because(error))?;
        // Two rows without a key are one by the digest of their text; what that leaves out (a NaN's sign) no statement finds.
        let is_alike = self.table.key.is_whole_row();
        differences.keep(|column| !is_alike && layout.columns[column].is_carried());
        let one = |row| {
            let there = sides.as_ref().map(|side| side.row(row));
            let stamped = there.zip(self.stamps.as_ref());
            let is_young = Sided { old: !young.is_valid(row) || young.value(row), new: self.is_young };
            let asked = is_young.zip(self.ids.grade);
            let mut witness =
                stamped.zip(asked).map(|((rows, stamps), asked)| rows.map(|rows| self.witness(stamps, rows, row, asked)));
            let is_hidden = there.new.is_none() && !self.table.detached.is_empty();
            // Without ids the log says nothing of OLD's row.
            let fact = facts.filter(|_| self.ids.asks == Asks::Proof && !is_hidden).map_or(Logged::Unknown, |facts| facts[row]);
            witness = logged(witness, fact);
            if is_hidden {
                // The row may live on in a partition that NEW detached: its stamps do not say that NEW deleted it.
                witness.old = witness.old.map(|_| Witness::silent());
            }
            let written = (self.ids.asks == Asks::Proof).then_some(is_young);
            // NEW's row is still that of the cutover: where BASE has another one, it was another one on NEW then.
            let is_as_then = there.new.is_some() && self.ids.grade.new.is_proof() && written.is_some_and(|side| !side.new);
            // Nor does BASE say that NEW deleted a row that may live on.
            let base = base.as_ref().filter(|_| !is_hidden && !is_as_then);
            let base = base.filter(|base| !base.gives_way(fact, there.new.is_some()));
            // One that was created since is no change of OLD's row, which a baseline had under its key.
            let is_anew = there.old.is_some() && witness.new.is_some_and(|new| new.history().existed == Some(false));
            let base = base.filter(|base| !(is_anew && base.is_baseline()));
            let base = base.and_then(|base| base.known(row, written));
            let names = |index: usize| layout.columns[index].name.as_str().to_owned();
            let verdict = classify(witness.old, witness.new, base, !differences.any(row));
            DiffRow {
                verdict: if base.is_none() { rested_on_log(verdict, fact, witness.new) } else { verdict },
                changed: there.old.and(there.new).map(|_| differences.columns(row).map(names).collect()),
                written_us: self.order.told(stamped.map(|(rows, stamps)| rows.and_then(|rows| stamps.written_us(rows, row)))),
            }
        };
        Ok((0..sides.new.rows.num_rows()).map(one).collect())
    }
}

impl Comparer<'_> {
    /// What is known of one side's row, the other side apart.
    fn witness(&self, stamps: &Stamps, rows: &RecordBatch, row: usize, (is_young, grade): (bool, Evidence)) -> Witness {
        let stamped = if self.table.stamps_prove { stamps.witness(rows, row) } else { Witness::silent() };
        match self.ids.asks {
            Asks::Nothing => return stamped,
            Asks::Agreement => return agreed(stamped, is_young, grade),
            Asks::Proof => {}
        }
        // That it was last written before the cutover is no longer to be believed where its id says otherwise.
        let is_believed = self.table.stamps_prove && !stamped.history().contradicts_itself();
        xid_witness(is_young, grade, if is_believed { stamps.creation(rows, row) } else { History::default() })
    }

    /// Adds the rows of each side that bear stamps of a time that has not come.
    fn count_ahead(&self, before: Sided<u64>, sides: &Sided<Image>) -> Sided<u64> {
        let rows = 0..sides.new.rows.num_rows();
        before.zip(sides.as_ref().zip(self.stamps.as_ref())).map(|(before, (side, stamps))| {
            let is_ahead = |row: &usize| side.row(*row).is_some_and(|rows| stamps.is_ahead(rows, *row));
            before + rows.clone().filter(is_ahead).count() as u64
        })
    }
}
