//! Export: NEW's candidate rows, and the keys that NEW lacks, under one snapshot a server, into checksummed files.
//!
//! Every table becomes one or several chunks of work; workers with a connection each take them, the largest first. The
//! manifest is written when all of them are done, so a run that was interrupted has none and can simply be made again.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::try_join;
use tracing::Instrument as _;

use super::base_rows::BaseRows;
use super::baseline_rows;
use super::chunks::{Cutting, chunks};
use super::described::Described;
use super::key_walk::{Found, compare_table};
use super::looked::Looked;
use super::quiescence::{self, Moment};
use super::report::{ExportReport, report};
use super::stamped::{StampTally, TableStamps, stamp_notes};
use super::subject::Subject;
use super::table_failure;
use super::unplaced::count_unplaced;
use crate::codec::RowLayout;
use crate::engine::evidence::{BASE, Clock, young};
use crate::engine::rows::{RawRows, RawSegment, Target, finding_names};
use crate::engine::run::{Context, Event, Failed, Reporter, Servers, Work, expect_unrewritten, tell_redefined};
use crate::engine::run::{read_step, spans, workers};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{QualifiedName, Side, Sided};
use crate::pg::{Session, Snapshot, Transaction};
use crate::schema::Method;
use crate::staging::layout::{self, DatabaseLayout, Staged, TableId};
use crate::staging::{
    Chunk, DatabaseRecord, Depth, FORMAT_VERSION, JournalRecord, Manifest, RunId, RunRecord, SegmentOptions, TableRecord, Task,
};
use crate::statement::{self, copy_binary, stamped_since};
use crate::store::Store;
use crate::wire::RowBuffer;

/// Exports every database into the run, which must not hold an export yet.
///
/// # Errors
/// `Refused` where the run already has a manifest; whatever connecting, reading and staging can give. OLD is only read.
pub async fn export(context: &Context) -> Result<ExportReport> {
    read_step(context, export_all).instrument(spans::step(context, "export")).await
}

async fn export_all(context: &Context) -> Result<ExportReport> {
    if context.store().exists(layout::MANIFEST)? {
        return Err(Error::new(ErrorKind::Refused, "export into the run")
            .at(context.run())
            .because("the run already holds an export")
            .next("leave --run out to make a new run, or go on with `failback diff`"));
    }
    let run = RunRecord::make(context.store(), RunId::fresh())?;
    let cutover = context.selection().cutover()?;
    cutover.check(Timestamp::now().as_microsecond())?;
    let overlap_us = context.selection().overlap_us();
    let zone = context.selection().zone();
    let clock = Clock::new(cutover.micros(), overlap_us, &zone)?;
    let (databases, stamped, unasked) = export_databases(context, &clock).await?;
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        run_blake3: run.own_blake3().to_owned(),
        run_id: run.into_content().id,
        made_at: Timestamp::now().to_string(),
        cutover: cutover.text().to_owned(),
        cutover_us: cutover.micros(),
        overlap_us,
        zone: zone.name().to_owned(),
        databases,
    };
    let manifest_blake3 = manifest.write(context.store())?;
    let notes = unasked.into_iter().chain(stamp_notes(&manifest.databases, &stamped)).collect();
    let report = report(context.run(), &manifest, notes);
    JournalRecord::Exported { manifest_blake3, rows: report.rows }.append(context.store())?;
    context.reporter().tell(Event::Ended { step: "export" });
    Ok(report)
}

/// Exports the databases in turn, each with what its tables' stamps say; notes tell where could not be asked who writes.
async fn export_databases(context: &Context, clock: &Clock) -> Result<(Vec<DatabaseRecord>, Vec<TableStamps>, Vec<String>)> {
    let Looked { names, sources, mut first } = Looked::at(context).await?;
    let (mut databases, mut stamped, mut moments) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        let work = async {
            let described = match first.take() {
                Some(described) => described,
                None => Box::pin(Described::hold(context, &name, &sources, &mut Vec::new())).await?,
            };
            Box::pin(export_database(context, clock, described)).await
        };
        let (record, found, began) = work.instrument(spans::database(&name)).await.place(|| format!("database {name}"))?;
        databases.push(record);
        stamped.push(found);
        moments.push(began);
    }
    let unasked = quiescence::look_back(context, &mut databases, &moments).await;
    Ok((databases, stamped, unasked))
}

