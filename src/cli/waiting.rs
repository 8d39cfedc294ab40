//! What waits for a decision, as sentences with the commands that decide it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::delta::Class;
use crate::engine::Tally;
use crate::policy::Resolution;

use super::amount;

/// Rows of one class that are held by the decisions made so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Waiting {
    /// What the held rows have in common.
    pub(super) class: Class,
    /// How many rows.
    pub(super) rows: u64,
    /// Of how many tables.
    pub(super) tables: u64,
}

impl Waiting {
    /// Says what the class is and what can be done about it.
    pub(super) fn sentences(&self) -> [String; 2] {
        let (rows, tables) = (amount::rows(self.rows), amount::plural(self.tables, "table", "tables"));
        let applying = self.class.applying().unwrap_or("bring NEW's state to OLD");
        [
            format!("{rows} in {tables}: {}: {}", self.class, self.class.meaning()),
            format!("  apply_new would {applying}; keep_old would leave OLD as it is"),
        ]
    }
}

/// Lists what a diff leaves to people, in the order of classes.
pub(super) fn waiting(tally: &Tally) -> Vec<Waiting> {
    let mut tables: BTreeMap<Class, BTreeMap<(&str, &str), u64>> = BTreeMap::new();
    for one in tally.rows.iter().filter(|one| one.decided.resolution == Resolution::Hold) {
        *tables.entry(one.class).or_default().entry((&one.database, &one.table)).or_insert(0) += one.rows;
    }
    let of = |(class, tables): (Class, BTreeMap<_, u64>)| Waiting {
        class,
        rows: tables.values().sum(),
        tables: tables.len() as u64,
    };
    tables.into_iter().map(of).collect()
}
