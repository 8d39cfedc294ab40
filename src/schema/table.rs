//! One table that rows can be carried from or to.

use serde::{Deserialize, Serialize};

use super::{Check, Column, Exclusive, ForeignKey, UniqueIndex, WorkedOutIndex};
use crate::name::{Ident, QualifiedName};

/// An ordinary or partitioned table on one side. A partitioned table stands for its partitions, which appear as leaves.
#[expect(clippy::struct_excessive_bools, reason = "facts of the catalog, each independent of the others")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// Whether it is the root of a partition tree.
    pub partitioned: bool,
    /// Live columns in attribute order, dropped ones left out.
    pub columns: Vec<Column>,
    /// Unique indexes, the primary key first, then by name.
    pub unique_indexes: Vec<UniqueIndex>,
    /// Foreign keys of which this table is the child, by name.
    pub foreign_keys: Vec<ForeignKey>,
    /// Check constraints, by name.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// What no two rows may share: unique indexes and exclusion constraints, by name, those that only one partition has
    /// included.
    #[serde(default)]
    pub exclusives: Vec<Exclusive>,
    /// Indexes for which something is worked out of a row, by name, those that only one partition has included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub worked_out_indexes: Vec<WorkedOutIndex>,
    /// User triggers, by name; those that stand on a single partition are left out.
    pub triggers: Vec<Trigger>,
    /// Where the rows are: the table itself, or the partitions that hold rows.
    pub leaves: Vec<Leaf>,
    /// Whether it, or one of its partitions, is unlogged: a crash empties it.
    #[serde(default)]
    pub unlogged: bool,
    /// Whether it is a child in the old way: its rows show in another table too, which is read without them.
    #[serde(default)]
    pub inherits: bool,
    /// Whether it has children in the old way: their rows, which show in it, are carried with them.
    #[serde(default)]
    pub inherited: bool,
    /// Why its rows cannot be read, or not all of them.
    #[serde(default)]
    pub obstacle: Option<String>,
    /// Whether row-level security, on the table or on a leaf, would hide rows from, or refuse rows of, the user that asked.
    pub row_security: bool,
    /// The estimated number of rows (`reltuples`, summed over leaves); `None` where it is not known, as a leaf that has rows
    /// was never analysed.
    pub row_estimate: Option<u64>,
    /// Heap, TOAST and free-space bytes, indexes apart, summed over leaves.
    pub size_bytes: u64,
}

impl Table {
    /// Says what a person should know about where the rows are.
    #[must_use]
    pub fn remarks(&self) -> Vec<&'static str> {
        let known = [
            (self.unlogged, "unlogged: carried, but a crash of the server empties it"),
            (
                self.inherited,
                "has inheritance children: each is carried as a table of its own, and keys are unique in each alone",
            ),
        ];
        known.into_iter().filter(|(is_so, _)| *is_so).map(|(_, remark)| remark).collect()
    }

    /// Whether a query on it needs the database's own search path: see [`Leaf::inlines`].
    #[must_use]
    pub fn inlines(&self) -> bool {
        self.leaves.iter().any(|leaf| leaf.inlines)
    }

    /// Returns the column of that name.
    #[must_use]
    pub fn column(&self, name: &Ident) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == *name)
    }
}

/// A relation that holds rows: a table or one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Its OID; 0 where an earlier failback read it.
    #[serde(default)]
    pub oid: u32,
    /// As the catalog spells it.
    pub name: QualifiedName,
    /// Size of the main fork in blocks at discovery; an estimate for planning only.
    pub blocks: u64,
    /// Heap and TOAST bytes.
    pub size_bytes: u64,
    /// Whether its storage is a plain heap, so that ctid ranges mean something.
    pub heap: bool,
    /// Whether the planner looks into functions of a user's for a query on it, which may find each other by the database's own
    /// search path alone.
    #[serde(default)]
    pub inlines: bool,
}

/// A user trigger (internal ones of foreign keys left out).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// As the catalog spells it.
    pub name: Ident,
    /// When it fires: `O` origin, `R` replica, `A` always, `D` disabled (`pg_trigger.tgenabled`).
    pub enabled: char,
}
