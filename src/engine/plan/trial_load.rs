//! Trial: planned rows are written into an empty copy of OLD's table, and read back from it.
//!
//! The server itself says what it would not take: a value outside a type or domain, a label it does not know, NULL where none
//! may be, a check, a missing partition; and what it would take but change, as a shorter `numeric` rounds. Such rows are held,
//! with the reason, before the merge begins. The copy is a temporary table of a transaction that is always rolled back.
//!
//! Memory: one batch of rows. A batch that is refused is halved until the row at fault stands alone, so its cost is about
//! twenty statements for each such row.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::{Array as _, BooleanArray, RecordBatch};

use super::apart::values_apart;
use super::change::Change;
use super::direction::Direction;
use super::draft::Draft;
use super::planned_row::PlannedRows;
use super::reject::{Reject, RejectReason, Rejects};
use super::sandbox::Sandbox;
use super::trial_need::{is_needed, stricter_since};
use crate::catalog;
use crate::codec::{BatchEncoder, RowLayout};
use crate::delta;
use crate::engine::rows::{Batches, Image, Loading, load_columns, view};
use crate::engine::run::{Reporter, Servers};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{Ident, QualifiedName, Side};
use crate::pg::{Session, server_fault};
use crate::policy::Action;
use crate::schema::{Column, Drift, UnprovenCheck, WHOLE_ROW_COLUMNS};
use crate::staging::{DatabaseRecord, SegmentReader, TableRecord};
use crate::statement::{
    Inserted, LoadColumn, LoadTable, OWN_SEARCH_PATH, Operation, RowSource, copy_binary, load_table_name, select_list,
    trial_table,
};
use crate::store::Store;

/// How many rows are tried at once.
const BATCH_ROWS: usize = 4096;

/// Tries the rows of every table about which something speaks for trying, and holds those that OLD does not take as they are,
/// with the checks lifted that an undo lifts.
pub(crate) async fn hold_rejects<'l>(
    (servers, store, reporter): (&Servers, &dyn Store, &Reporter),
    database: &DatabaseRecord,
    drafts: &mut [Draft<'_>],
    direction: Direction,
    lifted: impl Fn(&QualifiedName) -> &'l [UnprovenCheck],
) -> Result<Vec<Reject>> {
    let brings = |action: &Action| direction.operation(*action).is_some_and(Operation::brings_row);
    // What NEW's row keeps, one that was composed need not.
    let stricter = match direction {
        Direction::Forward => stricter_since(servers, database, drafts).await?,
        Direction::Back => BTreeSet::new(),
    };
    let needs_trial = |draft: &Draft<'_>| {
        draft.composed.is_some() || stricter.contains(&draft.record.name) || is_needed(database, draft.record, direction)
    };
    let is_tried = |draft: &Draft<'_>| needs_trial(draft) && draft.actions.iter().any(brings);
    if !drafts.iter().any(is_tried) {
        return Ok(Vec::new());
    }
    let mut sandbox = Sandbox::open(servers, &database.name).await?;
    let mut found = Vec::new();
    for draft in drafts.iter_mut().filter(|draft| is_tried(draft)) {
        let lifted = lifted(&draft.record.name);
        let rejects = hold_rejects_of(store, reporter, database, (&sandbox, direction), draft, lifted).await;
        found.extend(rejects.place(|| &draft.record.name)?);
        sandbox = sandbox.renew().await?;
    }
    sandbox.leave().await?;
    Ok(found)
}

async fn hold_rejects_of(
    store: &dyn Store,
    reporter: &Reporter,
    database: &DatabaseRecord,
    (sandbox, direction): (&Sandbox, Direction),
    draft: &mut Draft<'_>,
    lifted: &[UnprovenCheck],
) -> Result<Vec<Reject>> {
    let mut findings = Rejects::new(&database.name, draft.record);
    let mut refused = Vec::new();
    try_rows(store, reporter, (sandbox, direction), draft, lifted, |changes, (first, row), why| {
        findings.add(&changes.new.rows, row, &why)?;
        refused.push((first + row, why));
        Ok(())
    })
    .await?;
    for (row, why) in refused {
        draft.hold(row, &why.reason());
    }
    Ok(findings.finish())
}