async fn export_database(
    context: &Context,
    clock: &Clock,
    described: Described,
) -> Result<(DatabaseRecord, TableStamps, Moment)> {
    let young = match described.record.horizons() {
        Some(known) => Some(young(described.sessions().new, known.new.horizon).await?),
        None => None,
    };
    let cutting = Cutting { clock, young: young.as_deref(), sums_first: context.selection().sums_first() };
    let chunks = chunks(&described.record, cutting, context.limits(), described.sessions()).await?;
    let Described { record: mut database, snapshots, base, began } = described;
    let work = ExportWork {
        servers: context.servers().clone(),
        store: context.shared_store(),
        sums_first: context.selection().sums_first(),
        paths: DatabaseLayout::new(&database.name),
        clock: clock.clone(),
        young,
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
    for table in &mut database.tables {
        table.candidates.sort_by(|left, right| left.file.path.cmp(&right.file.path));
        table.unplaced = count_unplaced(context.store(), context.reporter(), table).place(|| &table.name)?;
    }
    for table in &mut database.new_only {
        table.rows.sort_by(|left, right| left.file.path.cmp(&right.file.path));
    }
    Ok((database, stamped, began))
}

/// What is known of one database while its chunks are done.
struct ExportWork {
    servers: Servers,
    store: Arc<dyn Store>,
    sums_first: bool,
    database: DatabaseRecord,
    paths: DatabaseLayout,
    clock: Clock,
    /// The predicate for rows of NEW that may have been written since the cutover.
    young: Option<String>,
    snapshots: Sided<Snapshot>,
    base: Option<Snapshot>,
}

/// A worker's connections, each inside its server's snapshot.
struct Pair {
    old: Transaction,
    new: Transaction,
    base: Option<Transaction>,
}

impl Work for ExportWork {
    type State = Pair;
    /// What was found, or why the table cannot be carried.
    type Found = Result<Found, String>;
    const AFTER_LOSS: &'static str = "make a new run with `failback export`";

    async fn open(&self) -> Result<Pair> {
        let join = |side| self.servers.join(side, &self.database.name, self.snapshots.get(side));
        let base = self.servers.join_base(&self.database.name, self.base.as_ref());
        let (old, new, base) = try_join!(join(Side::Old), join(Side::New), base)?;
        Ok(Pair { old, new, base })
    }

    async fn perform(&self, reporter: &Reporter, pair: &Pair, chunk: &Chunk) -> Result<Self::Found> {
        let mut found = match self.read(reporter, pair, chunk).await {
            Ok(found) => found,
            Err(error) => {
                // What was rewritten meanwhile may have other types: no fault of the table's own values.
                if table_failure::is_of_the_table(&error) {
                    self.expect_unrewritten(self.snapshots.as_ref().map(Snapshot::session), chunk).await?;
                }
                return Err(tell_redefined(error, Self::AFTER_LOSS));
            }
        };
        if let (Ok(found), Ok(Method::Xid)) = (&mut found, self.database.table(chunk.table).map(|table| table.method)) {
            // Those that may have been written are copied; a walk fetches only what was not.
            let young = matches!(chunk.task, Task::CopyRows { .. });
            found.candidates.iter_mut().for_each(|segment| segment.young = Some(young));
        }
        self.expect_unrewritten(Sided { old: &pair.old, new: &pair.new }, chunk).await?;
        if let (Ok(found), Some(base), Ok(table)) = (&mut found, &pair.base, self.database.table(chunk.table)) {
            self.stage_base(reporter, base, (chunk, table), found).await.place(|| BASE)?;
        }
        Ok(found)
    }

    fn rows(found: &Self::Found) -> u64 {
        let segments = found.iter().flat_map(|found| found.candidates.iter().chain(&found.absent));
        segments.map(|segment| segment.rows).sum()
    }

    fn place(&self, chunk: &Chunk) -> String {
        self.table(chunk.table).map_or_else(|_| chunk.table.to_string(), |(name, _)| name.to_string())
    }

    async fn check_snapshots(&self) -> Result<()> {
        for snapshot in self.snapshots.as_ref().into_iter().chain(&self.base) {
            snapshot.check().await?;
        }
        Ok(())
    }

    fn failed(&self, chunk: &Chunk, error: Error) -> Failed<Self::Found> {
        if !table_failure::is_of_the_table(&error) {
            return Failed::Stop(error);
        }
        // A server may be unable to hash what it can send; and if not, rows that are sent show which one it is.
        match chunk.task {
            Task::WalkKeys { range, depth: Depth::Hashes } => {
                let task = Task::WalkKeys { range, depth: Depth::Rows };
                Failed::Again(Box::new(Chunk { task, ..chunk.clone() }), error)
            }
            _ => Failed::Found(Err(table_failure::sentence(&error)), error),
        }
    }
}

impl ExportWork {
    /// Reads what a chunk asks for.
    async fn read(&self, reporter: &Reporter, pair: &Pair, chunk: &Chunk) -> Result<Result<Found, String>> {
        match &chunk.task {
            Task::CopyRows { leaf, range, predicate } => {
                let (name, layout) = self.table(chunk.table)?;
                let query =
                    statement::rows(leaf, &statement::select_list(layout, Side::New, "t"), *range, predicate.as_deref());
                let target = self.target(chunk, name, Staged::New);
                let leaves = self.database.tables.iter().flat_map(|table| &table.new.leaves);
                let mut leaves = leaves.chain(self.database.new_only.iter().flat_map(|table| &table.leaves));
                let inline = leaves.any(|one| one.name == *leaf && one.inlines);
                // Where keys are walked too, that counts the rows.
                let method = self.database.table(chunk.table).map(|table| table.method);
                let walked = matches!(method, Ok(Method::Timestamps | Method::Xid));
                let reporter = if walked { &reporter.untold() } else { reporter };
                let place = (self.database.name.as_str(), name);
                let tally = self.tally(chunk.table);
                let copying = copy_rows(reporter, place, (&pair.new, &query), layout, target, tally);
                finding_names(&pair.new, inline, copying).await.map(Ok)
            }
            Task::WalkKeys { range, depth } => {
                let table = self.database.table(chunk.table)?;
                let selected = self.selected(table);
                let selected = (*depth == Depth::Keys).then_some(selected.as_str());
                let subject = Subject {
                    reporter,
                    sums_first: self.sums_first,
                    database: &self.database.name,
                    record: table,
                    range: *range,
                    old: &pair.old,
                    new: &pair.new,
                    tally: &self.tally(chunk.table),
                };
                let target = |sort| self.target(chunk, &table.name, sort);
                let targets = (target(Staged::New), target(Staged::Absent));
                let walking = Box::pin(compare_table(subject, *depth, selected, targets));
                let walking = finding_names(&pair.new, table.new.inlines(), walking);
                finding_names(&pair.old, table.old.inlines(), walking).await.map(Ok)
            }
            other => Err(other.unexpected("export")),
        }
    }

    /// Stages BASE's rows for what a chunk found, where BASE says what the table's rows were.
    async fn stage_base(
        &self,
        reporter: &Reporter,
        base: &Transaction,
        (chunk, table): (&Chunk, &TableRecord),
        found: &mut Found,
    ) -> Result<()> {
        if !table.has_base() {
            return Ok(());
        }
        let (target, tally) = (self.target(chunk, &table.name, Staged::New), StampTally::new(table, &self.clock, None));
        BaseRows { reporter, base, table, target, tally }.stage(found).await
    }

    /// Expects that what was read of a table is what the snapshots show of it.
    async fn expect_unrewritten(&self, read: Sided<&Session>, chunk: &Chunk) -> Result<()> {
        let carried = self.database.tables.iter().find(|table| table.id == chunk.table);
        let on_new = carried.map_or_else(|| self.table(chunk.table).map(|(name, _)| name), |table| Ok(&table.new.name))?;
        expect_unrewritten(read.new, on_new, Self::AFTER_LOSS).await?;
        match (carried, &chunk.task) {
            (Some(table), Task::WalkKeys { .. }) => expect_unrewritten(read.old, &table.old.name, Self::AFTER_LOSS).await,
            _ => Ok(()),
        }
    }

    /// Finds a table among those that are carried and those that OLD lacks.
    fn table(&self, id: TableId) -> Result<(&QualifiedName, &RowLayout)> {
        match self.database.new_only.iter().find(|table| table.id == id) {
            Some(table) => Ok((&table.name, &table.layout)),
            None => self.database.table(id).map(|table| (&table.name, &table.layout)),
        }
    }

    /// The predicate for the rows of NEW that are copied whatever their keys.
    fn selected(&self, table: &TableRecord) -> String {
        match (table.method, &self.young) {
            (Method::Xid, Some(young)) => young.clone(),
            _ => stamped_since(&self.clock.since_literals(&table.times, &table.layout)),
        }
    }

    /// What counts a table's rows by their stamps. Those of a table that OLD lacks are no evidence.
    fn tally(&self, id: TableId) -> StampTally {
        let now_us = self.database.clocks.map(|clocks| clocks.new.server_us);
        let carried = self.database.table(id);
        carried.map_or_else(|_| StampTally::idle(), |table| StampTally::new(table, &self.clock, now_us))
    }

    /// Where a chunk's segment goes, and what it says of itself.
    fn target(&self, chunk: &Chunk, name: &QualifiedName, sort: Staged) -> Target {
        let metadata = vec![
            ("failback.database".to_owned(), self.database.name.clone()),
            ("failback.table".to_owned(), name.sql()),
            ("failback.snapshot".to_owned(), self.snapshots.new.id().to_owned()),
            ("failback.system_identifier".to_owned(), self.database.new.system_identifier.clone().unwrap_or_default()),
        ];
        Target {
            store: Arc::clone(&self.store),
            path: self.paths.staged(chunk.table, sort, chunk.number),
            options: SegmentOptions { metadata, ..SegmentOptions::default() },
        }
    }
}

/// Copies the rows of one query into one segment.
async fn copy_rows(
    reporter: &Reporter,
    (database, name): (&str, &QualifiedName),
    (new, query): (&Session, &str),
    layout: &RowLayout,
    target: Target,
    mut tally: StampTally,
) -> Result<Found> {
    let mut raw = RawRows::open(new, &copy_binary(query), layout.columns.len()).await?;
    let mut file = RawSegment::new(target, layout);
    let mut rows = RowBuffer::new(layout.columns.len());
    while raw.fill(&mut rows).await? {
        reporter.check_stop()?;
        reporter.tell_rows(database, name, rows.row_count() as u64, rows.byte_count() as u64);
        tally.add(&file.write(&rows)?);
    }
    Ok(Found { candidates: file.finish()?.into_iter().collect(), absent: Vec::new(), stamped: tally.found() })
}
