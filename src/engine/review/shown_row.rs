//! One row of the diff, as a view may have it.

use std::fmt;

use serde::Serialize;

use super::cell::Cell;
use crate::delta::{Class, Evidence};
use crate::name::Sided;
use crate::policy::Action;

/// One row of the diff, as a view may have it.
#[derive(Clone, Debug, Serialize)]
pub struct ShownRow {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// The key's columns with their values.
    pub key: Vec<(String, Cell)>,
    /// What its history means for OLD.
    pub class: Class,
    /// What is known of each side's row, and how.
    pub evidence: Sided<Evidence>,
    /// What the class rests on.
    pub rests_on: Evidence,
    /// Where the row at the cutover was found, as in the diff's files: `old`, `new`, `absent`, `other` or `unknown`.
    pub base: &'static str,
    /// When each side last wrote it by its own columns, in microseconds since 1970-01-01 UTC.
    pub written_us: Sided<Option<i64>>,
    /// What the plan does with it; nothing where there is no plan.
    pub action: Option<Action>,
    /// Why.
    pub why: Option<String>,
    /// Its columns, in OLD's order; those that only NEW has behind them.
    pub columns: Vec<ShownColumn>,
    /// The statements with which the plan would be carried out for this row alone; nothing where OLD is left as it is, no
    /// statement says it, or none was asked for.
    #[serde(skip)]
    pub statements: Vec<String>,
    /// By what it is picked.
    #[serde(skip)]
    pub picked_by: PickedBy,
}

/// By what a row is picked. Its key's texts may be masked, so nobody prints them.
#[derive(Clone, Default)]
pub struct PickedBy {
    /// The texts of its key's values; nothing where one of them has none.
    pub(super) key: Option<Vec<String>>,
    /// What tells the row as it is from the row as it was, or will be.
    pub fingerprint: String,
}

impl fmt::Debug for PickedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PickedBy")
    }
}

/// One column of a row.
#[derive(Clone, Debug, Serialize)]
pub struct ShownColumn {
    /// Its name on OLD, or on NEW where OLD has no such column.
    pub name: String,
    /// The type in which both sides are compared.
    pub pg_type: String,
    /// OLD's own type, where that is another: OLD has what that makes of a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_type: Option<String>,
    /// Whether it is one of the key's.
    pub is_key: bool,
    /// Whether OLD's and NEW's values differ, or only one of them has the row, or the plan gives it a value that was chosen.
    pub differs: bool,
    /// What hides its values, and where that stands; nothing where they are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked_by: Option<String>,
    /// At the cutover, where that is known.
    pub base: Cell,
    /// On OLD when it was compared.
    pub old: Cell,
    /// On NEW when it was exported.
    pub new: Cell,
    /// On OLD after a merge of the plan, in the type in which both sides are compared; nothing where there is no plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Cell>,
}
