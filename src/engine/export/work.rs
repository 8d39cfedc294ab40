//! What an export does with one chunk: it copies rows of NEW, or walks through the keys of both sides.

use std::sync::Arc;

use tokio::try_join;

use super::base_rows::BaseRows;
use super::key_walk::{Found, compare_table};
use super::stamped::StampTally;
use super::subject::{Copied, Subject};
use super::table_failure;
use crate::codec::RowLayout;
use crate::engine::evidence::{BASE, ChangedBlocks, Clock, stamped_or_young};
use crate::engine::rows::{RawRows, RawSegment, Target, finding_names};
use crate::engine::run::{Failed, Reporter, Servers, Work, expect_unrewritten, tell_redefined};
use crate::error::{Error, Place as _, Result};
use crate::name::{QualifiedName, Side, Sided};
use crate::pg::{Session, Snapshot, Transaction};
use crate::schema::Method;
use crate::staging::layout::{DatabaseLayout, Staged, TableId};
use crate::staging::{Chunk, DatabaseRecord, Depth, SegmentOptions, TableRecord, Task};
use crate::statement::{self, copy_binary};
use crate::store::Store;
use crate::wire::RowBuffer;

/// What is known of one database while its chunks are done.
pub(crate) struct ExportWork {
    pub(crate) servers: Servers,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sums_first: bool,
    pub(crate) database: DatabaseRecord,
    pub(crate) paths: DatabaseLayout,
    pub(crate) clock: Clock,
    /// The predicate for rows of NEW that may have been written since the cutover.
    pub(crate) young: Option<String>,
    /// Whether that is only estimated.
    pub(crate) estimated: bool,
    /// Which blocks of NEW were changed since, where that is known.
    pub(crate) changed: Option<Arc<ChangedBlocks>>,
    pub(crate) snapshots: Sided<Snapshot>,
    pub(crate) base: Option<Snapshot>,
}

/// A worker's connections, each inside its server's snapshot.
pub(crate) struct Pair {
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
        let asks_ids = self.database.table(chunk.table).is_ok_and(|table| table.asks_ids(self.estimated));
        if let (Ok(found), true) = (&mut found, asks_ids) {
            // Those that may have been written are copied; a walk fetches only what was not. A row that is copied for its
            // stamps alone is taken for one that may have been.
            let young = !matches!(chunk.task, Task::WalkKeys { .. });
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
                let rows = |list: &str| statement::rows(leaf, list, *range, predicate.as_deref());
                self.copy(reporter, pair, chunk, leaf, rows).await.map(Ok)
            }
            Task::CopyBlocks { leaf, ranges, predicate } => {
                let rows = |list: &str| statement::rows_within(leaf, list, ranges, predicate);
                self.copy(reporter, pair, chunk, leaf, rows).await.map(Ok)
            }
            Task::WalkKeys { range, depth } => {
                let table = self.database.table(chunk.table)?;
                let copied = (*depth == Depth::Keys).then(|| self.copied(table));
                let subject = Subject {
                    reporter,
                    sums_first: self.sums_first,
                    database: &self.database.name,
                    record: table,
                    range: *range,
                    old: &pair.old,
                    new: &pair.new,
                    tally: &self.tally(chunk.table),
                    copied: copied.as_ref(),
                };
                let target = |sort| self.target(chunk, &table.name, sort);
                let targets = (target(Staged::New), target(Staged::Absent));
                let walking = Box::pin(compare_table(subject, *depth, targets));
                let walking = finding_names(&pair.new, table.new.inlines(), walking);
                finding_names(&pair.old, table.old.inlines(), walking).await.map(Ok)
            }
            other => Err(other.unexpected("export")),
        }
    }

    /// Copies rows of a leaf of NEW's, read by a query that is made of their select list.
    async fn copy(
        &self,
        reporter: &Reporter,
        pair: &Pair,
        chunk: &Chunk,
        leaf: &QualifiedName,
        query: impl Fn(&str) -> String,
    ) -> Result<Found> {
        let (name, layout) = self.table(chunk.table)?;
        let query = query(&statement::select_list(layout, Side::New, "t"));
        let target = self.target(chunk, name, Staged::New);
        let leaves = self.database.tables.iter().flat_map(|table| &table.new.leaves);
        let mut leaves = leaves.chain(self.database.new_only.iter().flat_map(|table| &table.leaves));
        let inline = leaves.any(|one| one.name == *leaf && one.inlines);
        // Where keys are walked too, that counts the rows.
        let method = self.database.table(chunk.table).map(|table| table.method);
        let walked = matches!(method, Ok(Method::Timestamps | Method::Xid | Method::Blocks));
        let reporter = if walked { &reporter.untold() } else { reporter };
        let place = (self.database.name.as_str(), name);
        let copying = copy_rows(reporter, place, (&pair.new, &query), layout, target, self.tally(chunk.table));
        finding_names(&pair.new, inline, copying).await
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
    fn copied(&self, table: &TableRecord) -> Copied {
        match (&self.young, &self.changed) {
            (Some(young), Some(changed)) if table.method.goes_by_blocks() => Copied::Within(young.clone(), Arc::clone(changed)),
            (Some(young), _) if table.method.goes_by_ids() => Copied::Unflagged(young.clone()),
            (young, _) => Copied::Flagged(stamped_or_young(table, &self.clock, young.as_deref().filter(|_| self.estimated))),
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
    Ok(Found { candidates: file.finish()?.into_iter().collect(), stamped: tally.found(), ..Found::default() })
}
