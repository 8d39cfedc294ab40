//! `skip`: nothing is looked at.

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};

use super::{Cutter, Finder};
use crate::error::Result;
use crate::schema::{CompareBy, Coverage, Covered, TimeColumns};
use crate::staging::{Chunk, TableRecord};

/// See the file's head.
pub(super) struct Skip;

impl Finder for Skip {
    fn coverage(&self, _times: &TimeColumns, _compare_by: CompareBy) -> Coverage {
        let no = || Covered::No { why: "the table is not carried".to_owned() };
        Coverage { insert: no(), update: no(), delete: no() }
    }

    fn chunks<'a>(&'a self, _cutter: &'a Cutter<'_>, _table: &'a TableRecord) -> BoxFuture<'a, Result<Vec<Chunk>>> {
        ready(Ok(Vec::new())).boxed()
    }
}
