//! One table's part of a transaction: its rows loaded, locked and compared, then deleted, updated and inserted.
//!
//! Memory: one batch of rows.

use tracing::{Instrument as _, info};

use super::chosen::Chosen;
use super::triggers::Triggers;
use crate::engine::plan::{Direction, PlannedRowReader};
use crate::engine::rows::{SentRow, finding_names, load_columns};
use crate::engine::run::spans;
use crate::error::{Error, ErrorKind, Result};
use crate::name::{Ident, Side};
use crate::pg::{Session, server_fault};
use crate::policy::Action;
use crate::schema::Exclusive;
use crate::staging::{TablePlan, TableRecord, Written};
use crate::statement::{
    BY_ANY_JOIN, BY_INDEX, Inserted, LoadTable, Operation, RowSource, UpdateParts, deferred_clashes, load_table_name,
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
    /// In which parts rows are updated, once they are loaded.
    pub(crate) updates: Option<UpdateParts>,
    /// What is done with each row of the diff, where that is not what the plan's own file says.
    pub(super) actions: Option<&'a [Action]>,
    /// The rows that are written, where these are not all of the diff.
    pub(super) chosen: Option<&'a Chosen>,
    /// Whether a replaced row is deleted and inserted again; else it is updated.
    replaces: bool,
    /// Whether OLD's own triggers fire.
    pub(super) fires: bool,
    /// What is compared of rows by the statements that update them, where these are not locked before.
    pub(super) swap: Option<SentRow>,
}

impl<'a> TableMerge<'a> {
    pub(crate) fn new(
        number: usize,
        plan: &'a TablePlan,
        record: &'a TableRecord,
        direction: Direction,
        replaces: bool,
    ) -> Self {
        let source = RowSource::of(&record.old, &record.key, Side::Old);
        Self {
            plan,
            record,
            direction,
            load: LoadTable { name: load_table_name(number), source, columns: load_columns(record) },
            wanted: Counts::new(),
            wake: String::new(),
            updates: None,
            actions: None,
            chosen: None,
            replaces,
            fires: false,
            swap: None,
        }
        .counted(plan.actions.iter())
    }

    /// Does other things with the rows of the diff than the plan's own file says.
    pub(crate) fn with_actions(self, actions: Option<&'a [Action]>) -> Self {
        match actions {
            Some(list) => Self { actions, ..self }.counted(list.iter().map(|action| (*action, 1))),
            None => self,
        }
    }

    /// Writes these rows of the diff alone.
    pub(crate) fn with_rows(self, chosen: Option<&'a Chosen>) -> Self {
        match chosen {
            Some(chosen) => Self { chosen: Some(chosen), ..self }.with_actions(Some(&chosen.rows.actions)),
            None => self,
        }
    }

    /// Lets OLD's own triggers fire.
    pub(crate) fn firing(self, fires: bool) -> Self {
        Self { fires, ..self }
    }

    fn counted(self, actions: impl Iterator<Item = (Action, u64)>) -> Self {
        let wanted = actions.filter_map(|(action, rows)| Some((self.operation(action)?, rows))).collect();
        Self { wanted, ..self }
    }

    /// As [`clash`], with the true reason where unique values were to move between rows that can only be updated one by one.
    fn clash(&self, error: Error) -> Error {
        let moves = !self.replaces && self.plan.actions.get(Action::Replace) > 0;
        if moves && server_fault(&error).is_some_and(|fault| fault.sqlstate == "23505") {
            let cause = if self.fires {
                "with --fire-triggers a row is updated as an application would do it, and not deleted and inserted again"
            } else {
                "this user's foreign keys that stay on refer to the table: its rows cannot be deleted and inserted again"
            };
            return Error::new(ErrorKind::Refused, "let unique values move between rows")
                .because(told_by(error, cause))
                .next("merge as a user who may set session_replication_role, without --fire-triggers")
                .next("or hold the rows: `failback decide`");
        }
        clash(error)
    }

    pub(super) fn operation(&self, action: Action) -> Option<Operation> {
        let operation = self.direction.operation(action)?;
        Some(if operation == Operation::Replace && !self.replaces { Operation::Update } else { operation })
    }

