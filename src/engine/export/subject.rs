//! What a walk through keys is about.

use super::stamped::StampTally;
use crate::engine::run::Reporter;
use crate::pg::Session;
use crate::staging::TableRecord;
use crate::statement::KeyRange;

/// One table on both sides, or a range of it, and who is told about it.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) reporter: &'a Reporter,
    /// Whether both servers are asked what the hashes of the range add up to before any row is sent.
    pub(crate) sums_first: bool,
    pub(crate) database: &'a str,
    pub(crate) record: &'a TableRecord,
    pub(crate) range: KeyRange,
    pub(crate) old: &'a Session,
    pub(crate) new: &'a Session,
    /// What counts the rows that are staged.
    pub(crate) tally: &'a StampTally,
}
