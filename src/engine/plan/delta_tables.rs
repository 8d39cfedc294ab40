//! What the plan brings to OLD and takes away, sent to OLD ahead of the merge: into temporary tables of a transaction that is
//! always rolled back, where the server itself says which rows may not stand beside others, and which children would be
//! orphans.
//!
//! Only what the questions are about is sent: those columns, and not the updates that leave them alone. Every question is asked
//! under one snapshot of OLD. Memory: one batch of rows, and a flag a row.

use std::collections::BTreeSet;

use super::direction::Direction;
use super::draft::Draft;
use arrow_array::RecordBatch;
use tokio_postgres::Row;

use super::relevant_columns::RelevantColumns;
use super::sandbox::Sandbox;
use crate::catalog;
use crate::codec::{BatchEncoder, RowLayout, StagedColumn};
use crate::engine::rows::{Loading, is_no_value, load_columns, view};
use crate::engine::run::Reporter;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{Ident, QualifiedName, Side};
use crate::pg::sqlstate;
use crate::policy::Action;
use crate::schema::{Column, Exclusive, ForeignKey};
use crate::staging::{SegmentReader, TableRecord};
use crate::statement::{DeltaTables, LoadTable, Operation, RowSource, load_table_name};
use crate::store::Store;

/// How many rows of the diff are read at a time.
const BATCH_ROWS: usize = 4096;

/// The delta tables of a database.
pub(crate) struct TableDeltas<'a> {
    sandbox: Sandbox,
    /// Which way the rows go.
    direction: Direction,
    /// Every foreign key of OLD's, also those of tables that are not carried; behind them those that NEW alone has.
    pub(crate) keys: Vec<ForeignKey>,
    /// How many are OLD's.
    of_old: usize,
    /// One a draft; `None` where nothing is asked about the table.
    tables: Vec<Option<TableDelta<'a>>>,
}

/// One table's delta tables.
struct TableDelta<'a> {
    delta: DeltaTables<'a>,
    /// Whether the row of the diff is in the temporary tables.
    standing: Vec<bool>,
}

impl<'a> TableDeltas<'a> {
    /// Sends what has to be asked about; of tables in which rows are overwritten by others, and of their children, every row.
    pub(crate) async fn prepare(
        sandbox: Sandbox,
        store: &dyn Store,
        reporter: &Reporter,
        drafts: &[Draft<'a>],
        direction: Direction,
        (overwritten, keys_of_new): (&BTreeSet<QualifiedName>, &[ForeignKey]),
    ) -> Result<Self> {
        let mut keys = catalog::foreign_keys(sandbox.session().client()).await?;
        let of_old = keys.len();
        keys.extend_from_slice(keys_of_new);
        sandbox.find_as_old_does().await?;
        let mut deltas = Self { sandbox, direction, keys, of_old, tables: Vec::new() };
        for (number, draft) in drafts.iter().enumerate() {
            let loaded = if deltas.is_asked_about(draft) {
                Some(deltas.load((store, reporter), number, draft, overwritten).await.place(|| &draft.record.name)?)
            } else {
                None
            };
            deltas.tables.push(loaded);
        }
        Ok(deltas)
    }

    fn is_asked_about(&self, draft: &Draft<'_>) -> bool {
        let any = |wanted: fn(Operation) -> bool| {
            draft.actions.iter().filter_map(|action| self.direction.operation(*action)).any(wanted)
        };
        let name = &draft.record.name;
        // Children that only go are asked about too: they are what their parents' going waits for.
        any(|_| true) && self.keys.iter().any(|key| key.child == *name || key.parent == *name)
            || any(|operation| matches!(operation, Operation::Insert | Operation::Replace))
                && exclusives(draft.record).next().is_some()
    }

    async fn load(
        &self,
        (store, reporter): (&dyn Store, &Reporter),
        number: usize,
        draft: &Draft<'a>,
        overwritten: &BTreeSet<QualifiedName>,
    ) -> Result<TableDelta<'a>> {
        let record = draft.record;
        let source = RowSource::of(&record.old, &record.key, Side::Old);
        let asked = Asked::of(record, &self.keys, overwritten);
        let load = LoadTable { name: load_table_name(number), source, columns: asked.pick(load_columns(record)) };
        let keys = self.keys.iter().filter(|key| key.parent == record.name);
        let referenced = keys.map(|key| key.parent_columns.clone()).collect();
        let delta = DeltaTables { number, table: &record.old, load, referenced };
        self.sandbox.create(&delta.load.create()).await?;
        self.send(store, reporter, draft, &asked, &delta.load).await?;
        self.sandbox.session().execute_all(&delta.create()).await?;
        for statement in delta.fill(self.direction.inserted()) {
            self.sandbox.session().execute_all(&statement).await?;
        }
        Ok(TableDelta { delta, standing: draft.actions.iter().map(|action| action.writes()).collect() })
    }

