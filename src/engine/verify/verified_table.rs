//! What was found of the rows of one table.

use serde::Serialize;

/// One table's rows.
#[derive(Clone, Debug, Serialize)]
pub struct VerifiedTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Rows that were read back.
    pub checked: u64,
    /// Those of them that were where the merge had found them before its COMMIT; all others were looked for by their keys.
    pub by_place: u64,
    /// Rows that are not what the plan promised, although nobody is known to have written them since the merge.
    pub mismatched: u64,
    /// Rows that are not what the plan promised, and that another transaction than the merge's wrote last, or that are gone.
    pub written_since: u64,
    /// Keys of the former, as their values in the key's order; of very many the first [`MOST_KEYS`](Self::MOST_KEYS).
    pub mismatched_keys: Vec<String>,
    /// Keys of the latter.
    pub written_since_keys: Vec<String>,
}

impl VerifiedTable {
    /// How many keys are listed at most.
    pub const MOST_KEYS: usize = 1000;
}
