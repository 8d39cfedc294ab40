//! What the rows of a table have in common: each row's kind in a few bytes, so that any filter is counted, and any row of it
//! found, without reading a file again.

use std::collections::HashMap;

use super::filter::Filter;
use crate::delta::{Class, Evidence};
use crate::policy::Action;

/// So many rows are counted together, so that the one at a place is found quickly.
const BLOCK: usize = 1 << 14;

/// Rows that no filter and no rule tells apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// Their class.
    pub class: Class,
    /// What it rests on.
    pub rests_on: Evidence,
    /// The columns in which their sides differ, where both have the row.
    pub changed: Option<Vec<String>>,
    /// What the plan does with them; nothing where there is no plan.
    pub action: Option<Action>,
}

impl Kind {
    /// Whether a filter asks for such rows. A key is none of a kind's.
    #[must_use]
    pub fn is_asked(&self, filter: &Filter) -> bool {
        let changed = self.changed.iter().flatten().map(String::as_str);
        filter.selector.means_row(self.class, self.rests_on, changed) && filter.admits(self.action)
    }
}

/// The kind of every row of a table. Memory: two bytes a row, four where there are more than 65,536 kinds.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    counted: Vec<(Kind, u64)>,
    known: HashMap<Kind, u32>,
    of_rows: Codes,
}

#[derive(Clone, Debug)]
enum Codes {
    Short(Vec<u16>),
    Long(Vec<u32>),
}

impl Default for Codes {
    fn default() -> Self {
        Self::Short(Vec::new())
    }
}

impl Codes {
    fn push(&mut self, code: u32) {
        match (&mut *self, u16::try_from(code)) {
            (Self::Short(codes), Ok(code)) => codes.push(code),
            (Self::Long(codes), _) => codes.push(code),
            (Self::Short(codes), Err(_)) => {
                let long = codes.iter().map(|code| u32::from(*code)).chain([code]).collect();
                *self = Self::Long(long);
            }
        }
    }

    fn get(&self, row: usize) -> Option<u32> {
        match self {
            Self::Short(codes) => codes.get(row).map(|code| u32::from(*code)),
            Self::Long(codes) => codes.get(row).copied(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Short(codes) => codes.len(),
            Self::Long(codes) => codes.len(),
        }
    }
}

impl Kinds {
    /// Adds the next row; `last` is the one before it, mostly of the same kind.
    pub(super) fn push(&mut self, kind: Kind) {
        let fresh = u32::try_from(self.counted.len()).unwrap_or(u32::MAX);
        let code = *self.known.entry(kind).or_insert_with_key(|kind| {
            self.counted.push((kind.clone(), 0));
            fresh
        });
        self.again(code);
    }

    /// Adds the next row, which is of the kind of one before it.
    pub(super) fn again(&mut self, code: u32) {
        self.counted[code as usize].1 += 1;
        self.of_rows.push(code);
    }

    /// Returns the number of the last row's kind.
    pub(super) fn last(&self) -> Option<u32> {
        self.of_rows.len().checked_sub(1).and_then(|row| self.of_rows.get(row))
    }

    /// Returns how many rows there are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.of_rows.len() as u64
    }

    /// Lists the kinds, each with how many rows it has.
    pub fn iter(&self) -> impl Iterator<Item = (&Kind, u64)> {
        self.counted.iter().map(|(kind, rows)| (kind, *rows))
    }

    /// Returns the kind of a row.
    #[must_use]
    pub fn of_row(&self, row: u64) -> Option<&Kind> {
        let code = self.of_rows.get(usize::try_from(row).ok()?)?;
        self.counted.get(code as usize).map(|(kind, _)| kind)
    }

    /// Chooses the rows of some kinds.
    #[must_use]
    pub fn choose(&self, is_meant: impl Fn(&Kind) -> bool) -> Chosen {
        let meant: Vec<bool> = self.counted.iter().map(|(kind, _)| is_meant(kind)).collect();
        let rows = self.of_rows.len();
        let mut ends = Vec::with_capacity(rows / BLOCK + 1);
        let mut found = 0_u64;
        for from in (0..rows).step_by(BLOCK) {
            let block = from..rows.min(from + BLOCK);
            found += block.filter(|row| self.of_rows.get(*row).is_some_and(|code| meant[code as usize])).count() as u64;
            ends.push(found);
        }
        Chosen { meant, ends }
    }

