//! How numbers are taken from a sequence, and what a user may do with it.

use crate::name::QualifiedName;

/// How a sequence is used beside what [`super::Sequence`] says.
#[expect(clippy::struct_excessive_bools, reason = "rights, each independent of the others")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceUse {
    /// The sequence, as the catalog spells it.
    pub name: QualifiedName,
    /// How many numbers a session takes at a time.
    pub cache: i64,
    /// The first number that it hands out.
    pub start: i64,
    /// Whether this user may look into its schema.
    pub schema_open: bool,
    /// Whether this user may read it.
    pub may_read: bool,
    /// Whether this user may draw numbers.
    pub may_draw: bool,
    /// Whether this user may set it.
    pub may_set: bool,
    /// Whether this user may alter it.
    pub may_alter: bool,
}

/// How a column writes the numbers of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberForm {
    /// As whole numbers.
    Whole,
    /// As decimals or floats, which may be no number at all.
    Fractional,
    /// As text; what is more than digits is none.
    Text,
}

/// A column whose numbers come from a sequence, or answers to such a one.
#[expect(clippy::struct_excessive_bools, reason = "facts of the catalog, each independent of the others")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedColumn {
    /// Its position among those that were asked for.
    pub at: usize,
    /// How its type writes numbers; `None` where its values are none.
    pub form: Option<NumberForm>,
    /// The least and the greatest whole number that its type holds, one beside the other.
    pub range: (i64, i64),
    /// Whether this user may look into the schema.
    pub schema_open: bool,
    /// Whether this user may read the column.
    pub may_read: bool,
    /// Whether row-level security would hide rows of the table from this user.
    pub shielded: bool,
    /// Whether rows of it live on another server.
    pub foreign_rows: bool,
}
