//! One table's part of a transaction: its rows loaded, locked and compared, then deleted, updated and inserted.
//!
//! Memory: one batch of rows.

use arrow_array::BooleanArray;
use tracing::{Instrument as _, info};

use super::triggers::Triggers;
use crate::codec::BatchEncoder;
use crate::engine::plan::{Direction, PlannedRowReader, RelevantColumns};
use crate::engine::rows::{Batches, Image, Loading, image_layout, load_columns, view};
use crate::engine::run::{Reporter, spans};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::{Session, server_fault};
use crate::schema::Exclusive;
use crate::staging::{TablePlan, TableRecord, Written};
use crate::statement::{
    BY_ANY_JOIN, BY_INDEX, Inserted, LoadTable, Operation, RowSource, copy_binary, deferred_clashes, load_table_name,
    lock_writers_out, select_list,
};
use crate::store::Store;
use crate::words::Counts;

/// How many rows of the diff are read at a time.
const BATCH_ROWS: usize = 4096;

/// One table's part of a transaction.
pub(crate) struct TableMerge<'a> {
    pub(crate) plan: &'a TablePlan,
    pub(crate) record: &'a TableRecord,
    pub(crate) direction: Direction,
    pub(crate) load: LoadTable<'a>,
    /// How many rows each operation has.
    pub(crate) wanted: Counts<Operation>,
    /// Statements that give the table its triggers back.
    pub(crate) wake: String,
}

impl<'a> TableMerge<'a> {
    pub(crate) fn new(
        number: usize,
        plan: &'a TablePlan,
        record: &'a TableRecord,
        direction: Direction,
        triggers: Triggers,
    ) -> Self {
        let operation = |action| direction.operation(action).map(|operation| triggers.operation(operation));
        let wanted = plan.actions.iter().filter_map(|(action, rows)| Some((operation(action)?, rows))).collect();
        let source = RowSource::of(&record.old, &record.key, Side::Old);
        Self {
            plan,
            record,
            direction,
            load: LoadTable { name: load_table_name(number), source, columns: load_columns(record) },
            wanted,
            wake: String::new(),
        }
    }

    pub(crate) fn written(&self) -> Written {
        let rows = |operation| self.wanted.get(operation);
        Written {
            inserted: rows(Operation::Insert),
            updated: rows(Operation::Update) + rows(Operation::Replace),
            deleted: rows(Operation::Delete),
        }
    }

    /// Sends the rows that are to be written into a temporary table.
    pub(crate) async fn load(
        &self,
        store: &dyn Store,
        reporter: &Reporter,
        old: &Session,
        triggers: Triggers,
        referring: &RelevantColumns,
    ) -> Result<()> {
        old.execute_all(&self.load.create()).await?;
        let mut loading = Loading::into(old, &self.load).await?;
        let encoder = BatchEncoder::new(&self.record.layout);
        let mut reader = PlannedRowReader::open(store, self.plan, BATCH_ROWS)?;
        let mut ord = 0;
        while let Some(changes) = reader.next()? {
            reporter.check_stop()?;
            let change = self.direction.change(&changes, &self.record.layout)?;
            let rows = change.try_map(|image| view(&encoder, &image.rows))?;
            for (row, action) in changes.actions.iter().enumerate() {
                let Some(operation) = self.direction.operation(*action).map(|operation| triggers.operation(operation)) else {
                    continue;
                };
                let (image, operation) = match operation {
                    Operation::Delete => (&rows.before, operation),
                    Operation::Update if referring.are_changed(&rows, row)? => (&rows.after, Operation::Move),
                    _ => (&rows.after, operation),
                };
                loading.row(image, row, ord, operation).await?;
                ord += 1;
            }
        }
        expect_rows("load rows", loading.finish().await?, self.wanted.sum())?;
        info!(table = %self.record.name, rows = self.wanted.sum(), "loaded");
        old.execute_all(&self.load.analyze()).await
    }

    /// Locks the rows on OLD and compares each with the row that was classified.
    pub(crate) async fn expect_unmoved(
        &self,
        store: &dyn Store,
        reporter: &Reporter,
        old: &Session,
        database: &str,
    ) -> Result<()> {
        self.hint(old, BY_INDEX).await?;
        old.execute_all(&self.load.lock_rows()).instrument(spans::lock("rows")).await?;
        let query = self.load.counterparts(&select_list(&self.record.layout, Side::Old, "t"));
        let mut stream = Batches::open(old, &copy_binary(&query), &image_layout(&self.record.layout)).await?;
        let mut reader = PlannedRowReader::open(store, self.plan, BATCH_ROWS)?;
        let mut moved = 0_u64;
        while let Some(changes) = reader.next()? {
            reporter.check_stop()?;
            let written: BooleanArray = changes.actions.iter().map(|action| Some(action.writes())).collect();
            if written.true_count() == 0 {
                continue;
            }
            let found = Image::split(&stream.take(written.true_count()).await?)?;
            let layout = &self.record.layout;
            moved += match self.direction {
                Direction::Forward => found.count_unlike(&changes.old.select(&written)?, |_, _| true)?,
                Direction::Back => changes.change(layout)?.select(&written)?.count_broken(&found, layout)?,
            };
            reporter.tell_rows(database, &self.record.name, written.true_count() as u64, 0);
        }
        stream.expect_end().await?;
        info!(table = %self.record.name, rows = self.wanted.sum(), moved, "compared");
        self.hint(old, BY_ANY_JOIN).await?;
        if moved == 0 {
            return Ok(());
        }
        let rows = if moved == 1 { "1 row is" } else { &format!("{moved} rows are") };
        Err(Error::new(ErrorKind::Refused, "compare OLD with the plan")
            .because(format!("{rows} no longer as classified: OLD was written since"))
            .next("run `failback diff` and `failback plan` again: the moved rows are classified anew"))
    }

