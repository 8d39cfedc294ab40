//! `timestamps`: rows stamped after the cutover, or not at all, plus the keys of both sides.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Cutter, Finder, trusted};
use crate::error::Result;
use crate::schema::{CompareBy, Coverage, Covered, TimeColumns};
use crate::staging::{Chunk, Depth, TableRecord};

/// See the file's head.
pub(super) struct Timestamps;

impl Finder for Timestamps {
    fn coverage(&self, times: &TimeColumns, _compare_by: CompareBy) -> Coverage {
        let delete = Covered::Yes { by: "the keys of both sides".to_owned() };
        // Under a key that OLD gave out too, a row of NEW's that carries stamps of before the cutover looks like one of then.
        let column = times.created.as_ref().or(times.updated.as_ref());
        let insert = column.map_or_else(
            || trusted(None, "created"),
            |column| Covered::Trusted {
                by: format!(
                    "the keys of both sides; where OLD gave out the same key, column {}, as far as it is maintained",
                    column.name
                ),
            },
        );
        Coverage { insert, update: trusted(times.updated.as_ref(), "updated"), delete }
    }

    fn chunks<'a>(&'a self, cutter: &'a Cutter<'_>, table: &'a TableRecord) -> BoxFuture<'a, Result<Vec<Chunk>>> {
        async move {
            let mut chunks = cutter.key_walk(table, Depth::Keys).await?;
            chunks.extend(cutter.stamped_rows(table).await?);
            Ok(chunks)
        }
        .boxed()
    }
}
