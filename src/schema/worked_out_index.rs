//! Indexes for which something is worked out of a row.

use serde::{Deserialize, Serialize};

use crate::name::Ident;

/// An index on an expression, or with a predicate, unique or not: a row of which it cannot be worked out is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkedOutIndex {
    /// Its name.
    pub name: Ident,
    /// What stands behind USING in its definition, as far as WHERE.
    pub entries: String,
    /// Which rows it is about, on bare column names; for an index that only one partition has, the rows that belong there.
    pub predicate: Option<String>,
}

impl WorkedOutIndex {
    /// Whether another one works out the same, whatever it is called.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (&self.entries, &self.predicate) == (&other.entries, &other.predicate)
    }
}
