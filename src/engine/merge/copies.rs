//! Rows of a table without a key that are not as they must be. Copies of a row are alike: what must be as it was is how many
//! there are, and of those that a merge brought, how many are left that it wrote.

use super::moved_row::{Moved, MovedRow};
use crate::engine::plan::Direction;
use crate::engine::run::Standing;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::statement::{LoadTable, Restored};

/// Lists the rows of a load table that are not as classified, or as the merge left them. A copy that a merge took away is put
/// back whatever copies there are, as they are others'; `planned` is how many these are.
pub(crate) async fn moved(
    load: &LoadTable<'_>,
    old: &Session,
    direction: Direction,
    (planned, standing): (u64, &Standing),
) -> Result<Vec<MovedRow>> {
    let rows = match direction {
        Direction::Forward => old.query(&load.miscounted(), &[]).await?,
        Direction::Back => {
            let before = standing.undone(&load.source.table.to_string()).inserted;
            let restored = match before {
                0 => Restored::Nothing,
                _ if before >= planned => Restored::Everything,
                _ => Restored::By(standing.undone_in()),
            };
            old.query(&load.changed_copies(standing.merged_in, restored), &[]).await?
        }
    };
    let (mut moved, mut waiting, mut put_back) = (Vec::new(), Vec::new(), 0);
    for found in rows {
        let row = usize::try_from(found.get::<_, i64>(0))
            .map_err(|error| Error::new(ErrorKind::Malformed, "count copies").because(error))?;
        let word = if direction == Direction::Forward { "since" } else { found.get::<_, &str>(1) };
        match word {
            "waits" => waiting.push(row),
            _ => moved.push(MovedRow { row, how: if word == "since" { Moved::Written } else { Moved::There } }),
        }
        put_back += u64::from(word == "back");
    }
    // Others wrote some of the copies that were put back: which of them wait cannot be told.
    if !waiting.is_empty() && put_back < standing.undone(&load.source.table.to_string()).inserted {
        moved.extend(waiting.into_iter().map(|row| MovedRow { row, how: Moved::Written }));
        moved.sort_by_key(|one| one.row);
    }
    Ok(moved)
}
