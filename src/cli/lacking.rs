//! Rows that somebody decided to write, and that stay held because too little is known of them.

use serde::Serialize;

use super::amount;
use crate::delta::{Class, Evidence};
use crate::engine::Tally;
use crate::policy::{Minimum, Resolution};

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
pub(super) fn lacking(tally: &Tally) -> Vec<Lacking> {
    let mut found: Vec<Lacking> = Vec::new();
    for one in &tally.rows {
        if matches!(one.decided.resolution, Resolution::KeepOld | Resolution::Hold | Resolution::Skip) {
            continue;
        }
        for (rests_on, rows) in one.evidence.iter().filter(|(evidence, _)| !one.needs.admits(*evidence)) {
            let (database, table, class, needs) = (one.database.clone(), one.table.clone(), one.class, one.needs.clone());
            let lacking = Lacking { database, table, class, rests_on, needs, rows: 0 };
            match found.iter_mut().find(|known| Lacking { rows: 0, ..(*known).clone() } == lacking) {
                Some(known) => known.rows += rows,
                None => found.push(Lacking { rows, ..lacking }),
            }
        }
    }
    found
}