    /// Sends rows into the load table; their position in it is that in the diff.
    async fn send(
        &self,
        store: &dyn Store,
        reporter: &Reporter,
        draft: &Draft<'_>,
        asked: &Asked,
        load: &LoadTable<'_>,
    ) -> Result<()> {
        let layout = &draft.record.layout;
        let encoder = BatchEncoder::new(&RowLayout { columns: asked.pick(layout.columns.clone()) });
        let mut loading = Loading::into(self.sandbox.session(), load).await?;
        let mut first = 0;
        for segment in &draft.diff.segments {
            for batch in SegmentReader::open_projected(store, segment, BATCH_ROWS, &["old", "new"])? {
                reporter.check_stop()?;
                let batch = batch?;
                let changes = draft.rows(&batch, first)?;
                let rows = self.direction.change(&changes, layout)?.try_map(|image| asked.project(&image.rows))?;
                let rows = rows.try_map(|rows| view(&encoder, rows))?;
                for (row, action) in changes.actions.iter().enumerate() {
                    let Some(operation) = self.direction.operation(*action) else { continue };
                    if *action == Action::Update && !asked.relevant.are_changed(&rows, row)? {
                        continue;
                    }
                    let image = if operation == Operation::Delete { &rows.before } else { &rows.after };
                    loading.row(image, row, first + row, operation).await?;
                }
                first += batch.num_rows();
            }
        }
        loading.finish().await?;
        self.sandbox.session().execute_all(&load.analyze()).await
    }

    /// Takes out what has been held since.
    pub(crate) async fn follow(&mut self, drafts: &[Draft<'_>]) -> Result<()> {
        for (loaded, draft) in self.tables.iter_mut().zip(drafts) {
            let Some(loaded) = loaded else { continue };
            let gone: Vec<usize> =
                (0..loaded.standing.len()).filter(|row| loaded.standing[*row] && !draft.actions[*row].writes()).collect();
            for part in gone.chunks(1 << 16) {
                self.sandbox.session().execute_all(&loaded.delta.forget(part)).await?;
            }
            for row in gone {
                loaded.standing[row] = false;
            }
        }
        Ok(())
    }

    /// Whether a merge deletes and inserts a row of the table whose unique value moves. With foreign keys on, a parent can only
    /// be updated in place.
    pub(crate) fn can_replace(&self, table: &QualifiedName) -> bool {
        self.sandbox.keeps_keys_quiet() || !self.keys_of_old().iter().any(|key| key.parent == *table)
    }

    /// Returns the foreign keys that OLD has.
    pub(crate) fn keys_of_old(&self) -> &[ForeignKey] {
        &self.keys[..self.of_old]
    }

    /// Returns which way the rows go.
    pub(crate) const fn direction(&self) -> Direction {
        self.direction
    }

    /// Returns the delta tables of the draft at a position.
    pub(crate) fn at(&self, draft: usize) -> Option<&DeltaTables<'a>> {
        self.tables.get(draft)?.as_ref().map(|loaded| &loaded.delta)
    }

    /// Finds a table's delta tables by its name, with the position of its draft.
    pub(crate) fn of(&self, name: &QualifiedName) -> Option<(usize, &DeltaTables<'a>)> {
        let is_it = |loaded: &Option<TableDelta<'_>>| loaded.as_ref().is_some_and(|loaded| loaded.delta.table.name == *name);
        let position = self.tables.iter().position(is_it)?;
        Some((position, self.at(position)?))
    }

    /// Asks for positions in a diff.
    pub(crate) async fn positions(&self, query: &str) -> Result<Vec<usize>> {
        let malformed = |_| Error::new(ErrorKind::Malformed, "ask OLD about planned rows").because("a position below zero");
        let rows = self.sandbox.session().query(query, &[]).await?;
        rows.iter().map(|row| usize::try_from(row.get::<_, i64>(0)).map_err(malformed)).collect()
    }

