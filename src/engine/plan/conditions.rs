//! What the conditions of rules mean: OLD's server is asked, row by row, in a transaction that cannot write.
//!
//! A condition is first made a view, in a transaction that is rolled back, and looked at as the server has parsed it: it is one
//! truth about one row, and calls no function that is VOLATILE, since such a one may write, or reach beyond the transaction.
//! Memory: [`Met`], and one batch of rows.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use super::fact::Fact;
use super::met::Met;
use super::sandbox::Sandbox;
use crate::catalog::{self, ConditionFacts};
use crate::codec::{BatchEncoder, BatchView, CodecError, Shown};
use crate::engine::diff::read_words;
use crate::engine::rows::{Image, load_columns};
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::{Session, Transaction, server_fault};
use crate::policy::{Condition, Decisions, Rule};
use crate::staging::layout;
use crate::staging::{DatabaseRecord, DiffIndex, Manifest, SegmentReader, TableDiff, TableRecord};
use crate::statement::{
    CONDITION_QUERIES, CONDITION_TIMEOUT, CONDITION_VIEW, ConditionRow, LoadTable, OWN_SEARCH_PATH, RowSource, load_table_name,
};

/// How many rows are asked about at a time.
const BATCH_ROWS: usize = 256;

/// Asks OLD what the conditions of all rules of some decisions mean. Connects to nothing where there are none.
///
/// # Errors
/// `Config` at the rule where its condition is none, with what the server said; `Timeout` where it takes too long.
pub async fn ask_conditions(context: &Context, decisions: &[&Decisions]) -> Result<Met> {
    let mut met = Met::default();
    let rules: Vec<&Rule> = decisions.iter().flat_map(|one| one.rules()).filter(|rule| rule.when.is_some()).collect();
    if rules.is_empty() || !context.store().exists(layout::DIFF)? {
        return Ok(met);
    }
    let (manifest, index) = (Manifest::read(context.store())?, DiffIndex::read(context.store())?);
    for database in &index.databases {
        let Some(record) = manifest.database(&database.name) else { continue };
        for diff in &database.tables {
            let table = record.table(diff.id)?;
            let name = table.name.to_string();
            let mut by_sql: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
            for rule in rules.iter().filter(|rule| rule.selector.means_table(&database.name, &name)) {
                by_sql.entry(rule.when.as_ref().map_or("", |when| &when.sql)).or_default().push(rule);
            }
            for (sql, rules) in by_sql {
                let rows = Asked { context, record, table, diff, rules }.ask().await.place(|| &table.name)?;
                met.add(&database.name, diff.id, sql, rows);
            }
        }
    }
    Ok(met)
}

/// One condition about one table.
struct Asked<'a> {
    context: &'a Context,
    record: &'a DatabaseRecord,
    table: &'a TableRecord,
    diff: &'a TableDiff,
    /// Those that have it.
    rules: Vec<&'a Rule>,
}

impl Asked<'_> {
    fn condition(&self) -> Result<&Condition> {
        let condition = self.rules.first().and_then(|rule| rule.when.as_ref());
        condition.ok_or_else(|| Error::new(ErrorKind::Malformed, "evaluate a rule").because("it has no condition"))
    }

    async fn ask(&self) -> Result<Vec<Option<bool>>> {
        let condition = self.condition()?;
        let source = RowSource::of(&self.table.old, &self.table.key, Side::Old);
        let load = LoadTable { name: load_table_name(0), source, columns: load_columns(self.table) };
        let sandbox = Sandbox::open(self.context.servers(), &self.record.name).await?;
        sandbox.find_as_old_does().await?;
        self.look_at(&sandbox, &load, condition).await?;
        sandbox.leave().await?;
        let old = Transaction::read(self.context.servers().connect(Side::Old, &self.record.name).await?).await?;
        old.execute_all(OWN_SEARCH_PATH).await?;
        old.execute_all(CONDITION_TIMEOUT).await?;
        let met = self.of_rows(&old, &load, condition).await?;
        old.rollback().await?;
        Ok(met)
    }

    /// Looks at the condition as the server has parsed it.
    async fn look_at(&self, sandbox: &Sandbox, load: &LoadTable<'_>, condition: &Condition) -> Result<()> {
        let view = load.condition_view(&self.table.old, &condition.sql);
        let facts = look_at(sandbox, &view).await.map_err(|error| faulty(condition, error))?;
        let is_truth = facts.columns == 1 && facts.sql_type == "boolean";
        let found =
            if is_truth { of_one_row(&facts) } else { Err("it is no truth: one value of type boolean is wanted".to_owned()) };
        found.map_err(|cause| Error::new(ErrorKind::Config, "read the decisions").at(&condition.place).because(cause))
    }

    /// Asks of every row that a rule with this condition may mean.
    async fn of_rows(&self, old: &Session, load: &LoadTable<'_>, condition: &Condition) -> Result<Vec<Option<bool>>> {
        let encoder = BatchEncoder::new(&self.table.layout);
        let mut met = Vec::new();
        for segment in &self.diff.segments {
            for batch in SegmentReader::open(self.context.store(), segment, BATCH_ROWS)? {
                self.context.reporter().check_stop()?;
                let batch = batch?;
                let facts = Fact::read(&batch)?;
                let is_asked = |row: &usize| {
                    let fact = &facts[*row];
                    self.rules.iter().any(|rule| rule.selector.means_row(fact.class, fact.rests_on, fact.changed()))
                };
                let asked: Vec<_> = (0..batch.num_rows()).filter(is_asked).collect();
                let first = met.len();
                met.resize(first + batch.num_rows(), None);
                if asked.is_empty() {
                    continue;
                }
                let rows = rows(&encoder, &batch, &asked)?;
                let query = load.meets(&self.table.old, &condition.sql, &rows);
                let found = old.query(&query, &[]).await.map_err(|error| faulty(condition, error))?;
                let is_whole = found.len() == asked.len()
                    && found
                        .iter()
                        .enumerate()
                        .all(|(at, row)| row.len() == 2 && row.get::<_, i32>(0) == i32::try_from(at).unwrap_or(-1));
                if !is_whole {
                    let cause = "it does not say one thing of each row";
                    return Err(Error::new(ErrorKind::Config, "read the decisions").at(&condition.place).because(cause));
                }
                for (row, found) in asked.into_iter().zip(found) {
                    met[first + row] = Some(found.get(1));
                }
            }
        }
        Ok(met)
    }
}