    pub(super) fn reader<'s>(&self, store: &'s dyn Store) -> Result<PlannedRowReader<'s>>
    where
        'a: 's,
    {
        if let Some(chosen) = self.chosen {
            return Ok(PlannedRowReader::of(store, chosen.rows.clone()));
        }
        let reader = PlannedRowReader::open(store, self.plan, BATCH_ROWS)?;
        Ok(match self.actions {
            Some(actions) => reader.with_actions(actions),
            None => reader,
        })
    }

    pub(crate) fn written(&self) -> Written {
        let rows = |operation| self.wanted.get(operation);
        Written {
            inserted: rows(Operation::Insert),
            updated: rows(Operation::Update) + rows(Operation::Replace),
            deleted: rows(Operation::Delete),
        }
    }

    /// Whether rows are locked as they are read, each found by the key's index. Rows of other tables are found otherwise: they
    /// are locked first, all of them in one go, and read behind that.
    pub(super) fn is_locked_as_read(&self) -> bool {
        self.record.key.has_index(&self.record.old) && !self.is_unguarded()
    }

    /// Locks the rows on OLD, unless they are locked as they are read.
    pub(crate) async fn lock_rows(&self, old: &Session) -> Result<()> {
        if self.is_locked_as_read() {
            return Ok(());
        }
        self.hint(old, BY_INDEX).await?;
        let statement = self.load.lock_rows();
        let locking = old.execute_all(&statement).instrument(spans::lock("rows"));
        finding_names(old, self.record.old.inlines(), locking).await?;
        self.hint(old, BY_ANY_JOIN).await
    }

    /// The constraints that the server checks by a trigger, which is silent under the replica role: they are checked here
    /// instead.
    fn unwatched(&self, triggers: Triggers) -> impl Iterator<Item = &Exclusive> {
        let quiet = triggers == Triggers::Replica;
        self.record.old.exclusives.iter().filter(move |exclusive| quiet && exclusive.deferrable)
    }

    /// Whether the rows are found by a key that OLD does not keep unique, as one that was configured.
    pub(super) fn is_unguarded(&self) -> bool {
        !self.record.key.is_whole_row() && !self.record.key.is_kept_unique(&self.record.old)
    }

    /// Whether nobody else may write the table between our check of such a constraint, or of such a key, and COMMIT: their
    /// check would not see our rows, nor ours theirs.
    pub(crate) fn keeps_writers_out(&self, triggers: Triggers) -> bool {
        self.unwatched(triggers).next().is_some() || self.is_unguarded()
    }

    /// # Errors
    /// `Refused` where a row that was written breaks a deferrable constraint.
    pub(crate) async fn expect_no_deferred_clash(&self, old: &Session, triggers: Triggers) -> Result<()> {
        for exclusive in self.unwatched(triggers) {
            let Some(query) = deferred_clashes(exclusive, &self.load) else { continue };
            let found = old.query(&query, &[]).await?;
            let clashes: i64 = found.first().map_or(0, |row| row.get(0));
            if clashes > 0 {
                let cause = format!("update_exists: {clashes} pairs of rows would break {}", exclusive.name);
                return Err(moved_in(Error::new(ErrorKind::Refused, cause)));
            }
        }
        Ok(())
    }

    /// Whether rows are written that may refer to what they referred to before, although they are sent as if they did not:
    /// updates, and rows that are deleted and inserted again.
    pub(crate) fn can_keep_references(&self) -> bool {
        self.wanted.get(Operation::Update) + self.wanted.get(Operation::Replace) > 0
    }

    /// What rows that are replaced have beside what the plan's images know of them.
    fn unknown_to_replacement(&self) -> Vec<Ident> {
        if self.wanted.get(Operation::Replace) == 0 { Vec::new() } else { self.columns_since() }
    }

    /// The columns that came to the table since the merge.
    pub(super) fn columns_since(&self) -> Vec<Ident> {
        let is_known = |name: &Ident| self.load.columns.iter().any(|column| column.restored && column.name == *name);
        let columns = self.record.old.columns.iter().filter(|column| !column.generated && !is_known(&column.name));
        columns.map(|column| column.name.clone()).collect()
    }

    /// Tells the planner how to find the load table's rows in a table whose key has an index.
    pub(super) async fn hint(&self, old: &Session, settings: &str) -> Result<()> {
        if self.record.key.has_index(&self.record.old) { old.execute_all(settings).await } else { Ok(()) }
    }

    /// Deletes the rows that go; `own` are the transactions that wrote them, if they are known.
    pub(crate) async fn delete(&self, old: &Session, own: &[i64]) -> Result<()> {
        let wanted = self.wanted.sum_of(Operation::takes_row);
        if wanted == 0 {
            return Ok(());
        }
        self.hint(old, BY_INDEX).await?;
        let unknown = self.unknown_to_replacement();
        if !unknown.is_empty() {
            old.execute_all(&self.load.keep(&unknown)).await?;
        }
        expect_rows("delete rows", old.execute(&self.load.delete(own), &[]).await.map_err(clash)?, wanted)?;
        info!(table = %self.record.name, rows = wanted, "deleted");
        self.hint(old, BY_ANY_JOIN).await
    }

    pub(crate) async fn write(&self, old: &Session) -> Result<()> {
        let digest = self.swap.as_ref().map(SentRow::expression);
        let updates = self.updates.as_ref().map(|parts| self.load.updates(parts, digest.as_deref())).unwrap_or_default();
        if !updates.is_empty() {
            self.hint(old, BY_INDEX).await?;
            for (update, rows) in &updates {
                let found = old.execute(update, &[]).await.map_err(|error| self.clash(error))?;
                self.expect_unswapped(found, *rows)?;
                expect_rows("update rows", found, *rows)?;
            }
            let (rows, parts) = (updates.iter().map(|(_, rows)| rows).sum::<u64>(), updates.len());
            expect_rows("update rows", rows, self.wanted.get(Operation::Update))?;
            info!(table = %self.record.name, rows, parts, "updated");
            self.hint(old, BY_ANY_JOIN).await?;
        }
        for (rows, operation) in [(self.direction.inserted(), Operation::Insert), (Inserted::Olds, Operation::Replace)] {
            let wanted = self.wanted.get(operation);
            if wanted > 0 {
                let kept = self.unknown_to_replacement();
                let kept = if operation == Operation::Replace { &kept[..] } else { &[] };
                let insert = self.load.insert_beside(rows, operation, kept);
                expect_rows("insert rows", old.execute(&insert, &[]).await.map_err(clash)?, wanted)?;
                info!(table = %self.record.name, rows = wanted, "inserted");
            }
        }
        Ok(())
    }
}