    /// The constraints that the server checks by a trigger, which is silent under the replica role: they are checked here
    /// instead.
    fn unwatched(&self, triggers: Triggers) -> impl Iterator<Item = &Exclusive> {
        let quiet = triggers == Triggers::Replica;
        self.record.old.exclusives.iter().filter(move |exclusive| quiet && exclusive.deferrable)
    }

    /// Nobody else may write the table between our check of such a constraint and COMMIT: their check would not see our rows,
    /// nor ours theirs.
    pub(crate) async fn keep_writers_out(&self, old: &Session, triggers: Triggers) -> Result<()> {
        if self.unwatched(triggers).next().is_none() {
            return Ok(());
        }
        old.execute_all(&lock_writers_out(&self.record.name)).instrument(spans::lock("a table, against writers")).await
    }

    /// # Errors
    /// `Refused` where a row that was written breaks a deferrable constraint.
    pub(crate) async fn expect_no_deferred_clash(&self, old: &Session, triggers: Triggers) -> Result<()> {
        for exclusive in self.unwatched(triggers) {
            let Some(query) = deferred_clashes(exclusive, &self.load) else { continue };
            let found = old.query(&query, &[]).await?;
            let clashes: i64 = found.first().map_or(0, |row| row.get(0));
            if clashes > 0 {
                return Err(moved_in(&format!("{clashes} pairs of rows would break {}", exclusive.name)));
            }
        }
        Ok(())
    }

    /// Tells the planner how to find the load table's rows in a table whose key has an index.
    async fn hint(&self, old: &Session, settings: &str) -> Result<()> {
        if self.record.key.has_index(&self.record.old) { old.execute_all(settings).await } else { Ok(()) }
    }

    pub(crate) async fn delete(&self, old: &Session) -> Result<()> {
        let wanted = self.wanted.sum_of(Operation::takes_row);
        if wanted == 0 {
            return Ok(());
        }
        self.hint(old, BY_INDEX).await?;
        expect_rows("delete rows", old.execute(&self.load.delete(), &[]).await?, wanted)?;
        info!(table = %self.record.name, rows = wanted, "deleted");
        self.hint(old, BY_ANY_JOIN).await
    }

    pub(crate) async fn write(&self, old: &Session) -> Result<()> {
        let updated = self.wanted.get(Operation::Update);
        if updated > 0
            && let Some(update) = self.load.update()
        {
            self.hint(old, BY_INDEX).await?;
            expect_rows("update rows", old.execute(&update, &[]).await.map_err(clash)?, updated)?;
            info!(table = %self.record.name, rows = updated, "updated");
            self.hint(old, BY_ANY_JOIN).await?;
        }
        // A row that comes back has values in columns that NEW lacks; a new one gets their defaults.
        let inserted = match self.direction {
            Direction::Forward => Inserted::News,
            Direction::Back => Inserted::Olds,
        };
        for (rows, operation) in [(inserted, Operation::Insert), (Inserted::Olds, Operation::Replace)] {
            let wanted = self.wanted.get(operation);
            if wanted > 0 {
                let insert = self.load.insert(rows, operation);
                expect_rows("insert rows", old.execute(&insert, &[]).await.map_err(clash)?, wanted)?;
                info!(table = %self.record.name, rows = wanted, "inserted");
            }
        }
        Ok(())
    }
}

fn expect_rows(what: &str, found: u64, wanted: u64) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, what)
        .because(format!("{found} rows were affected where the plan has {wanted}"))
        .next("a rule, a trigger or a policy on OLD changes what is written: look at the table's definition"))
}

/// A row that the server does not let stand beside another: one that came to OLD since the plan was made, for the plan holds
/// others.
fn clash(error: Error) -> Error {
    let constraint = server_fault(&error)
        .filter(|fault| matches!(fault.sqlstate.as_str(), "23505" | "23P01"))
        .and_then(|fault| fault.constraint.clone());
    match constraint {
        Some(name) => moved_in(&format!("a planned row may not stand beside another row of OLD, by {name}")).because(error),
        None => error,
    }
}

fn moved_in(cause: &str) -> Error {
    Error::new(ErrorKind::Refused, "write rows beside those of OLD")
        .because(format!("update_exists: {cause}"))
        .next("run `failback diff` and `failback plan` again: the plan holds such rows")
}
