//! What OLD's ledger says of a merge that is to be taken back: by which transaction its rows are known, and what earlier undos
//! took back of it.

use std::collections::BTreeMap;

use super::ledger::{Entry, Ledger, LedgerAction, counts, recorded};
use crate::error::Result;
use crate::pg::Session;
use crate::staging::{DatabasePlan, Written};

const UNDONE_IN_PART: &str = include_str!("../../../sql/ledger/undone_in_part.sql");

/// A merge that stands, if only in part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// The merge's transaction, where its rows can be told by it.
    pub(crate) merged_in: Option<i64>,
    /// The transactions that took parts of it back, and of merges of the same plan before it.
    pub(crate) ever_undone_in: Vec<i64>,
    /// What was taken back before, a table.
    undone: BTreeMap<String, Written>,
    /// The transactions that took that back, where their rows can be told by them.
    undone_in: Option<Vec<i64>>,
}

impl Standing {
    /// Asks OLD's ledger what followed the merge; `last` is its latest entry.
    ///
    /// # Errors
    /// Whatever asking OLD can give.
    pub(crate) async fn ask(ledger: &Ledger, old: &Session, part: &DatabasePlan, last: &Entry) -> Result<Self> {
        let mut standing = Self {
            merged_in: last.merged_in,
            ever_undone_in: last.undone_in.clone(),
            undone: BTreeMap::new(),
            undone_in: Some(Vec::new()),
        };
        // Where the ledger says which rows are left, what was done with the others is nobody's business any more.
        if last.action != LedgerAction::UndoPart || last.left.is_some() {
            return Ok(standing);
        }
        for row in old.query(&ledger.statement(UNDONE_IN_PART), &[&part.digest]).await? {
            for (table, written) in counts(recorded(row.get("tables"))?) {
                let undone = standing.undone.entry(table).or_default();
                undone.inserted += written.inserted;
                undone.deleted += written.deleted;
            }
            let transaction: Option<i64> = row.get("undone_in");
            standing.undone_in = standing.undone_in.zip(transaction).map(|(mut known, one)| {
                known.push(one);
                known
            });
        }
        Ok(standing)
    }

    /// As if nothing had been taken back before: what is left to do was worked out by that already.
    pub(crate) fn settled(&self) -> Self {
        Self { undone: BTreeMap::new(), ..self.clone() }
    }

    /// Returns how many rows of a table were put back, and how many taken away, by undos before.
    pub(crate) fn undone(&self, table: &str) -> Written {
        self.undone.get(table).copied().unwrap_or_default()
    }

    /// Returns the transactions of these undos; none where rows cannot be told by them.
    pub(crate) fn undone_in(&self) -> &[i64] {
        self.undone_in.as_deref().unwrap_or_default()
    }
}
