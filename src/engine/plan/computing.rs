//! What OLD's server makes of expressions about rows: asked batch by batch, in a transaction that cannot write.
//!
//! An expression is looked at first as a condition of a rule is (see `conditions`). A row that lacks an image has no name for
//! it, so that an expression which asks of it is not computed with NULLs, but not at all. Memory: one batch of rows, as text.

use super::chosen_column::fault;
use super::conditions::{look_at, of_one_row};
use super::sandbox::Sandbox;
use crate::codec::{BatchEncoder, CodecError, RowLayout};
use crate::engine::rows::{Batches, load_columns, view};
use crate::engine::run::Servers;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::{ServerFault, Session, Transaction, server_fault};
use crate::policy::{Choice, Chosen};
use crate::schema::Column;
use crate::staging::TableRecord;
use crate::statement::{
    CONDITION_TIMEOUT, ConditionRow, LoadTable, OWN_SEARCH_PATH, RowSource, both_differences, load_table_name,
};

/// How many rows are asked about at a time.
const BATCH_ROWS: usize = 256;

/// What the server says where an expression names an image that the row does not have.
const NO_SUCH_IMAGE: [&str; 2] = ["42P01", "42703"];

/// Asks OLD about the rows of one table.
pub(super) struct Computing<'a> {
    record: &'a TableRecord,
    load: LoadTable<'a>,
    old: Transaction,
}

/// An expression for a column.
pub(super) struct Expression<'a> {
    /// The column's position in the layout.
    pub(super) index: usize,
    pub(super) column: &'a Column,
    sql: String,
    chosen: Chosen,
}

/// What an expression comes to for one row.
#[derive(Clone, Debug)]
pub(super) enum Computed {
    /// To this value, by the bytes that travel; nothing where it is NULL.
    Value(Option<Vec<u8>>),
    /// To nothing, for this reason.
    Nothing(String),
}

impl Computed {
    /// Why there is no value.
    pub(super) fn why_not(&self) -> Option<&str> {
        match self {
            Self::Value(_) => None,
            Self::Nothing(why) => Some(why),
        }
    }
}

impl<'a> Computing<'a> {
    pub(super) async fn open(servers: &Servers, database: &str, record: &'a TableRecord) -> Result<Self> {
        let old = Transaction::read(servers.connect(Side::Old, database).await?).await?;
        old.execute_all(OWN_SEARCH_PATH).await?;
        old.execute_all(CONDITION_TIMEOUT).await?;
        Ok(Self { record, load: load_table(record), old })
    }

    /// The session, in a transaction that cannot write.
    pub(super) fn session(&self) -> &Session {
        &self.old
    }

