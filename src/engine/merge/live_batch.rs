//! One batch of a live merge: closed units of the plan in a transaction of its own, and what can come between.

use std::collections::BTreeMap;
use std::time::Instant;

use super::moved_rows::moved_since;
use super::prepare::recorded;
use super::scope::Scope;
use super::transaction::carry_out;
use super::triggers::Triggers;
use super::{definitions, table_locks};
use crate::engine::run::{Context, Ledger, LedgerAction, is_lock_wait};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{Session, sqlstate};
use crate::staging::layout::TableId;
use crate::staging::{DatabasePlan, RunId};

const GUARD_WRITES: &str = include_str!("../../../sql/session/guard_writes.sql");
const GUARD_BATCH: &str = include_str!("../../../sql/session/guard_batch.sql");
const OWN_TRANSACTION: &str = include_str!("../../../sql/session/own_transaction.sql");

/// Rows that come together or not at all, by table and position in its diff.
pub(super) type Rows = Vec<(TableId, usize)>;

/// Some units of a plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Batch {
    pub(super) units: Vec<Rows>,
    /// How often it was tried in vain for reasons that may pass.
    pub(super) tries: u32,
}

impl Batch {
    /// Lists the positions of each table's rows, in ascending order.
    pub(super) fn positions(&self) -> BTreeMap<TableId, Vec<usize>> {
        let mut found: BTreeMap<TableId, Vec<usize>> = BTreeMap::new();
        for (table, row) in self.units.iter().flatten() {
            found.entry(*table).or_default().push(*row);
        }
        for rows in found.values_mut() {
            rows.sort_unstable();
        }
        found
    }

    /// Parts it in two, if it has more than one unit.
    pub(super) fn halves(mut self) -> (Self, Option<Self>) {
        let rest = self.units.split_off(self.units.len().div_ceil(2));
        let second = (!rest.is_empty()).then_some(Self { units: rest, tries: 0 });
        (Self { tries: 0, ..self }, second)
    }
}

/// Why a batch did not come.
#[derive(Debug)]
pub(super) enum Failure {
    /// These rows of a table, by their numbers among those of the batch, are not as they were classified.
    Moved(TableId, Vec<usize>),
    /// Something stands against some of its rows.
    Rows(Error),
    /// It was in the way of others, or they in its: it may be tried again.
    Again(Error),
    /// A table could not be locked.
    Busy(Error),
    /// The connection is gone: what became of it is to be asked.
    Lost(Error),
    /// Something stands against all that is to come.
    Whole(Error),
}

impl Failure {
    /// Judges an error that does not depend on rows.
    pub(super) fn of_all(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Connect => Self::Lost(error),
            _ if is_lock_wait(&error) => Self::Busy(error),
            ErrorKind::Timeout | ErrorKind::Contention => Self::Again(error),
            _ => Self::Whole(error),
        }
    }

    /// Judges an error of rows that are compared and written.
    fn of_rows(error: Error) -> Self {
        if let Some((table, which)) = moved_since(&error) {
            return Self::Moved(table, which.to_vec());
        }
        match error.kind() {
            ErrorKind::Connect => Self::Lost(error),
            _ if is_lock_wait(&error) || sqlstate(&error) == Some("40001") => Self::Again(error),
            ErrorKind::Timeout | ErrorKind::Contention => Self::Again(error),
            ErrorKind::Refused | ErrorKind::Server => Self::Rows(error),
            _ => Self::Whole(error),
        }
    }
}

/// Does everything between BEGIN and COMMIT, and returns the transaction's number, and since when rows are locked.
pub(super) async fn carry_out_batch(
    context: &Context,
    old: &Session,
    scope: &Scope,
    (part, run_id): (&DatabasePlan, &RunId),
) -> Result<(i64, Instant), Failure> {
    let ledger = Ledger::of(context);
    old.query(GUARD_WRITES, &[]).await.map_err(Failure::of_all)?;
    old.query(GUARD_BATCH, &[]).await.map_err(Failure::of_all)?;
    table_locks::lock(old, scope, Triggers::Replica).await.map_err(Failure::of_all)?;
    Triggers::Replica.begin(old).await.map_err(Failure::of_all)?;
    definitions::expect_same(old, &scope.part, &scope.record).await.map_err(Failure::of_all)?;
    let locked_since = Instant::now();
    let tables = Box::pin(carry_out(context, old, scope, Triggers::Replica)).await.map_err(Failure::of_rows)?;
    let work = async {
        let recorded = recorded(old, scope, &tables, Triggers::Replica).await?;
        ledger.record(old, part, run_id, LedgerAction::MergeBatch, &recorded).await?;
        definitions::expect_same(old, &scope.part, &scope.record).await?;
        old.query(OWN_TRANSACTION, &[]).await
    };
    let found = work.await.map_err(Failure::of_all)?;
    Ok((found.first().map_or(0, |row| row.get("transaction_id")), locked_since))
}
