//! Foreign keys.

use serde::{Deserialize, Serialize};

use crate::name::{Ident, QualifiedName};

/// One foreign key, listed with the table that references (the child). Copies on partitions are left out.
///
/// Partitions are named by their root on both ends; a key that stands on, or points at, a single partition says so beside.
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
    /// Whether the last pair of columns are ranges, of which the parents' together must cover the child's (PERIOD, PostgreSQL
    /// 18).
    #[serde(default)]
    pub period: bool,
    /// The partition that alone references, if it is not the whole table.
    #[serde(default)]
    pub child_part: Option<QualifiedName>,
    /// The condition under which a row of the child belongs to that partition, on bare column names.
    #[serde(default)]
    pub child_bound: Option<String>,
    /// The partition that alone is referenced, if it is not the whole table.
    #[serde(default)]
    pub parent_part: Option<QualifiedName>,
    /// The condition under which a row of the parent belongs to that partition, on bare column names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_bound: Option<String>,
    /// What happens to children when the parent goes.
    pub on_delete: FkAction,
    /// What happens to children when the parent's referenced columns change.
    pub on_update: FkAction,
}

impl ForeignKey {
    /// Returns the relation whose rows reference: the child, or its one partition.
    #[must_use]
    pub const fn referencing(&self) -> &QualifiedName {
        match &self.child_part {
            Some(part) => part,
            None => &self.child,
        }
    }

    /// Returns the relation whose rows are referenced: the parent, or its one partition.
    #[must_use]
    pub const fn referenced(&self) -> &QualifiedName {
        match &self.parent_part {
            Some(part) => part,
            None => &self.parent,
        }
    }
}

impl FkAction {
    /// Whether the server changes children by itself.
    #[must_use]
    pub const fn changes_children(self) -> bool {
        matches!(self, Self::Cascade | Self::SetNull | Self::SetDefault)
    }
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
