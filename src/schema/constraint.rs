//! Check and exclusion constraints: what the server would refuse besides duplicates and orphans.

use serde::{Deserialize, Serialize};

use crate::name::Ident;

/// One check constraint. Constraints that are NOT ENFORCED are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The constraint's name.
    pub name: Ident,
    /// The condition in parentheses, as the server prints it: column names are bare, other names carry their schema.
    pub expression: String,
    /// Whether existing rows were ever checked (NOT VALID constraints were not).
    pub validated: bool,
}

/// One exclusion constraint, or a key WITHOUT OVERLAPS, which is one in all but name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// The constraint's name.
    pub name: Ident,
    /// The constraint as the server prints it: `EXCLUDE USING gist (room WITH =, during WITH &&)`.
    pub definition: String,
    /// Whether it can be deferred to COMMIT.
    pub deferrable: bool,
}
