//! What a verification looked at, and what it found.

use serde::Serialize;

use super::outcome::Outcome;
use crate::staging::{Manifest, Raise};
use crate::words::Counts;

/// What OLD was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything that was promised is there, and nothing waits.
    Verified,
    /// Everything that was promised is there; some rows wait or were left aside.
    VerifiedWithHeld,
    /// Something is not as promised, or was not looked at.
    NotVerified,
}

impl State {
    /// Returns the word used in files and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::VerifiedWithHeld => "verified_with_held",
            Self::NotVerified => "not_verified",
        }
    }
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyReport {
    /// Where the run is, for people.
    pub run: String,
    /// What all of the below comes to.
    pub state: State,
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
    /// What was not covered to begin with, said first.
    pub not_covered: Vec<String>,
}

/// One table's rows.
#[derive(Clone, Debug, Serialize)]
pub struct VerifiedTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Rows that were read back.
    pub checked: u64,
    /// Rows that are not what the plan promised.
    pub mismatched: u64,
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

pub(crate) fn state(report: &VerifyReport) -> State {
    let broken = report.tables.iter().any(|table| table.mismatched > 0)
        || !report.orphans.is_empty()
        || !report.sequences.is_empty()
        || !report.ledger.is_empty();
    let waiting = report.outcomes.sum_of(Outcome::is_left_aside) > 0;
    match (broken, waiting) {
        (true, _) => State::NotVerified,
        (false, true) => State::VerifiedWithHeld,
        (false, false) => State::Verified,
    }
}

pub(crate) fn not_covered(manifest: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    for database in &manifest.databases {
        for left_out in database.left_out.iter().filter(|left_out| left_out.blocker) {
            found.push(format!("{}: {}: {}", database.name, left_out.name, left_out.reason));
        }
        for table in &database.tables {
            for (column, values) in table.unplaced.iter().filter(|(_, values)| **values > 0) {
                let place = "have no place on OLD and stay in staging";
                found.push(format!("{}: {}: {values} values of column {column} {place}", database.name, table.name));
            }
            let cells =
                [("inserts", &table.coverage.insert), ("updates", &table.coverage.update), ("deletes", &table.coverage.delete)];
            for (what, covered) in cells {
                if let crate::schema::Covered::No { why } = covered {
                    found.push(format!("{}: {}: {what}: {why}", database.name, table.name));
                }
            }
        }
    }
    found
}
