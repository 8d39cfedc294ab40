//! What a table's definition uses beyond what is builtin.

use crate::name::QualifiedName;
use crate::words::words;

/// A type or a function that a table's definition uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    /// What it is.
    pub sort: UsedSort,
    /// Its name.
    pub name: QualifiedName,
    /// The types of a function's arguments, as the server writes them.
    pub arguments: String,
    /// Whether everybody may use it, or no right is asked for where the table is written.
    pub open: bool,
    /// Whether the user of the connection may use it.
    pub granted: bool,
}

/// What it is that a definition uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsedSort {
    /// A type, which a temporary table with such a column asks for.
    Type,
    /// A function that is called where rows are written.
    Function,
    /// A function that says whether two keys are equal: called where rows are found by their key, on either side.
    Equality,
}

words!(UsedSort {
    Type => "type",
    Function => "function",
    Equality => "equality",
});
