//! Sequences.

use serde::{Deserialize, Serialize};

use crate::name::{Ident, QualifiedName};

/// A sequence and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// Its name.
    pub name: QualifiedName,
    /// The last value handed out, if any was (`pg_sequences.last_value`).
    pub last_value: Option<i64>,
    /// The step; negative for sequences that count down.
    pub increment: i64,
    /// The column that it feeds, if it is owned by one (serial, identity).
    pub owner: Option<(QualifiedName, Ident)>,
}
