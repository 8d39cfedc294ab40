//! What really happened, told from the state at the cutover. failback itself does not have that state in the demo, as nobody
//! has it after an incident; the demo took its picture before it let the users in.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::picture::{Picture, TableAt};
use crate::delta::Class;
use crate::words::Counts;

/// The incident as three pictures.
pub(super) struct Truth {
    /// Both servers at the cutover.
    pub(super) base: Picture,
    /// OLD when the recovery begins.
    pub(super) old: Picture,
    /// NEW, from the rollback on.
    pub(super) new: Picture,
}

/// Returns the class of a key by the design's truth table, conflicts by their type; `None` where nothing happened.
pub(super) fn class(base: Option<u128>, old: Option<u128>, new: Option<u128>) -> Option<Class> {
    match (base, old, new) {
        _ if old == base && new == base => None,
        _ if old == new => Some(Class::Convergent),
        _ if new == base => Some(Class::OldOnly),
        (None, None, _) => Some(Class::Insert),
        (None, ..) => Some(Class::InsertExists),
        (Some(_), None, _) => Some(Class::UpdateDeleted),
        (Some(_), Some(_), None) => Some(if old == base { Class::Delete } else { Class::DeleteOriginDiffers }),
        (Some(_), Some(_), Some(_)) => Some(if old == base { Class::Update } else { Class::UpdateOriginDiffers }),
    }
}

/// The classes in which NEW alone wrote, so that there is nothing to choose.
pub(super) const CLEAN: [Class; 3] = [Class::Insert, Class::Update, Class::Delete];

/// One key about which something happened.
pub(super) struct Happening<'a> {
    pub(super) table: &'a TableAt,
    pub(super) key: &'a str,
    pub(super) class: Class,
}

impl Truth {
    /// Visits every key about which something happened.
    pub(super) fn happenings(&self) -> impl Iterator<Item = Happening<'_>> {
        self.base.tables().flat_map(move |table| {
            let pictures = [&self.base, &self.old, &self.new];
            let keys: BTreeSet<&String> = pictures.iter().flat_map(|picture| picture.keys(table)).collect();
            keys.into_iter().filter_map(move |key| {
                let [base, old, new] = pictures.map(|picture| picture.row(table, key));
                class(base, old, new).map(|class| Happening { table, key, class })
            })
        })
    }

    /// Counts keys by database, table and the word of their class.
    pub(super) fn counts(&self) -> BTreeMap<(String, String, &'static str), u64> {
        let mut counts = BTreeMap::new();
        for one in self.happenings() {
            *counts.entry((one.table.database.clone(), one.table.table.to_string(), one.class.word())).or_insert(0) += 1;
        }
        counts
    }

    /// Counts keys by class.
    pub(super) fn classes(&self) -> Counts<Class> {
        self.happenings().map(|one| (one.class, 1)).collect()
    }

    /// Measures how much of NEW's work an attempt brought to a copy of OLD.
    pub(super) fn measure(&self, attempt: &Picture) -> Outcome {
        let mut outcome = Outcome::default();
        for one in self.happenings() {
            let (new, there) = (self.new.row(one.table, one.key), attempt.row(one.table, one.key));
            match (one.class, new, there) {
                (Class::Convergent | Class::OldOnly, ..) => {}
                (Class::Insert | Class::Update | Class::Delete, new, there) if new == there => outcome.arrived += 1,
                (Class::Insert, ..) => outcome.missing += 1,
                (Class::Update, ..) => outcome.stale += 1,
                (Class::Delete, ..) => outcome.undeleted += 1,
                (_, new, there) if new == there => outcome.overwritten += 1,
                _ => outcome.contested += 1,
            }
        }
        outcome
    }
}

/// How much of NEW's work is on OLD after an attempt to bring it there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Rows that only NEW wrote, and that are there.
    pub arrived: u64,
    /// Rows that NEW created, and that are not there.
    pub missing: u64,
    /// Rows that NEW changed, and that are as they were at the cutover.
    pub stale: u64,
    /// Rows that NEW deleted, and that are still there.
    pub undeleted: u64,
    /// Rows that both sides wrote, where OLD's stands.
    pub contested: u64,
    /// Rows that both sides wrote, where NEW's stands.
    pub overwritten: u64,
}

impl Outcome {
    /// Counts the rows that only NEW wrote and that are not as NEW left them.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.missing + self.stale + self.undeleted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_those_of_the_design() {
        let cases = [
            (None, None, Some(2), Some(Class::Insert)),
            (None, Some(1), Some(2), Some(Class::InsertExists)),
            (None, Some(1), None, Some(Class::OldOnly)),
            (Some(0), Some(0), Some(0), None),
            (Some(0), Some(0), Some(2), Some(Class::Update)),
            (Some(0), Some(0), None, Some(Class::Delete)),
            (Some(0), Some(1), Some(0), Some(Class::OldOnly)),
            (Some(0), Some(1), Some(2), Some(Class::UpdateOriginDiffers)),
            (Some(0), Some(1), None, Some(Class::DeleteOriginDiffers)),
            (Some(0), None, Some(2), Some(Class::UpdateDeleted)),
            (Some(0), None, Some(0), Some(Class::OldOnly)),
            (Some(0), None, None, Some(Class::Convergent)),
            (Some(0), Some(2), Some(2), Some(Class::Convergent)),
        ];
        for (base, old, new, expected) in cases {
            assert_eq!(class(base, old, new), expected, "{base:?} {old:?} {new:?}");
        }
    }
}
