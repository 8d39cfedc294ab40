//! Rows of a table without a key that are not as they must be. Copies of a row are alike: what must be as it was is how many
//! there are, and of those that a merge brought, how many are left that it wrote.

use tokio_postgres::Row;

use super::moved_row::{Moved, MovedRow};
use crate::engine::plan::Direction;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::statement::LoadTable;

/// Lists the rows of a load table that are not as classified, or as the merge left them. A copy that a merge took away is put
/// back whatever copies there are, as they are others'.
pub(crate) async fn moved(
    load: &LoadTable<'_>,
    old: &Session,
    direction: Direction,
    merged_in: &[i64],
) -> Result<Vec<MovedRow>> {
    let query = match direction {
        Direction::Forward => load.miscounted(),
        Direction::Back => load.changed_copies(merged_in),
    };
    let moved = |found: &Row| {
        let row = usize::try_from(found.get::<_, i64>(0))
            .map_err(|error| Error::new(ErrorKind::Malformed, "count copies").because(error))?;
        let how = if found.get(1) { Moved::Written } else { Moved::There };
        Ok(MovedRow { row, how })
    };
    old.query(&query, &[]).await?.iter().map(moved).collect()
}
