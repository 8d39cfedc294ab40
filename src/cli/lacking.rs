//! Rows that somebody decided to write, and that stay held because too little is known of them.

use serde::Serialize;

use super::amount;
use crate::delta::{Class, Evidence};
use crate::policy::{Decisions, Minimum, Resolution};
use crate::staging::DiffIndex;

/// Rows of one class of one table of which less is known than the class needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Lacking {
    /// The database's name, the same on both sides.
    database: String,
    /// The table by OLD's name, as `schema.name`.
    table: String,
    /// Their class.
    class: Class,
    /// What their verdict rests on.
    rests_on: Evidence,
    /// What is needed, and who said so.
    needs: Minimum,
    /// How many rows.
    rows: u64,
}

impl Lacking {
    /// Says what is missing, and how to do without it.
    pub(super) fn sentences(&self) -> [String; 2] {
        let Self { database, table, class, rests_on, needs, rows } = self;
        [
            format!(
                "{} of {database}: {table}: {class} rests on {rests_on}, and needs {} or better ({})",
                amount::rows(*rows),
                needs.evidence,
                needs.origin
            ),
            format!("  --evidence {class}={rests_on} would let that be enough"),
        ]
    }
}

/// Lists them, as far as the diff counts by evidence.
pub(super) fn lacking(index: &DiffIndex, decisions: &Decisions) -> Vec<Lacking> {
    let mut found = Vec::new();
    for database in &index.databases {
        for table in &database.tables {
            let name = table.name.to_string();
            for (class, counts) in &table.evidence {
                let resolution = decisions.resolve(&database.name, &name, *class).resolution;
                if matches!(resolution, Resolution::KeepOld | Resolution::Hold | Resolution::Skip) {
                    continue;
                }
                let needs = decisions.minimum(&database.name, &name, *class);
                for (rests_on, rows) in counts.iter().filter(|(evidence, _)| !needs.admits(*evidence)) {
                    let (database, table, needs) = (database.name.clone(), name.clone(), needs.clone());
                    found.push(Lacking { database, table, class: *class, rests_on, needs, rows });
                }
            }
        }
    }
    found
}
