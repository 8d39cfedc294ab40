//! Check constraints.

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
