//! The ledger: what OLD itself knows of the merges and undos that were committed on it. Written in the same transaction as the
//! rows, so it is right whatever happens to us: a lost answer to COMMIT, a kill, a power cut.

use std::collections::BTreeMap;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tracing::Instrument as _;

use super::context::Context;
use super::entry::{Entry, LedgerAction, action};
use super::progress::Event;
use super::recorded::{Recorded, counts, recorded};
use super::spans;
use crate::catalog;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Ident;
use crate::pg::Session;
use crate::schema::LedgerPlace;
use crate::staging::{DatabasePlan, RunId, Written};
use crate::statement::in_ledger;

const CREATE: &str = include_str!("../../../sql/ledger/create.sql");
const CREATE_SCHEMA: &str = include_str!("../../../sql/ledger/create_schema.sql");
const LATEST: &str = include_str!("../../../sql/ledger/latest.sql");
const STANDING: &str = include_str!("../../../sql/ledger/standing.sql");
const LATEST_OF_RUN: &str = include_str!("../../../sql/ledger/latest_of_run.sql");
const UNDONE_SINCE: &str = include_str!("../../../sql/ledger/undone_since.sql");
const RECORD: &str = include_str!("../../../sql/ledger/record.sql");
const LOCK_HOLDER: &str = include_str!("../../../sql/ledger/lock_holder.sql");
const LOCK: &str = include_str!("../../../sql/ledger/lock.sql");

const HOLD: &str = include_str!("../../../sql/ledger/hold.sql");
const UNFINISHED: &str = include_str!("../../../sql/ledger/unfinished.sql");
const TAKES_BATCHES: &str = include_str!("../../../sql/ledger/takes_batches.sql");
const TAKE_BATCHES: &str = include_str!("../../../sql/ledger/take_batches.sql");

/// The number that lock.sql takes.
const LOCK_NUMBER: i64 = 7_377_293_599_041_839_979;

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
        Entry::read(row).map(Some)
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

    /// Expects that no live merge of another plan has begun and not ended: what it has still to do could meet what is done
    /// here.
    ///
    /// # Errors
    /// `Refused` where there is one; whatever asking OLD can give.
    pub(crate) async fn expect_none_unfinished(&self, old: &Session, part: &DatabasePlan) -> Result<()> {
        if !self.exists(old).await? {
            return Ok(());
        }
        let found = old.query(&self.statement(UNFINISHED), &[&part.digest]).await?;
        let Some(row) = found.first() else { return Ok(()) };
        let (run, at): (&str, &str) = (row.get("run_id"), row.get("recorded_at"));
        Err(Error::new(ErrorKind::Refused, "write to OLD")
            .because(format!("a live merge of run {run} has begun on this database and is not finished, last at {at}"))
            .next("end it first: `failback merge --live` of that run goes on with it")
            .next("or take back what it has brought: `failback undo` of that run"))
    }

    /// Makes a ledger that takes batches, or lets the one that is there take them; in a transaction of the caller's.
    ///
    /// # Errors
    /// `Permission` where this user may not.
    pub(crate) async fn take_batches(&self, old: &Session) -> Result<()> {
        self.make(old).await?;
        let found = old.query(&self.statement(TAKES_BATCHES), &[]).await?;
        if found.first().is_some_and(|row| row.get("takes_batches")) {
            return Ok(());
        }
        old.execute_all(&self.statement(TAKE_BATCHES)).await.map_err(|error| {
            if error.kind() == ErrorKind::Permission {
                return error
                    .next("a ledger that has no batches yet is altered by its owner alone: let that user merge")
                    .next("or merge without --live, in one transaction");
            }
            error
        })
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

/// Says that a part of the run's files stays, since a merge of it stands.
pub(crate) fn kept(database: &str) -> Event {
    Event::Note(format!("database {database} is merged: its part of the run stays as it is"))
}

/// Keeps every other merge and undo away from this database as long as the session lasts.
///
/// # Errors
/// As [`lock`].
pub(crate) async fn hold(old: &Session) -> Result<()> {
    take(old, HOLD).await
}

/// Keeps every other merge and undo away from this database until the transaction ends.
///
/// # Errors
/// `Refused` where another one is at work.
pub(crate) async fn lock(old: &Session) -> Result<()> {
    take(old, LOCK).await
}

async fn take(old: &Session, statement: &str) -> Result<()> {
    let taken = old.query(statement, &[]).instrument(spans::lock("the ledger")).await?;
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
