//! Tables whose own expressions lean on the database's search path: an index on a function in SQL has the planner look into
//! that function for any query on the table.

use crate::error::Result;
use crate::pg::Session;
use crate::statement::{NO_SEARCH_PATH, OWN_SEARCH_PATH};

/// Reads inside a transaction, under the database's own search path where a table's expressions `inline` functions. Only there,
/// as names print otherwise under it.
pub(crate) async fn finding_names<T>(read: &Session, inline: bool, work: impl Future<Output = Result<T>>) -> Result<T> {
    if !inline {
        return work.await;
    }
    read.execute_all(OWN_SEARCH_PATH).await?;
    let found = work.await?;
    read.execute_all(NO_SEARCH_PATH).await?;
    Ok(found)
}
