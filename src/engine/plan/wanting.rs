//! Rows that somebody decided to write, and that are held because what their verdict rests on is not enough.

use serde::Serialize;

use crate::delta::{Class, Evidence};
use crate::policy::Minimum;

/// Rows of one class of one table whose verdict rests on less than the class needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Wanting {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Their class.
    pub class: Class,
    /// What their verdict rests on.
    pub rests_on: Evidence,
    /// What it would have to rest on, and who said so.
    pub needs: Minimum,
    /// How many rows.
    pub rows: u64,
}

/// Says why such a row is held.
pub(super) fn reason(class: Class, rests_on: Evidence, needs: &Minimum) -> String {
    format!("held: {class} rests on {rests_on}, and needs {} or better ({})", needs.evidence, needs.origin)
}
