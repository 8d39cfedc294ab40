//! What of each table is covered, and by which evidence: it heads the report of every step, since what was not looked at is in
//! no number of any.

use serde::Serialize;

use crate::delta::Evidence;
use crate::schema::{Covered, Method};
use crate::staging::{DatabaseRecord, LeftOut, TableRecord};

/// What of one table is covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoveredTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The relation by OLD's name, as `schema.name`; NEW's, where OLD has none.
    pub table: String,
    /// How its changes are looked for; nothing where it is not carried, although rows may be lost with it.
    pub method: Option<Method>,
    /// Rows that NEW inserted.
    pub insert: CoveredChanges,
    /// Rows that NEW updated.
    pub update: CoveredChanges,
    /// Rows that NEW deleted.
    pub delete: CoveredChanges,
}

/// Whether changes of one sort are found, and what is known of those that are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoveredChanges {
    /// Whether they are.
    #[serde(flatten)]
    pub covered: Covered,
    /// What the class of such a row rests on, at best.
    pub evidence: Evidence,
}

impl CoveredTable {
    /// Lists inserts, updates and deletes, in this order.
    #[must_use]
    pub fn changes(&self) -> [&CoveredChanges; 3] {
        [&self.insert, &self.update, &self.delete]
    }

    fn of(database: &DatabaseRecord, record: &TableRecord) -> Self {
        let [insert, update, delete] = evidence(database, record);
        let coverage = &record.coverage;
        Self {
            database: database.name.clone(),
            table: record.name.to_string(),
            method: Some(record.method),
            insert: CoveredChanges { covered: coverage.insert.clone(), evidence: insert },
            update: CoveredChanges { covered: coverage.update.clone(), evidence: update },
            delete: CoveredChanges { covered: coverage.delete.clone(), evidence: delete },
        }
    }

    fn left_out(database: &str, left_out: &LeftOut) -> Self {
        let no = || CoveredChanges { covered: Covered::No { why: left_out.reason.clone() }, evidence: Evidence::TwoWay };
        Self {
            database: database.to_owned(),
            table: left_out.name.to_string(),
            method: None,
            insert: no(),
            update: no(),
            delete: no(),
        }
    }
}

/// Lists every table that is carried and every relation with which rows may be lost, what is not covered first.
pub(crate) fn coverage(databases: &[DatabaseRecord]) -> Vec<CoveredTable> {
    let of = |database: &DatabaseRecord| {
        let name = &database.name;
        let blocked = database.left_out.iter().filter(|left_out| left_out.blocker);
        let lost = blocked.map(|left_out| CoveredTable::left_out(name, left_out));
        lost.chain(database.tables.iter().map(|table| CoveredTable::of(database, table))).collect::<Vec<_>>()
    };
    let mut found: Vec<_> = databases.iter().flat_map(of).collect();
    found.sort_by_cached_key(|table| table.changes().map(|changes| worth(&changes.covered)).into_iter().min());
    found
}

/// What is not covered comes before what is trusted, and that before what is.
const fn worth(covered: &Covered) -> u8 {
    match covered {
        Covered::No { .. } => 0,
        Covered::Trusted { .. } => 1,
        Covered::Yes { .. } => 2,
    }
}

/// What the class of a row that NEW inserted, updated or deleted rests on, at best.
fn evidence(database: &DatabaseRecord, record: &TableRecord) -> [Evidence; 3] {
    if record.has_log() && database.base.is_none() {
        // That OLD's row is still that of the cutover NEW's log does not tell.
        let delete = if record.has_base() { Evidence::Baseline } else { database.grades().old };
        return [Evidence::Log, Evidence::Log, delete];
    }
    if record.has_base() {
        return [if database.base.is_some() { Evidence::Base } else { Evidence::Baseline }; 3];
    }
    let grades = database.grades();
    let stamped = |has_column: bool| if record.stamps_prove && has_column { Evidence::Column } else { Evidence::TwoWay };
    match record.method {
        Method::Xid | Method::Blocks | Method::BlocksOnly => [grades.new, grades.new, grades.old],
        Method::Timestamps | Method::TimestampsOnly | Method::Compare => {
            let (created, updated) = (record.times.created.is_some(), record.times.updated.is_some());
            [stamped(created), stamped(updated), stamped(updated)]
        }
        Method::Skip => [Evidence::TwoWay; 3],
    }
}
