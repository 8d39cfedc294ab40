//! What failback itself has written to OLD's tables: transactions of merges whose rows are NEW's, value by value, until
//! somebody writes them again. A row that bears such a number was written by none of OLD's users since.
//!
//! A merge counts only if it was over before this run looked at NEW: one that came later may have brought what NEW wrote since.
//! And only where nothing but NEW's values can have come with it: no trigger fired, and no action of a foreign key
//! (`session_replication_role` was set). An undo never does: what it put back, somebody of OLD's may have written after the
//! cutover.

use std::collections::BTreeMap;

use super::ledger::Ledger;
use super::recorded::{NewServer, recorded};
use crate::error::Result;
use crate::name::QualifiedName;
use crate::pg::{ServerIdentity, Session};

const MERGES: &str = include_str!("../../../sql/ledger/merges.sql");

/// The transactions of merges, by table.
#[derive(Debug, Default)]
pub(crate) struct OwnWrites(BTreeMap<String, Vec<i64>>);

impl OwnWrites {
    /// Reads which merges brought rows of this NEW before the export: `horizon` is the number below which every transaction
    /// of OLD's database had ended by then. Where that is not known, none counts.
    ///
    /// # Errors
    /// Whatever asking OLD can give: `Permission` where this user may not read its ledger.
    pub(crate) async fn read(ledger: &Ledger, old: &Session, new: &ServerIdentity, horizon: Option<i64>) -> Result<Self> {
        let mut found = Self::default();
        let (Some(from), Some(horizon)) = (NewServer::of(new), horizon) else { return Ok(found) };
        if !ledger.exists(old).await? {
            return Ok(found);
        }
        for row in old.query(&ledger.statement(MERGES), &[]).await? {
            let transaction: i64 = row.get("transaction_id");
            if transaction >= horizon {
                continue;
            }
            for (table, one) in recorded(row.get("tables"))? {
                if one.from.as_ref() == Some(&from) {
                    found.0.entry(table).or_default().push(transaction);
                }
            }
        }
        Ok(found)
    }

    /// Returns those that wrote to a table.
    pub(crate) fn of(&self, table: &QualifiedName) -> &[i64] {
        self.0.get(&table.to_string()).map_or(&[], Vec::as_slice)
    }
}
