//! A relation that holds rows of a table, and the file in which it does.

use crate::name::QualifiedName;

/// A table or partition with rows of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFile {
    /// The relation.
    pub oid: u32,
    /// Its file, by number: another one once the relation was rewritten or emptied.
    pub file: u32,
    /// Its name.
    pub name: QualifiedName,
    /// Whether the user sees each row of it where it lies, without going by way of its table.
    pub by_place: bool,
}
