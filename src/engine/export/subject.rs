//! What a walk through keys is about.

use std::sync::Arc;

use super::stamped::StampTally;
use crate::engine::evidence::ChangedBlocks;
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
    /// The rows of NEW that are copied whatever their keys, where keys alone are walked through.
    pub(crate) copied: Option<&'a Copied>,
}

/// Rows of NEW that are copied whatever their keys, by the predicate that selects them. A walk through keys leaves them out.
pub(crate) enum Copied {
    /// Each key comes with a flag that says so.
    Flagged(String),
    /// Keys come alone, as an index has them: they are told apart where the rows of keys that OLD lacks are fetched.
    Unflagged(String),
    /// The same, and only those in blocks that were changed are copied: a row elsewhere is old, whatever its id may stand for.
    Within(String, Arc<ChangedBlocks>),
}