/// Makes the view of a condition or an expression, and reads what the server has made of it.
pub(super) async fn look_at(sandbox: &Sandbox, view: &str) -> Result<ConditionFacts> {
    sandbox.session().execute(view, &[]).await?;
    catalog::condition_facts(sandbox.session().client(), CONDITION_VIEW).await
}

/// Expects that it is one value, of one row, and the same each time; the error is a sentence.
pub(super) fn of_one_row(facts: &ConditionFacts) -> std::result::Result<(), String> {
    if facts.columns != 1 {
        return Err("it is more than one value".to_owned());
    }
    if facts.queries != CONDITION_QUERIES || facts.gathers {
        return Err(
            "it is about more than one row: queries, aggregates and functions that return sets are not asked".to_owned()
        );
    }
    match &facts.volatile {
        Some(functions) => {
            Err(format!("it calls what is VOLATILE, and may write or say something else each time: {functions}"))
        }
        None => Ok(()),
    }
}

/// The images of some rows of a batch, as texts.
pub(super) fn rows(encoder: &BatchEncoder, batch: &RecordBatch, asked: &[usize]) -> Result<Vec<ConditionRow>> {
    let base: Vec<crate::delta::Base> = read_words(batch, "fb_base")?;
    let images = [Image::read(batch, "old")?, Image::read(batch, "new")?, Image::read(batch, "base")?];
    let [old, new, at_base] = [&images[0], &images[1], &images[2]];
    let views = [view(encoder, old)?, view(encoder, new)?, view(encoder, at_base)?];
    let one = |row: &usize| -> Result<ConditionRow> {
        let of = |side: usize| images[side].present.value(*row).then(|| texts(&views[side], *row)).transpose();
        let known = base[*row] != crate::delta::Base::Unknown;
        Ok([of(0)?, of(1)?, if known { of(2)? } else { None }])
    };
    asked.iter().map(one).collect()
}

fn view<'a>(encoder: &'a BatchEncoder, image: &'a Image) -> Result<BatchView<'a>> {
    encoder.view(&image.rows).map_err(unreadable)
}

fn texts(view: &BatchView<'_>, row: usize) -> Result<Vec<Option<String>>> {
    let text = |column: usize| match view.shown(row, column).map_err(unreadable)? {
        Shown::Null => Ok(None),
        Shown::Text(text) => Ok(Some(text)),
        Shown::Wire(_) => Err(Error::new(ErrorKind::Damaged, "read the diff").because("a value has no text")),
    };
    (0..view.column_count()).map(text).collect()
}

fn unreadable(error: CodecError) -> Error {
    Error::new(ErrorKind::Damaged, "read the diff").because(error)
}

/// What the server says to a condition is the condition's fault, unless it is the connection's, or takes too long.
fn faulty(condition: &Condition, error: Error) -> Error {
    match error.kind() {
        ErrorKind::Server => {
            let said = server_fault(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Error::new(ErrorKind::Config, "read the decisions")
                .at(&condition.place)
                .because(said)
                .next("correct `when`; `class` and `changed` of the rule keep it from rows that it is not about")
        }
        ErrorKind::Timeout => error.at(&condition.place).next("a condition has a minute for each batch of rows"),
        _ => error.at(&condition.place),
    }
}
