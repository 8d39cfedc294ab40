//! What a verification looked at, and what it found.

use serde::Serialize;

use super::gap::Gap;
use super::outcome::Outcome;
use super::verified_table::VerifiedTable;
use crate::engine::run::{CoveredTable, State};
use crate::staging::{DatabaseRecord, Manifest, Raise};
use crate::words::Counts;

/// What was looked at, and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyReport {
    /// Where the run is, for people.
    pub run: String,
    /// What all of the below comes to.
    pub state: State,
    /// What is covered, table by table, what is not covered first.
    pub coverage: Vec<CoveredTable>,
    /// One line a table that the plan has changes for.
    pub tables: Vec<VerifiedTable>,
    /// Foreign keys with children that have no parent.
    pub orphans: Vec<Orphans>,
    /// Sequences that are behind the data or behind NEW.
    pub sequences: Vec<Raise>,
    /// Where OLD's ledger and the plan do not agree.
    pub ledger: Vec<String>,
    /// Rows by outcome, over everything that was staged; each row has exactly one.
    pub outcomes: Counts<Outcome>,
    /// What the verification cannot answer for, said first; all of it.
    pub not_covered: Vec<Gap>,
    /// Tables that were left out of the run on purpose, as `database: schema.name`.
    pub out_of_scope: Vec<String>,
}

/// A foreign key that does not hold.
#[derive(Clone, Debug, Serialize)]
pub struct Orphans {
    /// The database's name, the same on both sides.
    pub database: String,
    /// Name of the foreign key that does not hold.
    pub constraint: String,
    /// The table with the children.
    pub table: String,
    /// How many children have no parent.
    pub rows: u64,
}

impl VerifyReport {
    /// Returns what the rows of the plan come to, whatever else was not covered.
    #[must_use]
    pub fn state_of_rows(&self) -> State {
        let broken = self.tables.iter().any(|table| table.mismatched > 0)
            || !self.orphans.is_empty()
            || !self.sequences.is_empty()
            || !self.ledger.is_empty();
        match (broken, self.outcomes.sum_of(Outcome::is_left_aside) > 0) {
            (true, _) => State::NotVerified,
            (false, true) => State::VerifiedWithHeld,
            (false, false) => State::Verified,
        }
    }

    /// Returns what all of it comes to.
    pub(crate) fn total_state(&self) -> State {
        match self.state_of_rows() {
            State::NotVerified => State::NotVerified,
            _ if !self.not_covered.is_empty() => State::VerifiedWithGaps,
            state => state,
        }
    }
}

/// Lists the tables that were left out on purpose.
pub(crate) fn out_of_scope(manifest: &Manifest) -> Vec<String> {
    let of = |database: &DatabaseRecord| {
        let chosen = database.left_out.iter().filter(|left_out| left_out.by_choice);
        chosen.map(|left_out| format!("{}: {}", database.name, left_out.name)).collect::<Vec<_>>()
    };
    manifest.databases.iter().flat_map(of).collect()
}
