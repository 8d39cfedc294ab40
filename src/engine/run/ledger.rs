//! The ledger: what OLD itself knows of the merges and undos that were committed on it. Written in the same transaction as the
//! rows, so it is right whatever happens to us: a lost answer to COMMIT, a kill, a power cut.

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tracing::Instrument as _;

use super::progress::Event;
use super::servers::Servers;
use super::spans;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::staging::{DatabasePlan, Manifest, RunId, Written};
use crate::words::{Word as _, words};

const CREATE: &str = include_str!("../../../sql/ledger/create.sql");
const EXISTS: &str = include_str!("../../../sql/ledger/exists.sql");
const LATEST: &str = include_str!("../../../sql/ledger/latest.sql");
const LATEST_OF_RUN: &str = include_str!("../../../sql/ledger/latest_of_run.sql");
const RECORD: &str = include_str!("../../../sql/ledger/record.sql");
const LOCK_HOLDER: &str = include_str!("../../../sql/ledger/lock_holder.sql");
const LOCK: &str = include_str!("../../../sql/ledger/lock.sql");

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
}

/// Reads what happened last to a plan's part on OLD; `None` if nothing did.
pub(crate) async fn latest(old: &Session, part: &DatabasePlan) -> Result<Option<Entry>> {
    if !exists(old).await? {
        return Ok(None);
    }
    let rows = old.query(LATEST, &[&part.digest]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let malformed = |cause: String| Error::new(ErrorKind::Malformed, "read the ledger on OLD").because(cause);
    let action = action(row)?;
    let tables = serde_json::from_str(row.get(1)).map_err(|error| malformed(error.to_string()))?;
    Ok(Some(Entry { action, tables, recorded_at: row.get(2), merged_in: row.get(3) }))
}

fn action(row: &Row) -> Result<LedgerAction> {
    let word = row.get::<_, &str>(0);
    LedgerAction::read(word).map_err(|_| {
        Error::new(ErrorKind::Malformed, "read the ledger on OLD")
            .because(format!("it names an action that this failback does not know: {word}"))
    })
}

/// Lists the databases of a run in which a merge of it stands: their part of the run's files is what undo needs, so it must not
/// be written anew. Asks by the run and not by its plan, which may be missing or edited.
///
/// # Errors
/// `Refused` where a merge stands in every one of them; whatever connecting can give.
pub(crate) async fn merged_databases(servers: &Servers, manifest: &Manifest) -> Result<Vec<String>> {
    let mut merged = Vec::new();
    for database in &manifest.databases {
        let old = servers.connect(Side::Old, &database.name).await?;
        if !exists(&old).await? {
            continue;
        }
        let last = old.query(LATEST_OF_RUN, &[&manifest.run_id.as_str()]).await?;
        if last.first().map(action).transpose()?.is_some_and(LedgerAction::leaves_rows) {
            merged.push(database.name.clone());
        }
    }
    if !merged.is_empty() && merged.len() == manifest.databases.len() {
        return Err(Error::new(ErrorKind::Refused, "replace what was merged")
            .at(format!("database {}", merged.join(", ")))
            .because("this run is merged, and its files are what `failback undo` needs")
            .next("for what is still held, make a new run: `failback export`, or `failback recover`")
            .next("or take the merge back first with `failback undo`"));
    }
    Ok(merged)
}

/// Says that a part of the run's files stays, since a merge of it stands.
pub(crate) fn kept(database: &str) -> Event {
    Event::Note(format!("database {database} is merged: its part of the run stays as it is"))
}

async fn exists(old: &Session) -> Result<bool> {
    Ok(old.query(EXISTS, &[]).await?.first().is_some_and(|row| row.get(0)))
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
    let holder = old.query(LOCK_HOLDER, &[]).await?.first().map_or_else(String::new, holder);
    Err(Error::new(ErrorKind::Refused, "lock OLD's ledger")
        .because(format!("another merge or undo is at work on this database{holder}"))
        .next("wait until it has ended: `failback status` tells")
        .next(
            "if its failback is gone, OLD ends it within a second where it can notice; else end the session with \
             pg_terminate_backend",
        ))
}

/// Says which session holds the lock, and since when.
fn holder(row: &Row) -> String {
    let text = |column: &str| row.get::<_, Option<String>>(column).filter(|text| !text.is_empty());
    let mut said = format!(": session {}", row.get::<_, i32>("pid"));
    for (word, column) in [("of", "user_name"), ("from", "client"), ("since", "since")] {
        if let Some(value) = text(column) {
            said.extend([" ", word, " ", &value]);
        }
    }
    said
}

pub(super) fn not_allowed(error: Error) -> Error {
    if error.kind() == ErrorKind::Permission {
        return error
            .next("let a user who may create schemas merge, or grant it: GRANT CREATE ON DATABASE … TO the user")
            .next("or make the ledger beforehand, and grant USAGE on the schema failback, SELECT and INSERT on its tables");
    }
    error
}

/// Makes the ledger where there is none.
pub(super) async fn make(old: &Session) -> Result<()> {
    // CREATE … IF NOT EXISTS wants the privilege to create even where there is nothing to do.
    if exists(old).await? { Ok(()) } else { old.execute_all(CREATE).await.map_err(not_allowed) }
}

/// Records what a transaction does; commits with it.
pub(crate) async fn record(
    old: &Session,
    part: &DatabasePlan,
    run_id: &RunId,
    action: LedgerAction,
    tables: &[(String, Written)],
) -> Result<()> {
    make(old).await?;
    let counts =
        serde_json::to_string(tables).map_err(|error| Error::new(ErrorKind::Storage, "write the ledger").because(error))?;
    let version = env!("CARGO_PKG_VERSION");
    old.execute(RECORD, &[&part.digest, &run_id.as_str(), &action.word(), &counts, &version]).await.map(|_| ())
}
