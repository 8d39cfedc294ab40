//! Which values change in the rows that are updated: these alone are sent and set. Memory: the sets of columns that change
//! together, a few of them.

use std::collections::BTreeMap;

use crate::delta::Differences;
use crate::name::{Ident, QualifiedName};
use crate::schema::ForeignKey;
use crate::statement::{ColumnMask, LoadTable, UpdatePart, UpdateParts};

/// Into how many parts an UPDATE falls at most because some columns can only be set as a whole.
const MOST_REFITTED: usize = 32;

/// Into how many it falls at most so that triggers that stand on columns fire for rows that change these, and no others.
const MOST_FIRING: usize = 1024;

/// The values that change in the rows that are updated.
pub(super) struct ChangedValues {
    /// Of each column the one that has the value in OLD's own form, or the other way round.
    beside: Vec<Vec<usize>>,
    /// The columns that are asked for whether they change or not: keys, and what foreign keys go by.
    asked: ColumnMask,
    /// The columns that are set for every row of a part or for none.
    whole: ColumnMask,
    most: usize,
    parts: BTreeMap<ColumnMask, UpdatePart>,
}

impl ChangedValues {
    /// Takes the foreign keys that the table may take part in, and whether triggers fire.
    pub(super) fn new(load: &LoadTable<'_>, table: &QualifiedName, keys: &[ForeignKey], fires: bool) -> Self {
        let columns = load.columns.len();
        let position = |name: &Ident| load.columns.iter().position(|column| column.name == *name);
        let mut beside = vec![Vec::new(); columns];
        for (index, column) in load.columns.iter().enumerate() {
            if let Some(form) = column.own_form.as_ref().and_then(|(form, _)| position(form)) {
                beside[index].push(form);
                beside[form].push(index);
            }
        }
        let tied = |index: usize| {
            let is_own = |one: &Ident| load.columns[index].name == *one;
            let of_child = |key: &ForeignKey| key.child == *table && key.child_columns.iter().any(is_own);
            let of_parent = |key: &ForeignKey| key.parent == *table && key.parent_columns.iter().any(is_own);
            load.columns[index].key || keys.iter().any(|key| of_child(key) || of_parent(key))
        };
        let asked = ColumnMask::of(columns, |index| tied(index) || beside[index].iter().any(|other| tied(*other)));
        let (whole, most) =
            if fires { (load.updated_columns(), MOST_FIRING) } else { (load.refitted_columns(), MOST_REFITTED) };
        Self { beside, asked, whole, most, parts: BTreeMap::new() }
    }

    /// Returns the columns that change in a row, and takes the row into its part.
    pub(super) fn take(&mut self, differences: &Differences, row: usize) -> ColumnMask {
        let mut changed = ColumnMask::none(self.beside.len());
        for column in differences.columns(row) {
            changed.insert(column);
            self.beside[column].iter().for_each(|other| changed.insert(*other));
        }
        self.add(changed.and(&self.whole), UpdatePart { rows: 1, in_some: changed.clone(), in_all: changed.clone() });
        if self.parts.len() > self.most {
            self.whole = ColumnMask::none(self.beside.len());
            for part in std::mem::take(&mut self.parts).into_values() {
                self.add(self.whole.clone(), part);
            }
        }
        changed
    }

    fn add(&mut self, whole: ColumnMask, part: UpdatePart) {
        match self.parts.get_mut(&whole) {
            Some(known) => {
                known.rows += part.rows;
                known.in_some = known.in_some.or(&part.in_some);
                known.in_all = known.in_all.and(&part.in_all);
            }
            None => drop(self.parts.insert(whole, part)),
        }
    }

    /// Whether a column's value is asked for where it does not change.
    pub(super) fn asks_for(&self, column: usize) -> bool {
        self.asked.has(column)
    }

    /// Returns the parts in which the rows are updated.
    pub(super) fn parts(self) -> UpdateParts {
        UpdateParts { whole: self.whole, parts: self.parts.into_iter().collect() }
    }
}
