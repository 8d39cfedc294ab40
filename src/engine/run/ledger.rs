//! The ledger: what OLD itself knows of the merges and undos that were committed on it. Written in the same transaction as the
//! rows, so it is right whatever happens to us: a lost answer to COMMIT, a kill, a power cut.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::Instrument as _;

use super::context::Context;
use super::progress::Event;
use super::recorded::{Recorded, RowNumbers};
use super::spans;
use crate::catalog;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Ident;
use crate::pg::Session;
use crate::schema::LedgerPlace;
use crate::staging::layout::TableId;
use crate::staging::{DatabasePlan, RunId, Written};
use crate::statement::in_ledger;
use crate::words::{Word as _, words};

const CREATE: &str = include_str!("../../../sql/ledger/create.sql");
const CREATE_SCHEMA: &str = include_str!("../../../sql/ledger/create_schema.sql");
const LATEST: &str = include_str!("../../../sql/ledger/latest.sql");
const STANDING: &str = include_str!("../../../sql/ledger/standing.sql");
const LATEST_OF_RUN: &str = include_str!("../../../sql/ledger/latest_of_run.sql");
const UNDONE_SINCE: &str = include_str!("../../../sql/ledger/undone_since.sql");
const RECORD: &str = include_str!("../../../sql/ledger/record.sql");
const LOCK_HOLDER: &str = include_str!("../../../sql/ledger/lock_holder.sql");
const LOCK: &str = include_str!("../../../sql/ledger/lock.sql");

/// The number that lock.sql takes.
const LOCK_NUMBER: i64 = 7_377_293_599_041_839_979;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerAction {
    /// A plan was carried out.
    Merge,
    /// It was taken back.
    Undo,
    /// It was taken back but for rows that had been written since.
    UndoPart,
}

words!(LedgerAction {
    Merge => "merge",
    Undo => "undo",
    UndoPart => "undo_part",
});

impl LedgerAction {
    /// Whether OLD has rows of the plan after it.
    #[must_use]
    pub const fn leaves_rows(self) -> bool {
        match self {
            Self::Merge | Self::UndoPart => true,
            Self::Undo => false,
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What was done.
    pub action: LedgerAction,
    /// How many rows were written, a table.
    pub tables: Vec<(String, Written)>,
    /// When, by OLD's clock.
    pub recorded_at: String,
    /// The merge's transaction, where rows that it wrote can still be told by it: rows that bear its number (their `xmin`) have
    /// not been written since.
    pub merged_in: Option<i64>,
    /// The transactions that took parts of it back.
    #[serde(skip)]
    pub undone_in: Vec<i64>,
    /// The transactions that took merges of other runs back which had come after this one: what they put back, they had found.
    #[serde(skip)]
    pub put_back_in: Vec<i64>,
    /// After an undo in part: how many rows of the merge stand, where that was written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing_rows: Option<u64>,
    /// After an undo: how many rows of the merge stand, a table that has any; `None` where that was not written down.
    #[serde(skip)]
    pub(crate) standing: Option<Vec<(String, u64)>>,
    /// After an undo in part: the rows that it left, a table. `None` where nothing was written down of them.
    #[serde(skip)]
    pub(crate) left: Option<BTreeMap<TableId, RowNumbers>>,
    /// The relations and files that held the merge's rows, a table, as far as they are known.
    #[serde(skip)]
    pub(crate) files: BTreeMap<TableId, Vec<(u32, u32)>>,
}

impl Entry {
    /// # Errors
    /// `Refused` after an undo in part of which the ledger does not say which rows it left: what stands under the keys of the
    /// others by now may be somebody else's.
    pub(crate) fn expect_remainder(&self) -> Result<()> {
        if self.action != LedgerAction::UndoPart || self.left.is_some() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Refused, "take back what an undo left")
            .because("an earlier failback undid a part, and did not write down which rows it left")
            .next("make a new run with `failback export`: its plan shows what is still otherwise"))
    }

    /// Returns how many rows an undo has left.
    pub(crate) fn left_rows(&self) -> u64 {
        self.left.iter().flat_map(BTreeMap::values).map(RowNumbers::len).sum()
    }

    /// Whether an undo has a table's row before it: an earlier one may have done with it.
    pub(crate) fn has_before_it(&self, table: TableId, row: usize) -> bool {
        self.left.as_ref().is_none_or(|left| left.get(&table).is_some_and(|rows| rows.has(row)))
    }
}

/// A merge of another run that was taken back.
#[derive(Clone, Debug)]
pub(crate) struct Undone {
    /// The run.
    pub(crate) run_id: String,
    /// How many rows were taken back, a table.
    pub(crate) tables: Vec<(String, Written)>,
    /// When, by OLD's clock.
    pub(crate) recorded_at: String,
    /// The transaction that took them back.
    pub(crate) transaction: i64,
    /// The keys of those that the run which asks has staged, a table.
    pub(crate) keys: BTreeMap<String, Vec<String>>,
}

/// The ledger of a database, in the schema that is meant for it.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    schema: Ident,
}

