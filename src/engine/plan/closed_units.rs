//! Units of a plan that can be carried out one without the other: rows that foreign keys or unique values tie together are in
//! one unit. Where it is not known for certain which rows are tied, all that may be are in one.
//!
//! A tie that is missed breaks nothing: whoever carries a unit out has every key checked, and finds that it cannot be.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::draft::Draft;
use super::row_values::{Value, each_row};
use crate::error::Result;
use crate::name::{Ident, QualifiedName};
use crate::policy::Action;
use crate::schema::{Column, Exclusive, ForeignKey};
use crate::staging::TableRecord;
use crate::store::Store;

/// Rows that belong together: the number of the draft, and the position in its diff.
pub(crate) type Unit = Vec<(usize, usize)>;

/// Parts the rows that a plan writes into closed units, in the order of the drafts and their rows.
///
/// `keys` are the foreign keys by which children follow parents; `adopting` are, a draft each, the rows under whose keys other
/// rows come, so that children have to come with them. Memory: eight bytes a row of the diff, and 32 for each value that a
/// table gives up or gets, one key after the other.
///
/// # Errors
/// `Damaged` where a file of the diff is not what was written.
pub(crate) fn closed_units(
    store: &dyn Store,
    drafts: &[Draft<'_>],
    keys: &[ForeignKey],
    adopting: &[BTreeSet<usize>],
) -> Result<Units> {
    let mut ties = Ties::of(drafts);
    for key in keys {
        let of = |table: &QualifiedName| drafts.iter().position(|draft| draft.record.name == *table);
        if let (Some(parent), Some(child)) = (of(&key.parent), of(&key.child)) {
            tie_family((store, drafts), (parent, child), key, &adopting[parent], &mut ties)?;
        }
    }
    for (number, draft) in drafts.iter().enumerate() {
        let record = draft.record;
        for exclusive in record.old.exclusives.iter().filter(|one| one.can_clash(&record.old, &record.key)) {
            match plain_columns(record, exclusive) {
                Some(columns) => tie_values(store, (number, draft), &columns, &mut ties)?,
                None => tie_all_that_move(store, (number, draft), exclusive, &mut ties)?,
            }
        }
    }
    Ok(ties.units(drafts))
}

/// A plan in closed units.
pub(crate) struct Units {
    /// In the order of the drafts and their rows.
    pub(crate) units: Vec<Unit>,
    /// How many rows of a draft's table get a unique value that another row gives up which stays, or may: no UPDATE can do both
    /// in any order.
    pub(crate) moving: BTreeMap<usize, u64>,
}

/// Which rows are tied: each row's number leads to that of another one of its unit, the first to itself.
struct Ties {
    /// The number of each draft's first row.
    first: Vec<usize>,
    to: Vec<usize>,
    moving: BTreeMap<usize, u64>,
}

impl Ties {
    fn of(drafts: &[Draft<'_>]) -> Self {
        let mut first = Vec::new();
        let rows = drafts.iter().fold(0, |rows, draft| {
            first.push(rows);
            rows + draft.actions.len()
        });
        Self { first, to: (0..rows).collect(), moving: BTreeMap::new() }
    }

    fn number(&self, (draft, row): (usize, usize)) -> usize {
        self.first[draft] + row
    }

    fn root(&mut self, mut number: usize) -> usize {
        while self.to[number] != number {
            self.to[number] = self.to[self.to[number]];
            number = self.to[number];
        }
        number
    }

    fn tie(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.to[one.max(other)] = one.min(other);
    }

    fn tie_all(&mut self, rows: impl IntoIterator<Item = (usize, usize)>) {
        let mut rows = rows.into_iter();
        let Some(first) = rows.next().map(|row| self.number(row)) else { return };
        for row in rows {
            let number = self.number(row);
            self.tie(first, number);
        }
    }

    fn units(mut self, drafts: &[Draft<'_>]) -> Units {
        let mut units: BTreeMap<usize, Unit> = BTreeMap::new();
        for (number, draft) in drafts.iter().enumerate() {
            for row in written(draft) {
                let root = self.root(self.number((number, row)));
                units.entry(root).or_default().push((number, row));
            }
        }
        Units { units: units.into_values().collect(), moving: self.moving }
    }
}

fn written<'d>(draft: &'d Draft<'_>) -> impl Iterator<Item = usize> + 'd {
    (0..draft.actions.len()).filter(|row| draft.actions[*row].writes())
}

/// Ties children to parents that come, go, or change what they are referred to by.
fn tie_family(
    (store, drafts): (&dyn Store, &[Draft<'_>]),
    (parent, child): (usize, usize),
    key: &ForeignKey,
    adopting: &BTreeSet<usize>,
    ties: &mut Ties,
) -> Result<()> {
    let (parents, children) = (&drafts[parent], &drafts[child]);
    if written(parents).next().is_none() || written(children).next().is_none() {
        return Ok(());
    }
    if !is_exact(key, parents.record, children.record) {
        ties.tie_all(written(parents).map(|row| (parent, row)).chain(written(children).map(|row| (child, row))));
        return Ok(());
    }
    let (before, after) = values(store, parents, &key.parent_columns)?;
    let mut known: HashMap<Value, usize> = HashMap::new();
    for row in written(parents) {
        let (then, now) = (before.get(&row), after.get(&row));
        if then == now && !adopting.contains(&row) {
            continue;
        }
        let number = ties.number((parent, row));
        for value in then.into_iter().chain(now) {
            let first = *known.entry(*value).or_insert(number);
            ties.tie(first, number);
        }
    }
    for image in ["old", "new"] {
        each_row(store, children, &key.child_columns, image, |row, _, value| {
            let of = value.filter(|_| children.actions[row].writes()).and_then(|value| known.get(&value));
            if let Some(of) = of {
                let number = ties.number((child, row));
                ties.tie(*of, number);
            }
        })?;
    }
    Ok(())
}

/// What some columns of a table's rows are, by the rows' positions.
type Values = HashMap<usize, Value>;

/// Reads the values of the rows that are written, before and after.
fn values(store: &dyn Store, draft: &Draft<'_>, columns: &[Ident]) -> Result<(Values, Values)> {
    let (mut before, mut after) = (HashMap::new(), HashMap::new());
    for (image, found) in [("old", &mut before), ("new", &mut after)] {
        each_row(store, draft, columns, image, |row, _, value| {
            let is_there = match draft.actions[row] {
                Action::Insert => image == "new",
                Action::Delete => image == "old",
                action => action.writes(),
            };
            found.extend(value.filter(|_| is_there).map(|value| (row, value)));
        })?;
    }
    Ok((before, after))
}

/// Ties rows that get a unique value to those that give it up.
fn tie_values(store: &dyn Store, (number, draft): (usize, &Draft<'_>), columns: &[Ident], ties: &mut Ties) -> Result<()> {
    let (before, after) = values(store, draft, columns)?;
    let moves = |row: &usize| before.get(row) != after.get(row);
    let mut given_up: HashMap<Value, usize> = HashMap::new();
    for row in written(draft).filter(moves) {
        if let Some(value) = before.get(&row) {
            let own = ties.number((number, row));
            let first = *given_up.entry(*value).or_insert(own);
            ties.tie(first, own);
        }
    }
    for row in written(draft).filter(moves) {
        if let Some(first) = after.get(&row).and_then(|value| given_up.get(value)) {
            let own = ties.number((number, row));
            ties.tie(*first, own);
            let stays = |row: usize| matches!(draft.actions[row], Action::Update | Action::Replace);
            if stays(row) && stays(*first - ties.first[number]) {
                *ties.moving.entry(number).or_default() += 1;
            }
        }
    }
    Ok(())
}

/// Ties all rows that give up, or get, what no two rows may share, where it is not known which of them share it.
fn tie_all_that_move(
    store: &dyn Store,
    (number, draft): (usize, &Draft<'_>),
    exclusive: &Exclusive,
    ties: &mut Ties,
) -> Result<()> {
    let is_staged = |name: &Ident| draft.record.layout.column(name).is_some();
    let is_known = !exclusive.uses.is_empty() && exclusive.uses.iter().all(is_staged);
    let (before, after) = if is_known { values(store, draft, &exclusive.uses)? } else { (HashMap::new(), HashMap::new()) };
    // Where a value is NULL nothing is known of the others.
    let stays = |row: &usize| before.contains_key(row) && before.get(row) == after.get(row);
    let moving: Vec<_> = written(draft).filter(|row| !stays(row)).collect();
    let updated = moving.iter().filter(|row| matches!(draft.actions[**row], Action::Update | Action::Replace)).count() as u64;
    if updated > 1 {
        *ties.moving.entry(number).or_default() += updated;
    }
    if moving.iter().any(|row| draft.actions[*row] != Action::Insert) {
        ties.tie_all(moving.into_iter().map(|row| (number, row)));
    }
    Ok(())
}

/// Returns the columns of a unique index, if the values that it tells apart are those that print otherwise.
fn plain_columns(record: &TableRecord, exclusive: &Exclusive) -> Option<Vec<Ident>> {
    let is_plain = !exclusive.overlap && !exclusive.nulls_not_distinct;
    let index = record.old.unique_indexes.iter().find(|index| is_plain && index.name == exclusive.name)?;
    let is_told = |name: &Ident| told_by_text(record, name).is_some();
    (!index.columns.is_empty() && index.columns.iter().all(is_told)).then(|| index.columns.clone())
}

/// Whether a child's values say which parent it has.
fn is_exact(key: &ForeignKey, parent: &TableRecord, child: &TableRecord) -> bool {
    let is_whole = !key.period && key.child_part.is_none() && key.parent_part.is_none();
    let alike = |(of_child, of_parent): (&Ident, &Ident)| {
        let both = told_by_text(child, of_child).zip(told_by_text(parent, of_parent));
        both.is_some_and(|(child, parent)| {
            let both_in = |sort: &[&str]| [child, parent].iter().all(|one| sort.contains(&one.data_type.base.as_str()));
            let is_same = child.data_type.base == parent.data_type.base && child.data_type.schema == parent.data_type.schema;
            is_same && child.data_type.typmod == parent.data_type.typmod
                || both_in(&["int2", "int4", "int8"])
                || both_in(&["text", "varchar"])
        })
    };
    is_whole && key.child_columns.iter().zip(&key.parent_columns).all(alike)
}

/// Returns OLD's column, if its values are staged as it has them, and equal ones print alike.
fn told_by_text<'r>(record: &'r TableRecord, name: &Ident) -> Option<&'r Column> {
    let (staged, column) = (record.layout.column(name)?, record.old.column(name)?);
    let is_own = staged.own_form_of.is_none() && staged.pg_type == column.data_type.sql;
    Some(column).filter(|column| is_own && column.equal_prints_alike())
}
