//! `timestamps_only`: rows stamped after the cutover, or not at all, and nothing else. No key is looked at.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Cutter, Finder, trusted};
use crate::error::Result;
use crate::schema::{CompareBy, Coverage, Covered, TimeColumns};
use crate::staging::{Chunk, TableRecord};

/// See the file's head.
pub(super) struct TimestampsOnly;

impl Finder for TimestampsOnly {
    fn coverage(&self, times: &TimeColumns, _compare_by: CompareBy) -> Coverage {
        Coverage {
            insert: trusted(times.created.as_ref().or(times.updated.as_ref()), "created"),
            update: trusted(times.updated.as_ref(), "updated"),
            delete: Covered::No { why: "keys are not compared, by method = \"timestamps_only\"".to_owned() },
        }
    }

    fn chunks<'a>(&'a self, cutter: &'a Cutter<'_>, table: &'a TableRecord) -> BoxFuture<'a, Result<Vec<Chunk>>> {
        cutter.stamped_rows(table).boxed()
    }
}