    /// Asks for pairs of positions; `None` where OLD cannot read one of the values that are asked about.
    pub(crate) async fn position_pairs(&self, query: &str) -> Result<Option<Vec<(usize, usize)>>> {
        let malformed = |_| Error::new(ErrorKind::Malformed, "ask OLD about planned rows").because("a position below zero");
        let before = self.sandbox.savepoint("fb_asked").await?;
        let rows = self.sandbox.session().query(query, &[]).await;
        before.rollback_to().await?;
        let position = |row: &Row, column| usize::try_from(row.get::<_, i64>(column)).map_err(malformed);
        match rows {
            Err(error) if is_no_value(&error) => Ok(None),
            rows => rows?.iter().map(|row| Ok((position(row, 0)?, position(row, 1)?))).collect::<Result<_>>().map(Some),
        }
    }

    /// As [`TableDeltas::positions`], but finds nothing where the server cannot put the question: an expression over the whole
    /// row is of another type here. The merge then meets the index itself, and refuses by its name.
    pub(crate) async fn positions_if_askable(&self, query: &str) -> Result<Vec<usize>> {
        let before = self.sandbox.savepoint("fb_asked").await?;
        let found = self.positions(query).await;
        before.rollback_to().await?;
        match found {
            Err(error) if sqlstate(&error).is_some_and(|code| code.starts_with("42") && code != "42501") => Ok(Vec::new()),
            found => found,
        }
    }

    /// Leaves OLD as it was.
    pub(crate) async fn leave(self) -> Result<()> {
        self.sandbox.leave().await
    }
}

/// Which of a table's columns the questions are about.
struct Asked {
    /// Their positions in the layout.
    positions: Vec<usize>,
    /// The same columns, by their positions among themselves: an update that leaves all of them alone changes no answer. Any
    /// where two spellings may be one key.
    relevant: RelevantColumns,
}

impl Asked {
    fn of(record: &TableRecord, keys: &[ForeignKey], overwritten: &BTreeSet<QualifiedName>) -> Self {
        let columns = &record.layout.columns;
        let ends = |key: &&ForeignKey| key.child == record.name || key.parent == record.name;
        // What is computed, and which partition a row belongs to, may depend on any column.
        let depends = keys.iter().filter(ends).any(|key| key.child_bound.is_some() || key.parent_part.is_some())
            || record.old.columns.iter().any(|column| column.generated)
            || record.key.is_whole_row();
        let mut names = record.key.names();
        names.extend(exclusives(record).flat_map(|exclusive| exclusive.uses.iter().cloned()));
        for key in keys.iter().filter(ends) {
            names.extend(key.child_columns.iter().filter(|_| key.child == record.name).cloned());
            names.extend(key.parent_columns.iter().filter(|_| key.parent == record.name).cloned());
        }
        // Where children of an overwritten row stay is asked about each row.
        let by_row = overwritten.contains(&record.name)
            || keys.iter().any(|key| key.child == record.name && overwritten.contains(&key.parent));
        let is_named = |column: &StagedColumn| names.contains(column.own_form_of.as_ref().unwrap_or(&column.name));
        let positions: Vec<_> = (0..columns.len()).filter(|position| depends || is_named(&columns[*position])).collect();
        let alike = |name: &Ident| record.old.column(name).is_some_and(Column::equal_prints_alike);
        let relevant = if !depends && !by_row && record.key.names().iter().all(alike) {
            RelevantColumns::Columns((0..positions.len()).collect())
        } else {
            RelevantColumns::Any
        };
        Self { positions, relevant }
    }

    /// Picks these columns' entries out of a list with one for every column of the layout.
    fn pick<T>(&self, all: Vec<T>) -> Vec<T> {
        let wanted = |(position, _): &(usize, T)| self.positions.binary_search(position).is_ok();
        all.into_iter().enumerate().filter(wanted).map(|(_, entry)| entry).collect()
    }

    /// Picks the columns out of an image, whose last column is the companion.
    fn project(&self, image: &RecordBatch) -> Result<RecordBatch> {
        let last = image.num_columns().saturating_sub(1);
        let columns: Vec<_> = self.positions.iter().copied().chain([last]).collect();
        image.project(&columns).map_err(|error| Error::new(ErrorKind::Damaged, "read the diff").because(error))
    }
}

/// Lists the constraints that an incoming row could break.
pub(crate) fn exclusives(record: &TableRecord) -> impl Iterator<Item = &Exclusive> {
    record.old.exclusives.iter().filter(|exclusive| exclusive.can_clash(&record.old, &record.key))
}
