//! Check constraints.

use serde::{Deserialize, Serialize};

use crate::name::Ident;

/// A check that is NOT VALID, of a table or of the domain of one of its columns: rows that were there before it may break it,
/// and no such row can be written again while it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnprovenCheck {
    /// The constraint's name.
    pub name: Ident,
    /// Whether it is the table's, and not a domain's.
    pub of_table: bool,
    /// Whether it is inherited, or stands in a child or partition in its own right.
    pub inherited: bool,
    /// How it is lifted; `None` where it is inherited, or this user may not.
    pub lift: Option<Lift>,
}

/// The statements that lift a check for the length of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    /// Takes it away.
    pub lift: String,
    /// Puts it back as it was, NOT VALID.
    pub restore: String,
}

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
