//! `xid`: rows that a transaction may have written since the cutover, by their transaction ids, plus the keys of both sides.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Cutter, Finder};
use crate::error::Result;
use crate::schema::{CompareBy, Coverage, Covered, TimeColumns};
use crate::staging::{Chunk, Depth, TableRecord};

/// See the file's head.
pub(super) struct Xid;

impl Finder for Xid {
    fn coverage(&self, _times: &TimeColumns, _compare_by: CompareBy) -> Coverage {
        let written = || Covered::Yes { by: "the transaction ids of rows".to_owned() };
        Coverage { insert: written(), update: written(), delete: Covered::Yes { by: "the keys of both sides".to_owned() } }
    }

    fn chunks<'a>(&'a self, cutter: &'a Cutter<'_>, table: &'a TableRecord) -> BoxFuture<'a, Result<Vec<Chunk>>> {
        async move {
            let mut chunks = cutter.key_walk(table, Depth::Keys).await?;
            chunks.extend(cutter.young_rows(table));
            Ok(chunks)
        }
        .boxed()
    }
}
