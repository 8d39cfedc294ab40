//! `compare`: every row of both sides, in key order, by hashes of the rows or by the rows themselves.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Cutter, Finder};
use crate::error::Result;
use crate::schema::{CompareBy, Coverage, Covered, TimeColumns};
use crate::staging::{Chunk, Depth, TableRecord};

/// See the file's head.
pub(super) struct Compare;

impl Finder for Compare {
    fn coverage(&self, _times: &TimeColumns, compare_by: CompareBy) -> Coverage {
        let rows = || Covered::Yes { by: "comparing every row of both sides".to_owned() };
        let update = match compare_by {
            CompareBy::Values => Covered::Trusted {
                by: "comparing the values of every row: zeros at a number's end and the sign of zero are not seen".to_owned(),
            },
            CompareBy::Hashes | CompareBy::Rows => rows(),
        };
        Coverage { insert: rows(), update, delete: rows() }
    }

    fn chunks<'a>(&'a self, cutter: &'a Cutter<'_>, table: &'a TableRecord) -> BoxFuture<'a, Result<Vec<Chunk>>> {
        let hashes = cutter.hash_alike && table.compare_by != CompareBy::Rows;
        cutter.key_walk(table, if hashes { Depth::Hashes } else { Depth::Rows }).boxed()
    }
}
