//! `blocks` and `blocks_only`: rows in blocks that were changed since a mark and that a transaction may have written since; the
//! first also looks at the keys of both sides.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Cutter, Finder};
use crate::error::Result;
use crate::schema::{CompareBy, Coverage, Covered, TimeColumns};
use crate::staging::{Chunk, Depth, TableRecord};

/// See the file's head.
pub(super) struct Blocks {
    pub(super) walks_keys: bool,
}

impl Finder for Blocks {
    fn coverage(&self, _times: &TimeColumns, _compare_by: CompareBy) -> Coverage {
        let written = || Covered::Yes { by: "the transaction ids of rows".to_owned() };
        let delete = if self.walks_keys {
            Covered::Yes { by: "the keys of both sides".to_owned() }
        } else {
            Covered::No { why: "keys are not compared, by method = \"blocks_only\"".to_owned() }
        };
        Coverage { insert: written(), update: written(), delete }
    }

    fn chunks<'a>(&'a self, cutter: &'a Cutter<'_>, table: &'a TableRecord) -> BoxFuture<'a, Result<Vec<Chunk>>> {
        async move {
            let mut chunks = if self.walks_keys { cutter.key_walk(table, Depth::Keys).await? } else { Vec::new() };
            chunks.extend(cutter.changed_rows(table));
            Ok(chunks)
        }
        .boxed()
    }
}
