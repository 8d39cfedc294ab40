//! Foreign keys.

use serde::{Deserialize, Serialize};

use crate::name::{Ident, QualifiedName};

/// One foreign key, listed with the table that references (the child). Copies on partitions are left out.
///
/// Partitions are named by their root on both ends. A key that stands on, or points at, a single partition is therefore listed as
/// wider than it is; such keys are rare, and order and locks are right all the same.
#[expect(clippy::struct_excessive_bools, reason = "facts of the catalog, each independent of the others")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: Ident,
    /// The table that references.
    pub child: QualifiedName,
    /// The referencing columns, paired with `parent_columns`.
    pub child_columns: Vec<Ident>,
    /// The table that is referenced.
    pub parent: QualifiedName,
    /// The referenced columns.
    pub parent_columns: Vec<Ident>,
    /// The operators that compare parent and child, ready for SQL, a pair of columns each.
    pub operators: Vec<String>,
    /// Whether it can be deferred to COMMIT.
    pub deferrable: bool,
    /// MATCH FULL: either all referencing columns are NULL or none is.
    pub match_full: bool,
    /// Whether existing rows were ever checked (NOT VALID constraints were not).
    pub validated: bool,
    /// Whether the child's rows are in its partitions.
    #[serde(default)]
    pub child_partitioned: bool,
    /// Whether the parent's rows are in its partitions.
    #[serde(default)]
    pub parent_partitioned: bool,
    /// What happens to children when the parent goes.
    pub on_delete: FkAction,
}

/// A referential action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FkAction {
    /// NO ACTION.
    NoAction,
    /// RESTRICT.
    Restrict,
    /// CASCADE.
    Cascade,
    /// SET NULL.
    SetNull,
    /// SET DEFAULT.
    SetDefault,
}