impl Ledger {
    /// Returns the one that the settings mean.
    pub(crate) fn of(context: &Context) -> Self {
        Self { schema: context.selection().ledger_schema() }
    }

    /// Returns the schema.
    pub(crate) const fn schema(&self) -> &Ident {
        &self.schema
    }

    /// Returns a statement of `sql/ledger/` for this ledger.
    pub(super) fn statement(&self, sql: &str) -> String {
        in_ledger(sql, &self.schema)
    }

    /// Looks at the schema. Whoever reads or writes the ledger asks here first.
    ///
    /// # Errors
    /// `Refused` where the schema is somebody else's, or the ledger is another one.
    pub(crate) async fn place(&self, old: &Session) -> Result<LedgerPlace> {
        let place = catalog::ledger_place(old.client(), &self.schema).await.place(|| old.place())?;
        let schema = &self.schema;
        let refused = |cause: String| Error::new(ErrorKind::Refused, "find OLD's ledger").at(old.place()).because(cause);
        match place {
            LedgerPlace::Absent | LedgerPlace::Empty | LedgerPlace::Ledger { .. } => Ok(place),
            LedgerPlace::Taken(what) => Err(refused(format!("the schema {schema} is not failback's: it holds {what}"))
                .next("name another schema for failback's own records: `ledger_schema = \"…\"` in failback.toml")
                .next(format!("nothing is written to {schema}, and its tables are carried as any others"))),
            LedgerPlace::Elsewhere(found) => {
                Err(refused(format!("the ledger is meant to be in the schema {schema}, and one is in {found}"))
                    .next(format!("write `ledger_schema = \"{found}\"` in failback.toml: that ledger knows what was merged"))
                    .next(format!("or move it: ALTER SCHEMA {} RENAME TO {};", found.sql(), schema.sql())))
            }
            LedgerPlace::Newer { format } => {
                Err(refused(format!("a newer failback made the ledger in the schema {schema}: it is of format {format}"))
                    .next("use that failback, or a newer one"))
            }
        }
    }

    pub(super) async fn exists(&self, old: &Session) -> Result<bool> {
        Ok(matches!(self.place(old).await?, LedgerPlace::Ledger { .. }))
    }

    /// Returns how many merges stand in a database, which may be BASE's.
    pub(crate) async fn standing(&self, session: &Session) -> Result<i64> {
        if !self.exists(session).await? {
            return Ok(0);
        }
        Ok(session.query(&self.statement(STANDING), &[]).await?.first().map_or(0, |row| row.get(0)))
    }

    /// Reads what happened last to a plan's part on OLD; `None` if nothing did.
    pub(crate) async fn latest(&self, old: &Session, part: &DatabasePlan) -> Result<Option<Entry>> {
        self.latest_of(old, &part.digest).await
    }

