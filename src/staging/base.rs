//! BASE: what is known of a third server that shows OLD as it was at the cutover, and whether a table goes by it.

use serde::{Deserialize, Serialize};

use crate::name::Side;
use crate::pg::ServerIdentity;

/// A third server's database, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRecord {
    /// Which server and database it is.
    pub identity: ServerIdentity,
    /// Of which side's files it was made, by the system identifier; nothing where it is a server of its own.
    pub copy_of: Option<Side>,
    /// The last commit that it has replayed, microseconds since 1970-01-01 UTC; nothing where it has replayed none since it was
    /// started.
    pub replayed_us: Option<i64>,
    /// Up to when it was to be recovered, likewise; nothing where that is not said with an offset.
    pub target_us: Option<i64>,
    /// What of it is taken on trust; nothing where the server says itself that it shows the cutover.
    pub trusted: Option<String>,
}

/// Whether BASE says what a table's rows were at the cutover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "used", rename_all = "snake_case")]
pub enum BaseUse {
    /// It does.
    Yes,
    /// It does not.
    No {
        /// Why not.
        why: String,
    },
}
