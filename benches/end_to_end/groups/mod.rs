//! What is measured, group by group.

mod changed;
mod compare;
mod export;
mod failback;
mod growth;
mod marked;
mod merge;
mod whole;

use clap::ValueEnum;

use super::Outcome;
use super::bench::Bench;
use super::case::Set;

/// A group of sets, as named on the command line; they run in this order. The last takes the others' data away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Group {
    Export,
    Changed,
    Compare,
    Marked,
    Merge,
    Whole,
    Growth,
}

impl Group {
    /// Makes the data that the group needs, and returns its sets.
    pub(crate) fn sets(self, bench: &Bench) -> Outcome<Vec<Set>> {
        match self {
            Self::Export => export::sets(bench),
            Self::Changed => changed::sets(bench),
            Self::Compare => compare::sets(bench),
            Self::Marked => marked::sets(bench),
            Self::Merge => merge::sets(bench),
            Self::Whole => whole::sets(bench),
            Self::Growth => growth::sets(bench),
        }
    }
}
