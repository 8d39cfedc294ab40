//! Partitions that only one side still has in its tree: the other detached them, and their rows live on in a table of their
//! own.

use crate::catalog::Catalog;
use crate::name::QualifiedName;
use crate::schema::Table;

/// Finds the tables of `other` that are a partition of this table here.
///
/// A row of such a partition is missing from the table on the other side without having been deleted there.
pub(crate) fn detached_from(table: &Table, other: &Catalog) -> Vec<QualifiedName> {
    let stands_alone = |name: &QualifiedName| *name != table.name && other.tables.iter().any(|other| other.name == *name);
    table.leaves.iter().map(|leaf| leaf.name.clone()).filter(stands_alone).collect()
}

/// Returns the partitioned table of `other` of which the table of this name is a partition there.
pub(crate) fn root_of<'a>(name: &QualifiedName, other: &'a Catalog) -> Option<&'a Table> {
    other.tables.iter().find(|root| root.partitioned && root.leaves.iter().any(|leaf| leaf.name == *name))
}