/// Tries every row of a table that comes, or comes back, without the checks that are lifted. Tells of each that OLD does not
/// take: the rows that it was read with, where they begin in the diff, its place among them, and why.
pub(crate) async fn try_rows(
    store: &dyn Store,
    reporter: &Reporter,
    (sandbox, direction): (&Sandbox, Direction),
    draft: &Draft<'_>,
    lifted: &[UnprovenCheck],
    mut tell: impl FnMut(&PlannedRows, (usize, usize), RejectReason) -> Result<()>,
) -> Result<()> {
    let trial = Trial::prepare(sandbox, draft.record, direction, lifted).await?;
    let mut first = 0;
    for segment in &draft.diff.segments {
        for batch in SegmentReader::open_projected(store, segment, BATCH_ROWS, &["old", "new"])? {
            reporter.check_stop()?;
            let batch = batch?;
            let changes = draft.rows(&batch, first)?;
            for (row, why) in trial.run(&changes).await? {
                tell(&changes, (first, row), why)?;
            }
            first += batch.num_rows();
        }
    }
    Ok(())
}

/// A copy of one table of OLD, without its rows and triggers, and with no more of its indexes than what they work out of rows.
struct Trial<'a> {
    sandbox: &'a Sandbox,
    old: &'a Session,
    record: &'a TableRecord,
    direction: Direction,
    load: LoadTable<'a>,
    encoder: BatchEncoder,
    /// The columns that a table has, stand-ins for a missing key left out.
    layout: RowLayout,
    /// The checks of single partitions, by what the copy calls them.
    called: BTreeMap<String, Ident>,
    /// A column of which the plan knows nothing and which nothing fills in a row that is inserted.
    unfilled: Option<Ident>,
}

/// What became of some rows.
enum Outcome {
    /// OLD takes them; some it would change: the row, and the column.
    Taken(Vec<(usize, usize)>),
    /// OLD refuses them.
    Refused(RejectReason),
}

impl<'a> Trial<'a> {
    /// Creates the copy and its load inside the session's transaction.
    async fn prepare(
        sandbox: &'a Sandbox,
        record: &'a TableRecord,
        direction: Direction,
        lifted: &[UnprovenCheck],
    ) -> Result<Self> {
        let old = sandbox.session();
        let bounds = catalog::partition_bounds(old.client(), &record.old.name).await?;
        let since = came_since(record, direction);
        let optional: Vec<_> =
            record.drift.iter().filter_map(filled_by_default).chain(since.clone().map(|c| &c.name)).collect();
        let bound = trial_table::bound(&record.old);
        sandbox.create(&trial_table::create(&record.old.name, &bound, &optional, &bounds)).await?;
        let checks = catalog::partition_checks(old.client(), &record.old.name).await?;
        let taken = record.old.checks.iter().map(|check| &check.name).chain([&bound]);
        let mut called = BTreeMap::new();
        for ((name, statement), (own, _)) in trial_table::checks(taken, &checks).into_iter().zip(checks) {
            old.execute_all(&statement).await?;
            called.insert(name.as_str().to_owned(), own);
        }
        for like in &record.old.worked_out_indexes {
            // One that calls the whole row by the table's name is not to be had.
            let untried = sandbox.savepoint("fb_index").await?;
            match old.execute_all(&trial_table::index(like)).await {
                Ok(()) => untried.release().await?,
                Err(_) => untried.rollback_to().await?,
            }
        }
        for check in lifted {
            match &check.lift {
                _ if check.of_table => old.execute_all(&trial_table::without(&check.name)).await?,
                Some(of_domain) => old.execute_all(&of_domain.lift).await?,
                None => {}
            }
        }
        let is_stand_in = |name: &Ident| record.key.is_whole_row() && WHOLE_ROW_COLUMNS.contains(&name.as_str());
        let columns = record.layout.columns.iter().filter(|column| !is_stand_in(&column.name));
        let source = RowSource { table: trial_name(), partitioned: false, key: &record.key, side: Side::Old };
        let load = LoadTable { name: load_table_name(0), source, columns: load_columns(record) };
        sandbox.create(&load.create()).await?;
        Ok(Self {
            sandbox,
            old,
            record,
            direction,
            load,
            encoder: BatchEncoder::new(&record.layout),
            layout: RowLayout { columns: columns.cloned().collect() },
            called,
            unfilled: since.filter(|column| !column.has_default && column.identity.is_none()).map(|c| c.name.clone()).next(),
        })
    }