pub(super) fn expect_rows(what: &str, found: u64, wanted: u64) -> Result<()> {
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
    if server_fault(&error).is_some_and(|fault| matches!(fault.sqlstate.as_str(), "23503" | "23001")) {
        return Error::new(ErrorKind::Refused, "write rows in an order that foreign keys allow")
            .because(told_by(
                error,
                "this user's foreign keys that stay on look at each statement, and not at the plan as a whole",
            ))
            .next(
                "merge as a user who may set session_replication_role, without --fire-triggers: keys are checked before COMMIT",
            )
            .next("or make the foreign key DEFERRABLE on OLD");
    }
    let constraint = server_fault(&error)
        .filter(|fault| matches!(fault.sqlstate.as_str(), "23505" | "23P01"))
        .and_then(|fault| fault.constraint.clone());
    match constraint {
        Some(name) => {
            let cause = format!("update_exists: a planned row may not stand beside another row of OLD, by {name}");
            moved_in(told_by(error, cause))
        }
        None => error,
    }
}

/// A cause in our words, and the server's behind it.
fn told_by(error: Error, cause: impl Into<String>) -> Error {
    Error::new(ErrorKind::Refused, cause).because(error)
}

fn moved_in(cause: Error) -> Error {
    Error::new(ErrorKind::Refused, "write rows beside those of OLD")
        .because(cause)
        .next("run `failback diff` and `failback plan` again: the plan holds such rows")
        .next(
            "where it says the same again, the plan cannot see the clash, as in columns that only OLD has: hold that class for \
             the table, as by `failback decide --table TABLE insert=hold`",
        )
}
