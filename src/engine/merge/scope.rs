//! What one transaction carries out: a database's part of the plan, the tables as they are, and what is done with each row.

use std::collections::BTreeMap;

use super::chosen::Chosen;
use super::report::LeftRows;
use super::table_merge::TableMerge;
use super::triggers::Triggers;
use crate::engine::evidence::Clock;
use crate::engine::plan::{Direction, Lifted, LiftedKeys, Parentage, keys_of_new_alone};
use crate::engine::run::{Entry, RowNumbers};
use crate::error::Result;
use crate::policy::Action;
use crate::schema::{Column, ForeignKey};
use crate::staging::layout::TableId;
use crate::staging::{DatabasePlan, DatabaseRecord, TablePlan};
use crate::statement::WriterMark;

/// What one transaction carries out.
pub(crate) struct Scope {
    /// Which way.
    pub(crate) direction: Direction,
    /// The tables that are written, with the definitions that they must have.
    pub(crate) part: DatabasePlan,
    /// What the manifest says of them; to take a merge back, with OLD's definitions of today.
    pub(crate) record: DatabaseRecord,
    /// The number below which every transaction had ended before the plan looked at OLD's rows; unknown where OLD is another
    /// server by now.
    pub(crate) planned: Option<i64>,
    /// What is done with each row of a table's diff, where that is not what the plan's own file says.
    pub(crate) actions: BTreeMap<TableId, Vec<Action>>,
    /// To take a merge back: what OLD's ledger said last.
    pub(crate) last: Option<Entry>,
    /// How a table's rows tell that the merge wrote them last.
    pub(crate) marks: BTreeMap<TableId, WriterMark>,
    /// Rows that the merge put in the place of others under their keys, as positions in a table's diff.
    pub(crate) others: BTreeMap<TableId, Vec<usize>>,
    /// Rows that stay as they are although the plan wrote them.
    pub(crate) left: Vec<LeftRows>,
    /// The same, as the ledger records it: by table, as positions in its diff.
    pub(crate) remainder: Vec<(String, TableId, RowNumbers)>,
    /// Rows that are as they were before the merge already.
    pub(crate) taken_back: Vec<LeftRows>,
    /// How many rows of the merge stay as nobody asked for them.
    pub(crate) kept: u64,
    /// How many rows a part of the merge has that is to be taken back; nothing where all of it is.
    pub(crate) meant: Option<u64>,
    /// Checks that rows break which come back: lifted while they are written.
    pub(crate) lifted: Lifted,
    /// Foreign keys under which rows that come back refer to nothing: lifted likewise.
    pub(crate) lifted_keys: LiftedKeys,
    /// What shows that children find their own parents.
    pub(crate) parentage: Parentage,
    /// Foreign keys that NEW alone has, by which its children follow their parents too.
    pub(crate) keys_of_new: Vec<ForeignKey>,
    /// Whether it is taken down where rows come to lie.
    pub(crate) keeps_places: bool,
    /// Of a batch of a live merge: the rows that it writes, a table.
    pub(crate) batch: Option<BTreeMap<TableId, Chosen>>,
    /// The transactions in which earlier batches of it were written.
    pub(crate) earlier: Vec<i64>,
    /// Whether rows may be compared by the statements that update them, and are not locked before.
    pub(crate) swaps: bool,
}

impl Scope {
    /// The plan as it stands.
    pub(crate) fn of_plan(part: &DatabasePlan, record: &DatabaseRecord, clock: &Clock, planned: Option<i64>) -> Self {
        Self {
            direction: Direction::Forward,
            part: part.clone(),
            record: record.clone(),
            planned,
            actions: BTreeMap::new(),
            last: None,
            marks: BTreeMap::new(),
            others: BTreeMap::new(),
            left: Vec::new(),
            remainder: Vec::new(),
            taken_back: Vec::new(),
            kept: 0,
            meant: None,
            lifted: Lifted::new(),
            lifted_keys: LiftedKeys::new(),
            parentage: Parentage::of_new(record, clock),
            keys_of_new: keys_of_new_alone(record),
            keeps_places: false,
            batch: None,
            earlier: Vec::new(),
            swaps: false,
        }
    }

    /// Returns how a table's rows tell that the merge wrote them last, if they do.
    pub(crate) fn mark(&self, table: TableId) -> Option<&WriterMark> {
        self.marks.get(&table)
    }

    /// Returns the merge's transactions, as in the ledger's entry.
    pub(crate) fn merged_in(&self) -> &[i64] {
        self.last.as_ref().map_or(&[], |entry| &entry.written_in)
    }

    /// Returns the number of rows that are to be accounted for: those of a plan that an earlier undo has not done with.
    pub(crate) fn owed_rows(&self, part: &DatabasePlan) -> u64 {
        match self.last.as_ref().and_then(|entry| entry.left.as_ref()) {
            Some(left) => left.values().map(RowNumbers::len).sum(),
            None => part.tables.iter().map(TablePlan::written_rows).sum(),
        }
    }

    /// Returns how many rows of the merge an undo leaves, a table.
    pub(crate) fn standing_rows(&self) -> Vec<(String, u64)> {
        let tables = self.remainder.iter().filter(|(.., rows)| rows.len() > 0);
        tables.map(|(name, _, rows)| (name.clone(), rows.len())).collect()
    }

    /// Lists the tables whose rows no longer tell all that were written since: rewritten ones, and such as have got columns.
    pub(crate) fn tables_known_by_values(&self) -> Vec<String> {
        let is_rewritten = |id: TableId| self.mark(id).is_none_or(|mark| !mark.rewritten.is_empty());
        let is_longer = |id: TableId| {
            self.record.table(id).is_ok_and(|known| {
                let is_new = |column: &&Column| known.layout.column(&column.name).is_none();
                known.old.columns.iter().filter(|column| !column.generated).any(|column| is_new(&column))
            })
        };
        let tables = self.part.tables.iter().filter(|table| is_rewritten(table.id) || is_longer(table.id));
        tables.map(|table| table.name.to_string()).collect()
    }

    /// Returns the statements that lift each check, and each key, once, and put it back.
    pub(crate) fn lifts(&self) -> BTreeMap<&str, &str> {
        let lifts =
            self.lifted.values().flatten().filter_map(|check| check.lift.as_ref()).chain(self.lifted_keys.values().flatten());
        lifts.map(|lift| (lift.lift.as_str(), lift.restore.as_str())).collect()
    }

    /// Returns the work on each table that is written, parents first. `keys` are OLD's foreign keys.
    pub(crate) fn merges(&self, keys: &[ForeignKey], triggers: Triggers) -> Result<Vec<TableMerge<'_>>> {
        let mut merges = Vec::new();
        for table in self.part.tables.iter().filter(|table| table.changes.is_some()) {
            let known = self.record.table(table.id)?;
            let actions = self.actions.get(&table.id).map(Vec::as_slice);
            // A user who waits for a parent finds it again only if it was updated.
            let replaces = self.batch.is_none() && triggers.can_replace(keys.iter().any(|key| key.parent == known.name));
            let chosen = self.batch.as_ref().map(|batch| batch.get(&table.id));
            if matches!(chosen, Some(None)) {
                continue;
            }
            let merge = TableMerge::new(merges.len(), table, known, self.direction, replaces).with_actions(actions);
            let merge = merge.with_rows(chosen.flatten()).firing(triggers == Triggers::Fire);
            if merge.wanted.sum() > 0 {
                merges.push(merge);
            }
        }
        Ok(merges)
    }
}
