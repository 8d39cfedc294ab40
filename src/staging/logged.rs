//! NEW's log: the slot that was made with a mark, and whether it says which keys of a table were written since.

use serde::{Deserialize, Serialize};

/// The column of what the log says of a key, in the file beside a segment.
pub const LOG_FACT: &str = "fb_log";

/// The slot of one database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRecord {
    /// Its name.
    pub slot: String,
    /// Where in the log it begins, as PostgreSQL spells it.
    pub start: String,
    /// Why none of it was used; nothing where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused: Option<String>,
}

/// Whether NEW's log says which keys of a table were written since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "used", rename_all = "snake_case")]
pub enum LogUse {
    /// It does.
    Yes,
    /// It does not; transaction ids say what they say.
    No {
        /// Why not.
        why: String,
    },
}
