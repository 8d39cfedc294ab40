//! Diff: OLD's counterpart of every staged key, under one snapshot of OLD, and what both rows' history means.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tracing::Instrument as _;

use super::asked_ids::AskedIds;
use super::comparer::Comparer;
use super::found::Found;
use super::report::{DiffReport, report};
use super::staged::{chunks, staged};
use super::{ahead, brought, respelt};
use crate::delta::Evidence;
use crate::engine::evidence::{Clock, Stamps, WriteOrder, young};
use crate::engine::rows::counterpart::NOT_ASKED;
use crate::engine::rows::{Target, finding_names};
use crate::engine::run::ledger;
use crate::engine::run::{
    Brought, Context, Event, Ledger, OwnWrites, Reporter, Servers, Work, coverage, edited_since_export, expect_unrewritten,
    merged_databases, tell_redefined, write_views,
};
use crate::engine::run::{read_step, spans, workers};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{Side, Sided};
use crate::pg::{Snapshot, Transaction, is_old};
use crate::staging::layout::DatabaseLayout;
use crate::staging::{
    Chunk, DatabaseDiff, DatabaseRecord, DiffIndex, FORMAT_VERSION, JournalRecord, Manifest, ROW_PLACE, SegmentOptions,
    TableDiff, TableRecord, Task,
};
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
    let merged = merged_databases(context, &manifest).await.place(|| context.run())?;
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
    write_views(context.store(), &manifest, &index, None)?;
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
            Some(_) => OwnWrites::read(&Ledger::of(context), snapshot.session(), &database.new, database.horizon).await?,
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
        let (database, table) = (self.database.name.clone(), record.name.sql());
        let metadata = vec![("failback.database".to_owned(), database), ("failback.table".to_owned(), table)];
        let target = Target {
            store: Arc::clone(&self.store),
            path: self.paths.diff(record.id, chunk.number),
            options: SegmentOptions {
                metadata,
                dictionary_columns: ROW_PLACE.map(str::to_owned).to_vec(),
                ..SegmentOptions::default()
            },
        };
        let stamps = self.now_us.map(|now_us| Stamps::new(&record.layout, &record.times, &self.clock, now_us));
        let made_us = self.database.baseline_us.filter(|_| record.has_base());
        let late = made_us.map(|made_us| stamps.as_ref().map(|side| side.of_rows_since(&self.clock, made_us)));
        let stamps = (stamps, late, WriteOrder::of(record, &self.clock));
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