    /// Asks for the values of a column for some rows; in their order.
    ///
    /// # Errors
    /// `Config` at the expression, with what the server said, where that is not about one row's values.
    pub(super) async fn values(&self, of: &Expression<'_>, rows: &[ConditionRow]) -> Result<Vec<Computed>> {
        let mut found: Vec<Option<Computed>> = vec![None; rows.len()];
        // Those that lack an image are asked about apart.
        let images = |row: usize| rows[row].each_ref().map(Option::is_some);
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|row| images(*row));
        for alike in order.chunk_by(|left, right| images(*left) == images(*right)) {
            for part in alike.chunks(BATCH_ROWS) {
                for (row, value) in part.iter().zip(self.part(of, rows, part).await?) {
                    found[*row] = Some(value);
                }
            }
        }
        Ok(found.into_iter().map(|value| value.unwrap_or_else(|| Computed::Nothing(String::new()))).collect())
    }

    /// Asks about rows that have the same images: together, and one by one where one of them makes the server stop.
    async fn part(&self, of: &Expression<'_>, rows: &[ConditionRow], part: &[usize]) -> Result<Vec<Computed>> {
        let all: Vec<_> = part.iter().map(|row| rows[*row].clone()).collect();
        if let Some(values) = self.ask(of, &all).await? {
            return Ok(values);
        }
        let mut values = Vec::with_capacity(part.len());
        for row in all {
            values.extend(self.ask(of, &[row]).await?.unwrap_or_default());
        }
        Ok(values)
    }

    /// Asks once; nothing where the server stopped at one of several rows.
    async fn ask(&self, of: &Expression<'_>, rows: &[ConditionRow]) -> Result<Option<Vec<Computed>>> {
        let mark = self.old.savepoint("fb_compute").await?;
        let error = match self.try_ask(of, rows).await {
            Ok(values) => {
                mark.release().await?;
                return Ok(Some(values));
            }
            Err(error) => error,
        };
        let Some(said) = server_fault(&error).filter(|_| error.kind() == ErrorKind::Server).cloned() else {
            return Err(error.at(&of.chosen.place));
        };
        mark.rollback_to().await?;
        let is_whole = rows[0].iter().all(Option::is_some);
        if !is_whole && NO_SUCH_IMAGE.contains(&said.sqlstate.as_str()) {
            let why = format!("held: {} is computed of what the row was, or is, where that is not known", of.column.name);
            return Ok(Some(vec![Computed::Nothing(why); rows.len()]));
        }
        if !is_of_values(&said) {
            return Err(fault(&of.chosen).because(said.to_string()).next("correct the expression"));
        }
        let condition = said.condition().unwrap_or("error");
        let why = format!("held: {} cannot be computed: {condition} ({})", of.column.name, said.sqlstate);
        Ok((rows.len() == 1).then(|| vec![Computed::Nothing(why)]))
    }

    async fn try_ask(&self, of: &Expression<'_>, rows: &[ConditionRow]) -> Result<Vec<Computed>> {
        let layout = RowLayout { columns: vec![self.record.layout.columns[of.index].clone()] };
        let about = (&self.record.old, of.column);
        let mut is_changed = vec![false; rows.len()];
        if let Some(question) = self.load.computed_changes(about, &of.sql, rows) {
            for row in self.old.query(&question, &[]).await? {
                let number = usize::try_from(row.get::<_, i32>(0)).unwrap_or(usize::MAX);
                is_changed.get_mut(number).into_iter().for_each(|changed| *changed = true);
            }
        }
        let statement = self.load.computed(about, &layout, &of.sql, rows);
        let mut stream = Batches::open(&self.old, &statement, &layout).await?;
        let batch = stream.take(rows.len()).await?;
        stream.expect_end().await?;
        let encoder = BatchEncoder::new(&layout);
        let values = view(&encoder, &batch)?;
        let one = |(row, is_changed): (usize, bool)| {
            if is_changed {
                let why = format!("held: {} would be cut or rounded to {}", of.column.name, of.column.data_type.sql);
                return Ok(Computed::Nothing(why));
            }
            let mut value = Vec::new();
            let has = values.field(row, 0, &mut value).map_err(unreadable)?;
            if !has && of.chosen.choice == Choice::Delta {
                return Ok(Computed::Nothing(format!("held: {} has no difference: a side of it is NULL", of.column.name)));
            }
            Ok(Computed::Value(has.then_some(value)))
        };
        is_changed.into_iter().enumerate().map(one).collect()
    }
}

/// Reads what is to be computed for a column, and looks at it as the server has parsed it; nothing where the choice is another.
///
/// # Errors
/// `Config` where it is no value of the column's type, is about more than one row, or calls what is VOLATILE.
pub(super) async fn expression<'a>(
    (servers, database): (&Servers, &str),
    record: &TableRecord,
    (index, column): (usize, &'a Column),
    chosen: &Chosen,
) -> Result<Option<Expression<'a>>> {
    let sql = match &chosen.choice {
        Choice::Delta => both_differences(column),
        Choice::Sql(sql) => sql.clone(),
        Choice::Of(_) | Choice::Text(_) | Choice::Null => return Ok(None),
    };
    let sandbox = Sandbox::open(servers, database).await?;
    sandbox.find_as_old_does().await?;
    let found = look_at(&sandbox, &load_table(record).computed_view(&record.old, column, &sql)).await;
    let facts = found.map_err(|error| match server_fault(&error).filter(|_| error.kind() == ErrorKind::Server) {
        Some(said) => fault(chosen).because(said.to_string()).next("correct the expression"),
        None => error.at(&chosen.place),
    })?;
    of_one_row(&facts).map_err(|cause| fault(chosen).because(cause))?;
    sandbox.leave().await?;
    Ok(Some(Expression { index, column, sql, chosen: chosen.clone() }))
}

fn load_table(record: &TableRecord) -> LoadTable<'_> {
    let source = RowSource::of(&record.old, &record.key, Side::Old);
    LoadTable { name: load_table_name(0), source, columns: load_columns(record) }
}

/// Whether the server would say something else to other values: a number out of range, a division by zero, a domain's check.
fn is_of_values(said: &ServerFault) -> bool {
    said.sqlstate.starts_with("22") || said.sqlstate.starts_with("23")
}

fn unreadable(error: CodecError) -> Error {
    Error::new(ErrorKind::Damaged, "compose rows").because(error)
}
