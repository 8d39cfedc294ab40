//! The tables that a transaction is about: locked in one go before anything else, so that no wait for one of them goes on while
//! rows of another are locked.

use std::collections::{BTreeMap, BTreeSet};

use tracing::Instrument as _;

use super::definitions::ANOTHER_RUN;
use super::scope::Scope;
use super::triggers::Triggers;
use crate::catalog;
use crate::engine::rows::finding_names;
use crate::engine::run::spans;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::QualifiedName;
use crate::pg::{ServerFault, Session, server_fault};
use crate::schema::ForeignKey;
use crate::staging::layout::TableId;
use crate::statement::{LockMode, Operation, hold_tables, lock_tables};

/// Locks every table that is written, as strongly as will be needed, and holds those that foreign keys tie to them. Returns how
/// many tables are locked in each mode.
///
/// # Errors
/// `Timeout` where somebody has one of them; `Refused` where one that is written no longer exists.
pub(crate) async fn lock(old: &Session, scope: &Scope, triggers: Triggers) -> Result<BTreeMap<String, u64>> {
    let wanted = Wanted::of(old, scope, triggers).await?;
    let locking = async {
        for mode in LockMode::ALL.iter().rev() {
            let tables: Vec<_> = wanted.written.iter().filter(|(_, one)| *one == mode).map(|(name, _)| name).collect();
            if let Some(statement) = lock_tables(&tables, *mode) {
                old.execute_all(&statement).await?;
            }
        }
        match hold_tables(&wanted.tied.iter().collect::<Vec<_>>()) {
            Some(statement) => finding_names(old, true, old.execute_all(&statement)).await,
            None => Ok(()),
        }
    };
    locking.instrument(spans::lock("the tables")).await.map_err(gone)?;
    let mut locks = BTreeMap::new();
    for mode in wanted.written.values() {
        *locks.entry(mode.to_string()).or_insert(0) += 1;
    }
    if !wanted.tied.is_empty() {
        locks.insert("access share".to_owned(), wanted.tied.len() as u64);
    }
    Ok(locks)
}

/// Lists the tables of which users are kept out while they are written, with the lock that does it.
///
/// # Errors
/// Whatever asking OLD can give.
pub(crate) async fn strong(old: &Session, scope: &Scope, triggers: Triggers) -> Result<Vec<(QualifiedName, LockMode)>> {
    let wanted = Wanted::of(old, scope, triggers).await?;
    Ok(wanted.written.into_iter().filter(|(_, mode)| *mode > LockMode::RowExclusive).collect())
}

/// Which tables, and how.
struct Wanted {
    written: BTreeMap<QualifiedName, LockMode>,
    /// Parents of what is written, and children of what goes.
    tied: BTreeSet<QualifiedName>,
}

impl Wanted {
    /// Asks before anything is locked; whatever has changed by the time when it is, is found then.
    async fn of(old: &Session, scope: &Scope, triggers: Triggers) -> Result<Self> {
        let keys = catalog::foreign_keys(old.client()).await?;
        let is_meant = |table: &TableId| scope.batch.as_ref().is_none_or(|batch| batch.contains_key(table));
        let planned = scope.part.tables.iter().filter(|table| table.written_rows() > 0 && is_meant(&table.id));
        let mut written: BTreeMap<_, _> = planned.map(|table| (table.name.clone(), LockMode::RowExclusive)).collect();
        let mut tied = BTreeSet::new();
        let lifted = |key: &ForeignKey| matches!(scope.lifted_keys.get(&(key.child.clone(), key.name.clone())), Some(Some(_)));
        for merge in scope.merges(&keys, triggers)? {
            let name = &merge.record.name;
            let silencing = triggers.silencing(old, name).await.place(|| name)?.mode();
            let own = merge.keeps_writers_out(triggers).then_some(LockMode::ShareRowExclusive);
            let lifts = scope.lifted.get(name).is_some_and(|checks| checks.iter().any(|check| check.of_table));
            let lifts = lifts || keys.iter().any(|key| lifted(key) && (key.child == *name || key.parent == *name));
            let lifting = lifts.then_some(LockMode::AccessExclusive);
            let mode = silencing.max(own).max(lifting).unwrap_or(LockMode::RowExclusive);
            written.insert(name.clone(), mode);
            for key in &keys {
                if key.child == *name && merge.wanted.sum_of(Operation::brings_row) > 0 {
                    tied.insert(key.referenced().clone());
                }
                if key.parent == *name && merge.wanted.sum_of(Operation::takes_row) > 0 {
                    tied.insert(key.referencing().clone());
                }
            }
        }
        tied.retain(|name| !written.contains_key(name));
        Ok(Self { written, tied })
    }
}

/// What the server says of a name that it does not know, where a table of the plan is to be locked: the table has been dropped
/// or renamed. Its message names the table.
fn gone(error: Error) -> Error {
    let unknown = |fault: &&ServerFault| matches!(fault.sqlstate.as_str(), "42P01" | "3F000");
    let Some(fault) = server_fault(&error).filter(unknown) else { return error };
    Error::new(ErrorKind::Refused, "check the tables' definitions")
        .because(format!("a table that the plan writes no longer exists on OLD: {}", fault.message))
        .next(ANOTHER_RUN)
}