    /// Tries every row that the plan brings; returns those that do not fit.
    async fn run(&self, changes: &PlannedRows) -> Result<Vec<(usize, RejectReason)>> {
        let change = self.direction.change(changes, &self.record.layout)?;
        let apart = values_apart(self.record, self.direction, changes)?;
        let is_tried = |row: &usize| !apart.iter().any(|(other, _)| other == row);
        let mut rejects: Vec<_> = apart.iter().map(|(row, column)| (*row, RejectReason::apart(column))).collect();
        for rows in [Inserted::News, Inserted::Olds] {
            let is_meant = |action: &Action| match self.direction.operation(*action) {
                Some(Operation::Insert) => rows == self.direction.inserted(),
                Some(Operation::Update | Operation::Move | Operation::Replace) => rows == Inserted::Olds,
                Some(Operation::Delete | Operation::Stay | Operation::Lack) | None => false,
            };
            let mut meant: Vec<_> =
                (0..changes.actions.len()).filter(|row| is_meant(&changes.actions[*row])).filter(is_tried).collect();
            if let Some(column) = &self.unfilled {
                let is_inserted = |row: &usize| self.direction.operation(changes.actions[*row]) == Some(Operation::Insert);
                let (inserted, rest): (Vec<_>, Vec<_>) = meant.into_iter().partition(is_inserted);
                rejects.extend(inserted.into_iter().map(|row| (row, RejectReason::no_value(column))));
                meant = rest;
            }
            let mut waiting = vec![meant];
            while let Some(part) = waiting.pop().filter(|part| !part.is_empty()) {
                match self.attempt(rows, &change, &part).await? {
                    Outcome::Taken(altered) => {
                        rejects.extend(altered.into_iter().map(|(row, column)| (row, self.changed(column))));
                    }
                    Outcome::Refused(why) if part.len() == 1 => rejects.push((part[0], why)),
                    Outcome::Refused(why) if why.is_of_the_table() => {
                        rejects.extend(part.into_iter().map(|row| (row, why.clone())));
                    }
                    Outcome::Refused(_) => {
                        let (left, right) = part.split_at(part.len() / 2);
                        waiting.extend([right.to_vec(), left.to_vec()]);
                    }
                }
            }
        }
        Ok(rejects)
    }

    fn changed(&self, column: usize) -> RejectReason {
        let column = &self.layout.columns[column];
        RejectReason::Changed { column: column.own_form_of.as_ref().unwrap_or(&column.name).clone() }
    }

    /// Writes rows into the copy, reads them back, and takes them away again. Where something of OLD's does not find what it
    /// calls, under OLD's own search path too; only then, for names print as others under it.
    async fn attempt(&self, rows: Inserted, change: &Change<Image>, part: &[usize]) -> Result<Outcome> {
        match self.attempt_in(None, rows, change, part).await? {
            Outcome::Refused(why) if why.is_of_a_name() => self.attempt_in(Some(OWN_SEARCH_PATH), rows, change, part).await,
            outcome => Ok(outcome),
        }
    }

    async fn attempt_in(
        &self,
        search_path: Option<&str>,
        rows: Inserted,
        change: &Change<Image>,
        part: &[usize],
    ) -> Result<Outcome> {
        let untried = self.sandbox.savepoint("fb_trial").await?;
        if let Some(search_path) = search_path {
            self.old.execute_all(search_path).await?;
        }
        let refused = match self.write(rows, change, part).await {
            Ok(changed) => {
                untried.rollback_to().await?;
                return Ok(Outcome::Taken(changed));
            }
            Err(error) => error,
        };
        let Some(fault) = server_fault(&refused).filter(|_| refused.kind() == ErrorKind::Server) else { return Err(refused) };
        let why = RejectReason::refused(fault, self.record).of_check(&self.called);
        untried.rollback_to().await?;
        let why = match part {
            [row] => self.blame(rows, &change.after, *row, why).await?.of_value(&self.layout, &change.after.rows, *row),
            _ => why,
        };
        Ok(Outcome::Refused(why))
    }

    async fn write(&self, rows: Inserted, change: &Change<Image>, part: &[usize]) -> Result<Vec<(usize, usize)>> {
        self.fill(rows, &change.after, part, None).await?;
        let list = select_list(&self.layout, Side::Old, "t");
        let insert = self.load.insert_returning(rows, operation(rows), &list);
        let mut stream = Batches::open(self.old, &copy_binary(&insert), &self.layout).await?;
        let found = stream.take(part.len()).await?;
        stream.expect_end().await?;
        let mask: BooleanArray = (0..change.after.rows.num_rows()).map(|row| Some(part.binary_search(&row).is_ok())).collect();
        let change = change.select(&mask)?;
        let differences = delta::compare(&self.without_stand_ins(&change.after.rows)?, &found)
            .map_err(|error| Error::new(ErrorKind::Malformed, "compare rows with their trial").because(error))?;
        let is_promised = change.promises(&self.layout);
        let changed = part.iter().enumerate().filter_map(|(position, row)| {
            differences.columns(position).find(|column| is_promised(position, *column)).map(|column| (*row, column))
        });
        Ok(changed.collect())
    }

