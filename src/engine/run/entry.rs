//! An entry of OLD's ledger: what happened last to a plan's part, and what that says of the rows of its merge.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::recorded::{Recorded, RowNumbers, counts, recorded};
use crate::error::{Error, ErrorKind, Result};
use crate::staging::Written;
use crate::staging::layout::TableId;
use crate::words::{Word as _, words};

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
    /// Some units of a plan were carried out, by a live merge that had not ended.
    MergeBatch,
}

words!(LedgerAction {
    Merge => "merge",
    Undo => "undo",
    UndoPart => "undo_part",
    MergeBatch => "merge_batch",
});

impl LedgerAction {
    /// Whether it brings rows of the plan, all of them or a batch.
    #[must_use]
    pub const fn is_merge(self) -> bool {
        matches!(self, Self::Merge | Self::MergeBatch)
    }

    /// Whether OLD has rows of the plan after it.
    #[must_use]
    pub const fn leaves_rows(self) -> bool {
        match self {
            Self::Merge | Self::UndoPart | Self::MergeBatch => true,
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
    /// All transactions of the merge, under the same condition: one, or those of its batches.
    #[serde(skip)]
    pub written_in: Vec<i64>,
    /// The transactions that took parts of it back.
    #[serde(skip)]
    pub undone_in: Vec<i64>,
    /// The transactions that took merges of other runs back which had come after this one: what they put back, they had found.
    #[serde(skip)]
    pub put_back_in: Vec<i64>,
    /// Of a live merge: how many rows it has written, whatever became of them since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landed_rows: Option<u64>,
    /// Of a live merge that has ended: how many rows it left as OLD has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unlanded_rows: Option<u64>,
    /// After an undo in part: how many rows of the merge stand, where that was written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing_rows: Option<u64>,
    /// After an undo: how many rows of the merge stand, a table that has any; `None` where that was not written down.
    #[serde(skip)]
    pub(crate) standing: Option<Vec<(String, u64)>>,
    /// The rows of the merge that stand, a table: after an undo in part those that it left, of a live merge those that it
    /// wrote. `None` where nothing was written down of them: all, or it is not known which.
    #[serde(skip)]
    pub(crate) left: Option<BTreeMap<TableId, RowNumbers>>,
    /// Of a live merge: the rows that it has written, a table.
    #[serde(skip)]
    pub(crate) landed: Option<BTreeMap<TableId, RowNumbers>>,
    /// The relations and files that held the merge's rows, a table, as far as they are known.
    #[serde(skip)]
    pub(crate) files: BTreeMap<TableId, Vec<(u32, u32)>>,
}

impl Entry {
    /// Reads what `latest.sql` says of a plan's part.
    ///
    /// # Errors
    /// `Malformed` where the ledger says what this failback does not know.
    pub(super) fn read(row: &Row) -> Result<Self> {
        let (action, said) = (action(row)?, recorded(row.get("tables"))?);
        let batches = row.get::<_, Vec<&str>>("batch_tables").into_iter().map(recorded).collect::<Result<Vec<_>>>()?;
        let batches_in: Vec<i64> = row.get("batches_in");
        let merged_in: Option<i64> = row.get("merged_in");
        let written_in = match row.get::<_, Option<bool>>("batches_known") {
            None => merged_in.into_iter().collect(),
            Some(are_known) => {
                if are_known && merged_in.is_some() {
                    batches_in
                } else {
                    Vec::new()
                }
            }
        };
        let rows = |rows: &BTreeMap<TableId, RowNumbers>| rows.values().map(RowNumbers::len).sum();
        let landed = (!batches.is_empty()).then(|| positions(batches.iter().flatten()));
        let left = match action {
            LedgerAction::UndoPart => Some(positions(&said)).filter(|left| !left.is_empty()),
            LedgerAction::Merge | LedgerAction::MergeBatch => landed.clone(),
            LedgerAction::Undo => None,
        };
        let standing = said.iter().filter_map(|(name, one)| Some((name.clone(), one.left.as_ref()?.len()))).collect();
        let is_undone = action == LedgerAction::Undo || action == LedgerAction::UndoPart && left.is_some();
        let of_merge = row.get::<_, Option<&str>>("merged_tables").map_or_else(|| Ok(Vec::new()), recorded)?;
        let of_merge = if batches.is_empty() { of_merge } else { batches.iter().flatten().cloned().collect() };
        let unlanded = landed.as_ref().filter(|_| action == LedgerAction::Merge).map(|_| rows(&positions(&said)));
        let tables =
            if action == LedgerAction::MergeBatch { counts(batches.into_iter().flatten().collect()) } else { counts(said) };
        Ok(Self {
            action,
            tables: summed(tables),
            recorded_at: row.get("recorded_at"),
            merged_in: merged_in.filter(|_| !written_in.is_empty()),
            files: files(of_merge.into_iter().filter(|_| !written_in.is_empty())),
            written_in,
            landed_rows: landed.as_ref().map(rows),
            unlanded_rows: unlanded,
            standing_rows: left.as_ref().filter(|_| action == LedgerAction::UndoPart).map(rows),
            standing: is_undone.then_some(standing),
            left,
            landed,
            undone_in: row.get("undone_in"),
            put_back_in: row.get("put_back_in"),
        })
    }

    /// Whether it is of a live merge that has not ended: rows of the plan are on OLD, and others may come.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.action == LedgerAction::MergeBatch
    }

    /// Whether a merge has written a table's row of the plan, whatever became of it since.
    pub(crate) fn has_landed(&self, table: TableId, row: usize) -> bool {
        self.landed.as_ref().is_none_or(|landed| landed.get(&table).is_some_and(|rows| rows.has(row)))
    }

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

/// Joins the rows that are named of each table.
fn positions<'a>(said: impl IntoIterator<Item = &'a (String, Recorded)>) -> BTreeMap<TableId, RowNumbers> {
    let mut found: BTreeMap<TableId, BTreeSet<usize>> = BTreeMap::new();
    for (_, one) in said {
        if let (Some(table), Some(rows)) = (one.table, &one.left) {
            found.entry(table).or_default().extend(rows.iter());
        }
    }
    found.into_iter().map(|(table, rows)| (table, rows.into_iter().collect())).collect()
}

/// Adds up what was written to each table, in the order in which they come.
fn summed(counts: Vec<(String, Written)>) -> Vec<(String, Written)> {
    let mut found: Vec<(String, Written)> = Vec::new();
    for (name, written) in counts {
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => {
                sum.inserted += written.inserted;
                sum.updated += written.updated;
                sum.deleted += written.deleted;
            }
            None => found.push((name, written)),
        }
    }
    found
}

/// Returns the files in which each table's rows lay when they were written.
fn files(said: impl Iterator<Item = (String, Recorded)>) -> BTreeMap<TableId, Vec<(u32, u32)>> {
    let mut found: BTreeMap<TableId, Vec<(u32, u32)>> = BTreeMap::new();
    for (_, one) in said {
        let Some(table) = one.table else { continue };
        let known = found.entry(table).or_default();
        known.extend(one.files.into_iter().filter(|file| !known.contains(file)).collect::<Vec<_>>());
    }
    found
}

pub(super) fn action(row: &Row) -> Result<LedgerAction> {
    let word = row.get::<_, &str>(0);
    LedgerAction::read(word).map_err(|_| {
        Error::new(ErrorKind::Malformed, "read the ledger on OLD")
            .because(format!("it names an action that this failback does not know: {word}"))
    })
}