    /// The same, by the digest of the plan's part.
    pub(super) async fn latest_of(&self, old: &Session, digest: &str) -> Result<Option<Entry>> {
        if !self.exists(old).await? {
            return Ok(None);
        }
        let rows = old.query(&self.statement(LATEST), &[&digest]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (action, said) = (action(row)?, recorded(row.get("tables"))?);
        let standing = said.iter().filter_map(|(name, one)| Some((name.clone(), one.left.as_ref()?.len()))).collect();
        let left: BTreeMap<_, _> = said.iter().filter_map(|(_, one)| Some((one.table?, one.left.clone()?))).collect();
        let left = Some(left).filter(|left| action == LedgerAction::UndoPart && !left.is_empty());
        let of_merge = row.get::<_, Option<&str>>("merged_tables").map_or_else(|| Ok(Vec::new()), recorded)?;
        Ok(Some(Entry {
            action,
            tables: counts(said),
            recorded_at: row.get("recorded_at"),
            merged_in: row.get("merged_in"),
            standing_rows: left.as_ref().map(|left| left.values().map(RowNumbers::len).sum()),
            standing: (action == LedgerAction::Undo || left.is_some()).then_some(standing),
            left,
            files: of_merge.into_iter().filter_map(|(_, one)| Some((one.table?, one.files))).collect(),
            undone_in: row.get("undone_in"),
            put_back_in: row.get("put_back_in"),
        }))
    }

    /// Lists the merges of other runs that were taken back after this one had seen their rows: what it found alike on both
    /// sides for their sake is not so any more. `exported_us` is what OLD's clock showed at the export, if that is known.
    pub(crate) async fn undone_since(
        &self,
        old: &Session,
        run_id: &RunId,
        part: &DatabasePlan,
        exported_us: Option<i64>,
    ) -> Result<Vec<Undone>> {
        let rows = old.query(&self.statement(UNDONE_SINCE), &[&run_id.as_str(), &part.digest, &exported_us]).await?;
        let undone = |row: &Row| {
            let tables = counts(recorded(row.get("tables"))?);
            Ok(Undone {
                run_id: row.get("run_id"),
                tables,
                recorded_at: row.get("recorded_at"),
                transaction: row.get("transaction_id"),
                keys: BTreeMap::new(),
            })
        };
        rows.iter().map(undone).collect()
    }

    /// Reads what happened last to a run on a database, whichever of its plans it was; `None` if nothing did.
    ///
    /// # Errors
    /// Whatever asking OLD can give.
    pub(super) async fn last_of_run(&self, old: &Session, run_id: &RunId) -> Result<Option<LedgerAction>> {
        if !self.exists(old).await? {
            return Ok(None);
        }
        let last = old.query(&self.statement(LATEST_OF_RUN), &[&run_id.as_str()]).await?;
        last.first().map(action).transpose()
    }

    /// Makes the ledger where there is none.
    pub(super) async fn make(&self, old: &Session) -> Result<()> {
        let place = self.place(old).await?;
        if place == LedgerPlace::Absent {
            old.execute_all(&self.statement(CREATE_SCHEMA)).await.map_err(|error| self.not_allowed(error))?;
        }
        if matches!(place, LedgerPlace::Ledger { .. }) {
            return Ok(());
        }
        old.execute_all(&self.statement(CREATE)).await.map_err(|error| self.not_allowed(error))
    }

    /// Records what a transaction does; commits with it.
    pub(crate) async fn record(
        &self,
        old: &Session,
        part: &DatabasePlan,
        run_id: &RunId,
        action: LedgerAction,
        tables: &[(String, Recorded)],
    ) -> Result<()> {
        self.make(old).await?;
        let counts =
            serde_json::to_string(tables).map_err(|error| Error::new(ErrorKind::Storage, "write the ledger").because(error))?;
        let version = env!("CARGO_PKG_VERSION");
        let parameters: [&(dyn ToSql + Sync); 5] = [&part.digest, &run_id.as_str(), &action.word(), &counts, &version];
        old.execute(&self.statement(RECORD), &parameters).await.map(|_| ())
    }

    /// Says what to do where the user may not make the ledger.
    pub(super) fn not_allowed(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::Permission {
            return error
                .next("let a user who may create schemas merge, or grant it: GRANT CREATE ON DATABASE … TO the user")
                .next(self.made_beforehand());
        }
        error
    }

    /// Says what an administrator may do in place of letting the user make the ledger.
    pub(crate) fn made_beforehand(&self) -> String {
        format!("or make the ledger beforehand, and grant USAGE on the schema {}, SELECT and INSERT on its tables", self.schema)
    }
}

/// Returns how many rows were written to each table.
fn counts(tables: Vec<(String, Recorded)>) -> Vec<(String, Written)> {
    let counts = tables.into_iter().filter(|(_, one)| one.left.is_none());
    counts.map(|(name, one)| (name, one.written)).collect()
}

/// Reads what was recorded of each table.
pub(super) fn recorded(text: &str) -> Result<Vec<(String, Recorded)>> {
    let tables = serde_json::from_str(text);
    tables.map_err(|error| Error::new(ErrorKind::Malformed, "read the ledger on OLD").because(error.to_string()))
}

fn action(row: &Row) -> Result<LedgerAction> {
    let word = row.get::<_, &str>(0);
    LedgerAction::read(word).map_err(|_| {
        Error::new(ErrorKind::Malformed, "read the ledger on OLD")
            .because(format!("it names an action that this failback does not know: {word}"))
    })
}

/// Says that a part of the run's files stays, since a merge of it stands.
pub(crate) fn kept(database: &str) -> Event {
    Event::Note(format!("database {database} is merged: its part of the run stays as it is"))
}

/// Keeps every other merge and undo away from this database until the transaction ends.
///
/// # Errors
/// `Refused` where another one is at work.
pub(crate) async fn lock(old: &Session) -> Result<()> {
    let taken = old.query(LOCK, &[]).instrument(spans::lock("the ledger")).await?;
    if taken.first().is_some_and(|row| row.get(0)) {
        return Ok(());
    }
    let holder = lock_holder(old).await?.map_or_else(String::new, |session| format!(": {session}"));
    Err(Error::new(ErrorKind::Refused, "lock OLD's ledger")
        .because(format!("another merge or undo is at work on this database{holder}"))
        .next("wait until it has ended: `failback status` tells")
        .next(
            "if its failback is gone, OLD ends it within a second where it can notice; else end the session with \
             pg_terminate_backend",
        ))
}

/// Says which session of OLD's is at work on this database with a merge or an undo, and since when; `None` if none is.
pub(super) async fn lock_holder(old: &Session) -> Result<Option<String>> {
    holder_of(old, LOCK_NUMBER).await
}

/// Says which session holds an advisory lock of this database, and since when; `None` if none does.
pub(super) async fn holder_of(session: &Session, number: i64) -> Result<Option<String>> {
    Ok(session.query(LOCK_HOLDER, &[&number]).await?.first().map(holder))
}

fn holder(row: &Row) -> String {
    let text = |column: &str| row.get::<_, Option<String>>(column).filter(|text| !text.is_empty());
    let mut said = format!("session {}", row.get::<_, i32>("pid"));
    for (word, column) in [("of", "user_name"), ("from", "client"), ("since", "since")] {
        if let Some(value) = text(column) {
            said.extend([" ", word, " ", &value]);
        }
    }
    said
}
