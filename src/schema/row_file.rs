//! A relation that holds rows of a table, and the file in which it does.

/// A table or partition with rows of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowFile {
    /// The relation.
    pub oid: u32,
    /// Its file, by number: another one once the relation was rewritten or emptied.
    pub file: u32,
}
