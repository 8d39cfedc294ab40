//! What was counted, and what was not.

use serde::Serialize;

use crate::delta::Evidence;

/// One table of NEW's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StakedTable {
    /// Its database.
    pub database: String,
    /// Its name, as OLD has it.
    pub table: String,
    /// How many of its rows were written since the cutover, inserts and updates together; `None` where that was not counted.
    pub rows: Option<u64>,
    /// What says of a row that it was.
    pub evidence: Option<Evidence>,
    /// Why it was not counted.
    pub why: Option<String>,
}

/// What NEW has taken since the cutover.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stake {
    /// Every table that is carried.
    pub tables: Vec<StakedTable>,
}

impl Stake {
    /// Returns how many rows there are at least; `None` where no table was counted.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        let counted: Vec<_> = self.tables.iter().filter_map(|table| table.rows).collect();
        (!counted.is_empty()).then(|| counted.iter().sum())
    }

    /// Lists the tables that were not counted.
    pub fn uncounted(&self) -> impl Iterator<Item = &StakedTable> {
        self.tables.iter().filter(|table| table.rows.is_none())
    }
}
