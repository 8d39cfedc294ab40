//! Keeping OLD's triggers quiet while rows are merged: NEW's rows already carry their effects, and an `updated_at` trigger
//! would falsify them.

use tokio_postgres::Row;

use crate::catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::staging::DatabasePlan;
use crate::statement::{CHECK_CONSTRAINTS, DEFER_CONSTRAINTS, LockMode, REPLICA_ROLE};

const FIRING: &str = include_str!("../../../sql/session/firing_triggers.sql");
const DIVERTING: &str = include_str!("../../../sql/session/diverting_rules.sql");

/// How triggers are kept quiet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Triggers {
    /// `session_replication_role = replica`, for the transaction: user triggers, rules, event triggers, foreign keys and
    /// deferrable constraints stay silent. Triggers and rules that fire on replicas or always are silenced a table.
    Replica,
    /// `ALTER TABLE … DISABLE TRIGGER` and `DISABLE RULE` for whatever of the user's would fire, within the transaction:
    /// foreign keys stay on.
    DisableUser,
    /// They fire, because the user asked for it.
    Fire,
}

impl Triggers {
    /// Finds the strongest way that OLD permits. Asked outside any transaction.
    ///
    /// # Errors
    /// `Refused` where no way is permitted and some table has triggers that would fire.
    pub(crate) async fn choose(old: &Session, plan: &DatabasePlan, fire: bool) -> Result<Self> {
        if fire {
            return Ok(Self::Fire);
        }
        if catalog::replica_role_allowed(old.client()).await? {
            return Ok(Self::Replica);
        }
        for table in plan.tables.iter().filter(|table| table.changes.is_some()) {
            if !catalog::is_owner(old.client(), &table.name).await? {
                return Err(Error::new(ErrorKind::Refused, "keep OLD's triggers quiet")
                    .at(&table.name)
                    .because("this user may neither set session_replication_role nor disable the table's triggers")
                    .next(
                        "grant it: GRANT SET ON PARAMETER session_replication_role TO the user (PostgreSQL 15), \
                         or use the owner",
                    )
                    .next(
                        "or let the triggers fire with --fire-triggers: they will stamp and log the merged rows as if \
                           written now",
                    ));
            }
        }
        Ok(Self::DisableUser)
    }

    /// Silences all triggers for the transaction that has just begun, where that is the way.
    pub(crate) async fn begin(self, old: &Session) -> Result<()> {
        // With foreign keys on, rows of a cycle can only come one after the other where the server waits with its checks.
        old.execute_all(if self == Self::Replica { REPLICA_ROLE } else { DEFER_CONSTRAINTS }).await
    }

    /// Lets the server check what was deferred, while an error still says which rows it is about.
    pub(crate) async fn settle(self, old: &Session) -> Result<()> {
        if self == Self::Replica {
            return Ok(());
        }
        old.execute_all(CHECK_CONSTRAINTS).await
    }

    /// Silences one table's triggers, where that is done a table. Returns the statements that take it back.
    pub(crate) async fn silence(self, old: &Session, table: &QualifiedName) -> Result<String> {
        if self == Self::Fire {
            return expect_no_diversion(old, table).await.map(|()| String::new());
        }
        let silencing = self.silencing(old, table).await?;
        if silencing.silence.is_empty() {
            return Ok(String::new());
        }
        old.execute_all(&silencing.silence.join("; ")).await?;
        Ok(silencing.restore.join("; "))
    }

    /// Finds what silences one table's triggers.
    pub(crate) async fn silencing(self, old: &Session, table: &QualifiedName) -> Result<Silencing> {
        let modes = match self {
            Self::Replica => "RA",
            Self::DisableUser => "OA",
            Self::Fire => return Ok(Silencing::default()),
        };
        let found = old.query(FIRING, &[&table.sql(), &modes]).await?;
        let text = |row: &Row, column: &str| row.get::<_, Option<String>>(column);
        Ok(Silencing {
            silence: found.iter().filter_map(|row| text(row, "silence")).collect(),
            restore: found.iter().filter_map(|row| text(row, "restore")).collect(),
            has_rules: found.iter().any(|row| row.get::<_, &str>("kind") == "rule" && text(row, "silence").is_some()),
        })
    }

    /// Whether a row can be deleted and inserted again, so that unique values can move between rows. With foreign keys on, a
    /// parent cannot; and triggers that fire would take it for a deletion.
    pub(crate) const fn can_replace(self, is_parent: bool) -> bool {
        match self {
            Self::Replica => true,
            Self::DisableUser => !is_parent,
            Self::Fire => false,
        }
    }
}

/// What silences one table's triggers and rules.
#[derive(Default)]
pub(crate) struct Silencing {
    silence: Vec<String>,
    /// The statements that take it back.
    restore: Vec<String>,
    /// Whether rules are among it.
    has_rules: bool,
}

impl Silencing {
    /// Returns the lock that the server takes for it; `None` where there is nothing to silence.
    pub(crate) fn mode(&self) -> Option<LockMode> {
        let mode = if self.has_rules { LockMode::AccessExclusive } else { LockMode::ShareRowExclusive };
        (!self.silence.is_empty()).then_some(mode)
    }
}

/// A rule that puts another statement in the place of ours answers with that one's count of rows, so a lost row would not show.
async fn expect_no_diversion(old: &Session, table: &QualifiedName) -> Result<()> {
    match old.query(DIVERTING, &[&table.sql()]).await?.first() {
        None => Ok(()),
        Some(rule) => Err(Error::new(ErrorKind::Refused, "let OLD's rules fire")
            .at(table)
            .because(format!("its rule {} is DO INSTEAD: the planned rows would not arrive", rule.get::<_, &str>(0)))
            .next("merge without --fire-triggers, which leaves rules alone too")),
    }
}
