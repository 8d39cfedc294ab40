//! What an audit found of each table.

use serde::Serialize;

use crate::delta::Evidence;
use crate::name::Sided;

/// What the time columns of one table miss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditedTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// What was measured, and how.
    #[serde(flatten)]
    pub measured: Measured,
}

/// What was measured of one table, and against what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "against", rename_all = "snake_case")]
pub enum Measured {
    /// All of its rows, against the transaction that wrote each last.
    Xid {
        /// What that is worth, for each side.
        evidence: Sided<Evidence>,
        /// Rows that were written since the cutover, or may have been.
        written: Sided<u64>,
        /// Those among them that stamps call unchanged since: on NEW such a write is not found but by a key that OLD lacks; on
        /// OLD it is overwritten where NEW wrote the same row.
        missed: Sided<u64>,
    },
    /// Some rows of NEW that stamps call unchanged, against OLD's under the same keys.
    Compare {
        /// How many both sides had.
        rows: u64,
        /// Those among them that differ although OLD's stamps do not say that OLD wrote them: somebody wrote them and left the
        /// stamp alone, or they differed before the cutover.
        differ: u64,
    },
    /// Nothing.
    Nothing {
        /// Why not.
        why: String,
    },
}