    /// Lists the rows of some kinds.
    pub fn positions(&self, is_meant: impl Fn(&Kind) -> bool) -> impl Iterator<Item = u64> {
        let meant: Vec<bool> = self.counted.iter().map(|(kind, _)| is_meant(kind)).collect();
        let is_one = move |row: &usize| self.of_rows.get(*row).is_some_and(|code| meant[code as usize]);
        (0..self.of_rows.len()).filter(is_one).map(|row| row as u64)
    }

    /// Returns the row at a place among those that are chosen.
    #[must_use]
    pub fn find(&self, chosen: &Chosen, place: u64) -> Option<u64> {
        let block = chosen.ends.partition_point(|end| *end <= place);
        let mut left = place - block.checked_sub(1).map_or(0, |before| chosen.ends[before]);
        for row in (block * BLOCK)..self.of_rows.len().min((block + 1) * BLOCK) {
            if chosen.meant[self.of_rows.get(row)? as usize] {
                if left == 0 {
                    return Some(row as u64);
                }
                left -= 1;
            }
        }
        None
    }

    /// Returns the place of a row among those that are chosen; of the next one where it is none of them.
    #[must_use]
    pub fn place(&self, chosen: &Chosen, row: u64) -> u64 {
        let row = usize::try_from(row).unwrap_or(usize::MAX).min(self.of_rows.len());
        let block = row / BLOCK;
        let before = block.checked_sub(1).and_then(|before| chosen.ends.get(before)).copied().unwrap_or(0);
        let within = (block * BLOCK..row).filter(|row| self.of_rows.get(*row).is_some_and(|code| chosen.meant[code as usize]));
        before + within.count() as u64
    }
}

/// Rows of some kinds.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Of each kind, whether it is meant.
    meant: Vec<bool>,
    /// How many are meant up to the end of each block.
    ends: Vec<u64>,
}

impl Chosen {
    /// Returns how many rows they are.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(class: Class, changed: &str) -> Kind {
        Kind { class, rests_on: Evidence::Column, changed: Some(vec![changed.to_owned()]), action: None }
    }

    fn hundred_thousand() -> Kinds {
        let mut kinds = Kinds::default();
        for row in 0..100_000 {
            let class = if row % 1_000 == 999 { Class::InsertExists } else { Class::Update };
            kinds.push(kind(class, if row % 2 == 0 { "even" } else { "odd" }));
        }
        kinds
    }

    #[test]
    fn rows_of_a_kind_are_counted_and_found() {
        let kinds = hundred_thousand();
        assert_eq!((kinds.rows(), kinds.iter().count()), (100_000, 3));
        let conflicts = kinds.choose(|kind| kind.class.is_conflict());
        assert_eq!(conflicts.rows(), 100);
        for place in [0, 1, 57, 99] {
            let row = place * 1_000 + 999;
            assert_eq!(kinds.find(&conflicts, place), Some(row));
            assert_eq!(kinds.place(&conflicts, row), place);
            assert_eq!(kinds.place(&conflicts, row - 5), place);
        }
        assert_eq!(kinds.find(&conflicts, 100), None);
        assert_eq!(kinds.place(&conflicts, u64::MAX), 100);
        let even = kinds.choose(|kind| kind.changed.as_deref() == Some(&["even".to_owned()]));
        assert_eq!((even.rows(), kinds.find(&even, 20_000)), (50_000, Some(40_000)));
        assert_eq!(kinds.choose(|_| true).rows(), 100_000);
        assert_eq!(kinds.choose(|_| false).rows(), 0);
    }

    #[test]
    fn however_many_kinds_there_are_none_is_taken_for_another() {
        let mut kinds = Kinds::default();
        for number in 0..70_000_u64 {
            kinds.push(kind(Class::Update, &number.to_string()));
        }
        for row in [0, 65_535, 65_536, 69_999] {
            assert_eq!(kinds.of_row(row), Some(&kind(Class::Update, &row.to_string())));
        }
    }
}
