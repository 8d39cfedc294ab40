//! How the changes of a table are found: one file a method. A new method is a file here, a word in `schema`, and an arm in
//! [`finder`].
//!
//! Comes in: a table's record, and the cutter. Goes out: the chunks of work that find the table's changes, and which changes
//! they find.
//! Never: does a chunk; that is `export`.

mod blocks;
mod compare;
mod skip;
mod timestamps;
mod timestamps_only;
mod xid;

use futures::future::BoxFuture;

use super::cutter::Cutter;
use crate::error::Result;
use crate::schema::{CompareBy, Coverage, Covered, Method, TimeColumn, TimeColumns};
use crate::staging::{Chunk, TableRecord};

/// A way to find the changes of a table.
pub(crate) trait Finder: Sync {
    /// Says which changes are found in a table with these time columns.
    fn coverage(&self, times: &TimeColumns, compare_by: CompareBy) -> Coverage;

    /// Cuts the work on a table into chunks.
    fn chunks<'a>(&'a self, cutter: &'a Cutter<'_>, table: &'a TableRecord) -> BoxFuture<'a, Result<Vec<Chunk>>>;
}

/// Returns what a method's word stands for.
pub(crate) fn finder(method: Method) -> &'static dyn Finder {
    match method {
        Method::Timestamps => &timestamps::Timestamps,
        Method::TimestampsOnly => &timestamps_only::TimestampsOnly,
        Method::Xid => &xid::Xid,
        Method::Blocks => &blocks::Blocks { walks_keys: true },
        Method::BlocksOnly => &blocks::Blocks { walks_keys: false },
        Method::Compare => &compare::Compare,
        Method::Skip => &skip::Skip,
    }
}

/// What a column that says when a row was written is worth.
fn trusted(column: Option<&TimeColumn>, done: &str) -> Covered {
    column.map_or_else(
        || Covered::No { why: format!("no column says when a row was {done}") },
        |column| Covered::Trusted { by: format!("column {}, as far as it is maintained", column.name) },
    )
}
