//! A rule that is about to be written, as it is asked.

use super::filter_text::FilterText;
use crate::policy::Resolution;

/// A rule that is about to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// What people call it.
    pub(super) name: Option<String>,
    /// Which rows of the open table it means.
    pub(super) filter: FilterText,
    /// The classes of these rows.
    pub(super) classes: Vec<String>,
    /// How many they are.
    pub(super) means: u64,
}

/// What is asked before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) draft: Draft,
    pub(super) resolution: Resolution,
    /// How many of the rows a rule before it decides.
    pub(super) before: u64,
    /// Of how many more it is not known whether one does: OLD's server was not asked about its condition.
    pub(super) not_evaluated: u64,
    /// How many rows of the table are picked: those stay as they are picked.
    pub(super) picks: u64,
    /// How many rows of OLD it would delete.
    pub(super) deletes: u64,
    /// Some of the rows.
    pub(super) sample: Vec<String>,
}
