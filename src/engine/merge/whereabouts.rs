//! Where the rows are that a merge wrote and that are as they were before it without an undo. Mostly somebody deleted them, or
//! put them back; but a row that is not under its key may be under another one, in a partition that has left the table, or in
//! the table that had the name when it was written.

use std::collections::BTreeSet;

use super::table_merge::TableMerge;
use crate::engine::rows::finding_names;
use crate::engine::run::{Ledger, swapped};
use crate::error::Result;
use crate::name::Ident;
use crate::pg::Session;
use crate::policy::Action;
use crate::schema::Table;

/// What may have become of a table's rows.
pub(super) struct Whereabouts {
    /// Why any of them may be elsewhere.
    elsewhere: Option<String>,
    /// Why those may be elsewhere that are not there.
    missing: Option<String>,
    /// Which partitions have left the table.
    lost: Option<String>,
    /// Positions in the diff of rows that may be under other keys.
    rekeyed: BTreeSet<usize>,
}

impl Whereabouts {
    /// Asks OLD. `then` is the table as the merge knew it; the load table has its rows, `actions` what was done with each.
    ///
    /// # Errors
    /// Whatever asking OLD can give.
    pub(super) async fn ask(
        (ledger, old): (&Ledger, &Session),
        merged_in: &[i64],
        then: &Table,
        merge: &TableMerge<'_>,
        actions: &[Action],
    ) -> Result<Self> {
        let elsewhere = swapped(ledger, old, merged_in, &then.name).await?.map(|called| match called {
            Some(name) => format!("another table has the name now: the one that the merge wrote is {name}"),
            None => "another table has the name now: the one that the merge wrote is gone".to_owned(),
        });
        let asking = Self::under_other_keys(old, merged_in, merge, actions);
        let (rekeyed, unknown) = finding_names(old, merge.record.old.inlines(), asking).await?;
        let unknown = unknown.then(|| {
            "not there as it was merged: nothing but its key tells it from the rows that were written since".to_owned()
        });
        let lost = lost_partitions(then, &merge.record.old);
        Ok(Self { elsewhere, missing: lost.clone().or(unknown), lost, rekeyed })
    }

    /// Finds the rows whose values, but for the key, a row has that was written since; and says whether that cannot be told, as
    /// there are no other values and rows were written since.
    async fn under_other_keys(
        old: &Session,
        merged_in: &[i64],
        merge: &TableMerge<'_>,
        actions: &[Action],
    ) -> Result<(BTreeSet<usize>, bool)> {
        let columns = telling_columns(merge);
        if columns.is_empty() {
            let found = old.query(&merge.load.any_written_after(merged_in), &[]).await?;
            return Ok((BTreeSet::new(), found.first().is_some_and(|row| row.get(0))));
        }
        let written: Vec<_> = (0..actions.len()).filter(|row| actions[*row].writes()).collect();
        let found = old.query(&merge.load.under_other_keys(merged_in, &columns), &[]).await?;
        let ords = found.iter().filter_map(|row| usize::try_from(row.get::<_, i64>(0)).ok());
        Ok((ords.filter_map(|ord| written.get(ord).copied()).collect(), false))
    }

    /// Says where a row may be that the merge wrote, that OLD had before it too, and that is not there; `None` where somebody
    /// must have deleted it.
    pub(super) fn of_missing(&self) -> Option<&str> {
        self.elsewhere.as_deref().or(self.lost.as_deref())
    }

    /// Says why a row is to be left that is as it was before the merge; `None` where somebody has taken it back.
    pub(super) fn why(&self, row: usize, action: Action) -> Option<&str> {
        let rekeyed = "not under its key, and a row that was written since has its other values: its key may have been changed";
        match self.elsewhere.as_deref() {
            Some(why) => Some(why),
            None if action != Action::Insert => None,
            None => self.missing.as_deref().or_else(|| self.rekeyed.contains(&row).then_some(rekeyed)),
        }
    }
}

/// The columns, other than the key, by which a row is known again: what the merge wrote, but for the stamp of any write.
fn telling_columns(merge: &TableMerge<'_>) -> Vec<Ident> {
    let updated = merge.record.times.updated.as_ref().map(|column| &column.name);
    let tells = merge.load.columns.iter().filter(|column| column.inserted && !column.key && Some(&column.name) != updated);
    if merge.record.key.is_whole_row() { Vec::new() } else { tells.map(|column| column.name.clone()).collect() }
}

/// Says which partitions have left the table since, if any have.
fn lost_partitions(then: &Table, now: &Table) -> Option<String> {
    let is_lost = |name: &&String| now.leaves.iter().all(|leaf| leaf.name.to_string() != **name);
    let names: Vec<_> = then.leaves.iter().filter(|_| then.partitioned).map(|leaf| leaf.name.to_string()).collect();
    let lost: Vec<_> = names.iter().filter(is_lost).cloned().collect();
    (!lost.is_empty()).then(|| format!("not there, and may be in what has left the table since: {}", lost.join(", ")))
}
