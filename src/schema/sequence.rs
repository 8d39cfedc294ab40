//! Sequences.

use serde::{Deserialize, Serialize};

use crate::name::{Ident, QualifiedName};

/// A sequence and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// The last value handed out, if any was (`pg_sequences.last_value`) and this user may know it.
    pub last_value: Option<i64>,
    /// Whether this user may not ask for it.
    #[serde(default)]
    pub unreadable: bool,
    /// The step; negative for sequences that count down.
    pub increment: i64,
    /// The least and the greatest value that it hands out.
    #[serde(default)]
    pub bounds: Option<(i64, i64)>,
    /// Whether it begins again at its end.
    #[serde(default)]
    pub cycle: bool,
    /// The columns whose numbers come from it: an owner, and those whose default is its next value. Whole numbers only.
    #[serde(default)]
    pub feeds: Vec<(QualifiedName, Ident)>,
    /// The column that owns it, if there is one (serial, identity).
    pub owner: Option<(QualifiedName, Ident)>,
}
