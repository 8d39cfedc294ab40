//! Every relation of the user's schemas, and where it belongs.

use tokio_postgres::{Client, Row};

use super::fact;
use crate::error::Result;
use crate::name::QualifiedName;
use crate::schema::{Relation, RelationKind};

const SQL: &str = include_str!("../../sql/catalog/relation.sql");

/// `pg_class.relkind` of a partitioned table.
pub(super) const PARTITIONED_TABLE: char = 'p';

/// One relation with the facts that say where it belongs.
#[expect(clippy::struct_excessive_bools, reason = "the catalog's own flags, each independent of the others")]
pub(super) struct Entry {
    pub(super) oid: u32,
    pub(super) name: QualifiedName,
    pub(super) kind: char,
    pub(super) row_security: bool,
    pub(super) inherits: bool,
    pub(super) inherited: bool,
    partition: bool,
    extension_owned: bool,
    size_bytes: u64,
    row_estimate: u64,
}

/// The list of the catalog that a relation belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Table,
    Sequence,
    Relation(RelationKind),
}

/// Lists every relation once, by name.
pub(super) async fn list(client: &Client) -> Result<Vec<Entry>> {
    fact::list(client, "list the relations", SQL).await?.iter().map(entry).collect()
}

fn entry(row: &Row) -> Result<Entry> {
    let kind = fact::get_code(row, "kind")?;
    if !matches!(kind, 'r' | 'p' | 'v' | 'm' | 'f' | 'S') {
        return Err(fact::unknown("pg_class.relkind", kind));
    }
    Ok(Entry {
        oid: fact::get(row, "oid")?,
        name: QualifiedName { schema: fact::get_ident(row, "schema")?, name: fact::get_ident(row, "name")? },
        kind,
        row_security: fact::get(row, "row_security")?,
        partition: fact::get(row, "partition")?,
        extension_owned: fact::get(row, "extension_owned")?,
        inherits: fact::get(row, "inherits")?,
        inherited: fact::get(row, "inherited")?,
        size_bytes: fact::get_count(row, "size_bytes")?,
        row_estimate: fact::get_count(row, "row_estimate")?,
    })
}

impl Entry {
    /// Says where the relation belongs. The order of the questions matters: a partition is carried through its root, a
    /// partition of an extension's table is not.
    pub(super) fn place(&self) -> Place {
        let kind = match self.kind {
            'S' => return Place::Sequence,
            'v' => RelationKind::View,
            'm' => RelationKind::MaterializedView,
            'f' => RelationKind::ForeignTable,
            _ if self.extension_owned => RelationKind::ExtensionTable,
            _ if self.partition => RelationKind::Partition,
            _ => return Place::Table,
        };
        Place::Relation(kind)
    }

    /// Turns the entry into one that is only listed.
    pub(super) fn relation(self, kind: RelationKind) -> Relation {
        Relation { name: self.name, kind, size_bytes: self.size_bytes, row_estimate: self.row_estimate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: char) -> Entry {
        Entry {
            oid: 1,
            name: QualifiedName::new("s", "t"),
            kind,
            row_security: false,
            partition: false,
            extension_owned: false,
            inherits: false,
            inherited: false,
            size_bytes: 0,
            row_estimate: 0,
        }
    }

    #[test]
    fn the_order_of_questions_decides() {
        for (entry, place) in [
            (entry('r'), Place::Table),
            (entry('p'), Place::Table),
            (Entry { inherits: true, ..entry('r') }, Place::Table),
            (entry('S'), Place::Sequence),
            (Entry { partition: true, ..entry('r') }, Place::Relation(RelationKind::Partition)),
            (Entry { extension_owned: true, partition: true, ..entry('r') }, Place::Relation(RelationKind::ExtensionTable)),
            (Entry { partition: true, ..entry('f') }, Place::Relation(RelationKind::ForeignTable)),
            (Entry { extension_owned: true, ..entry('v') }, Place::Relation(RelationKind::View)),
        ] {
            assert_eq!(entry.place(), place);
        }
    }
}
