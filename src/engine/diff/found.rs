//! What one segment came to, in numbers.

use std::collections::BTreeMap;

use super::diff_row::DiffRow;
use super::respelt;
use crate::delta::{Class, Evidence};
use crate::name::Sided;
use crate::schema::ComparisonKey;
use crate::staging::Segment;
use crate::words::Counts;

/// What one segment came to.
pub(super) struct Found {
    /// The rows that differ, if any do.
    pub(super) segment: Option<Segment>,
    /// How many rows there are of each class.
    pub(super) counts: Counts<Class>,
    /// How many of each class rest on which evidence.
    pub(super) evidence: BTreeMap<Class, Counts<Evidence>>,
    /// How many rows of each side bear stamps of a time that has not come.
    pub(super) ahead: Sided<u64>,
    /// How many rows have a key that NEW spells otherwise.
    pub(super) respelt: u64,
}

impl Found {
    pub(super) fn new() -> Self {
        Self { segment: None, counts: Counts::new(), evidence: BTreeMap::new(), ahead: Sided::default(), respelt: 0 }
    }

    /// Counts rows by their class, by what that rests on, and by how their keys are spelt.
    pub(super) fn add(&mut self, key: &ComparisonKey, rows: &[DiffRow]) {
        for row in rows {
            let class = row.verdict.class;
            self.counts.add(class, 1);
            if !class.is_settled() {
                let rests_on = class.rests_on(row.verdict.evidence);
                self.evidence.entry(class).or_default().add(rests_on, 1);
            }
            self.respelt += u64::from(respelt::is_respelt(key, row));
        }
    }
}