    /// Sends rows into the load table, or of each row one column alone: its characters may be what OLD has not.
    async fn fill(&self, rows: Inserted, result: &Image, part: &[usize], column: Option<usize>) -> Result<()> {
        let image = view(&self.encoder, &result.rows)?;
        let mut loading = Loading::into(self.old, &self.load).await?;
        for (ord, row) in part.iter().enumerate() {
            match column {
                None => loading.row(&image, *row, ord, operation(rows)).await?,
                Some(column) => loading.part_of_row(&image, *row, ord, operation(rows), |other| other == column).await?,
            }
        }
        loading.finish().await.map(|_| ())
    }

    /// Finds the column whose value OLD does not take, if its error does not say it: each is written alone.
    async fn blame(&self, rows: Inserted, result: &Image, row: usize, why: RejectReason) -> Result<RejectReason> {
        let RejectReason::Refused { sqlstate, column: None, constraint: None, .. } = &why else { return Ok(why) };
        // A domain takes no NULL in a column that is left out either: only one that has no value is at fault.
        let (is_null, rows_of) = (sqlstate == "23502", &result.rows);
        let is_suspect = |index: usize| !is_null || rows_of.column(index).is_null(row) && self.is_of_a_domain(index);
        let columns = self.load.columns.iter().enumerate();
        for (index, column) in columns.filter(|(index, column)| column.restored && is_suspect(*index)) {
            let untried = self.sandbox.savepoint("fb_blame").await?;
            let alone = LoadTable { columns: self.alone(index), ..self.load.clone() };
            let tried = match self.fill(rows, result, &[row], Some(index)).await {
                Ok(()) => self.old.execute(&alone.insert(rows, operation(rows)), &[]).await.map(|_| ()),
                Err(error) => Err(error),
            };
            untried.rollback_to().await?;
            if let Err(error) = tried
                && server_fault(&error).is_some_and(|fault| fault.sqlstate == *sqlstate)
            {
                return Ok(why.clone().of_column(&column.name));
            }
        }
        Ok(why)
    }

    fn is_of_a_domain(&self, index: usize) -> bool {
        let column = self.record.old.column(&self.load.columns[index].name);
        column.is_some_and(|column| column.data_type.sql != column.data_type.base_sql)
    }

    /// The load table's columns with all but one kept out of the table.
    fn alone(&self, index: usize) -> Vec<LoadColumn> {
        let mut columns = self.load.columns.clone();
        for (other, column) in columns.iter_mut().enumerate() {
            (column.inserted, column.restored) = (other == index, other == index);
        }
        columns
    }

    fn without_stand_ins(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let companion = rows.num_columns() - 1;
        let kept: Vec<_> = (0..self.layout.columns.len()).chain([companion]).collect();
        rows.project(&kept).map_err(|error| Error::new(ErrorKind::Malformed, "select columns").because(error))
    }
}

/// The columns that take no NULL and that came to OLD's table after the plan: rows that come back say nothing of them.
fn came_since(record: &TableRecord, direction: Direction) -> impl Iterator<Item = &Column> + Clone {
    let is_known = |column: &&Column| record.layout.columns.iter().any(|staged| staged.name == column.name);
    let columns = record.old.columns.iter().filter(move |_| direction == Direction::Back);
    columns.filter(move |column| column.not_null && !column.generated && !is_known(column))
}

/// A column that rows of NEW's leave to its default, which is not tried: it may take a number from a sequence.
fn filled_by_default(drift: &Drift) -> Option<&Ident> {
    match drift {
        Drift::SourceColumnMissing { column, required: false } => Some(column),
        _ => None,
    }
}

const fn operation(rows: Inserted) -> Operation {
    match rows {
        Inserted::News => Operation::Insert,
        Inserted::Olds => Operation::Replace,
    }
}

fn trial_name() -> &'static QualifiedName {
    static NAME: std::sync::LazyLock<QualifiedName> = std::sync::LazyLock::new(trial_table::name);
    &NAME
}
