//! What a plan would do, for people and programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::reject::Reject;
use super::wanting::Wanting;
use crate::config::Mask;
use crate::engine::run::CoveredTable;
use crate::policy::Action;
use crate::staging::{DatabasePlan, Plan};
use crate::words::Counts;

/// What merge would do.
#[derive(Clone, Debug, Serialize)]
pub struct PlanReport {
    /// Where the run is, for people.
    pub run: String,
    /// The plan's digest.
    pub digest: String,
    /// What is covered, table by table, what is not covered first.
    pub coverage: Vec<CoveredTable>,
    /// One line a table, parents first.
    pub tables: Vec<PlannedTable>,
    /// Rows by action, over all tables.
    pub actions: Counts<Action>,
    /// Rows that wait for a decision.
    pub held: u64,
    /// Rows that OLD does not take as they are, by table, column and reason; they are among those held.
    pub rejects: Vec<Reject>,
    /// Rows that were to be written, and whose verdict rests on less than their class needs; they are among those held.
    pub wanting: Vec<Wanting>,
    /// Decisions that no table of the run answers to.
    pub unmatched: Vec<String>,
    /// What a person should know about the decisions.
    pub notes: Vec<String>,
}

impl PlanReport {
    /// Forgets the rows' values; keys stay, so that a row can be found.
    pub fn hide_values(&mut self) {
        for rejects in &mut self.rejects {
            rejects.example_value = None;
        }
    }

    /// Forgets the values of columns that are masked, by OLD's names or by NEW's.
    pub fn hide_masked(&mut self, mask: &Mask) {
        for reject in &mut self.rejects {
            let (tables, columns) = &reject.names;
            if columns.is_empty() || mask.of_table(&texts(tables)).hides(&texts(columns)) {
                reject.example_value = None;
            }
        }
    }
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// What merge would do to one table.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Rows by action.
    pub actions: Counts<Action>,
    /// Rows by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Held rows by reason; they are among those above.
    pub held_reasons: BTreeMap<String, u64>,
}

/// Reads the report off the plan.
pub(crate) fn report(run: String, plan: &Plan) -> PlanReport {
    let actions = plan.actions();
    PlanReport {
        run,
        digest: plan.digest.clone(),
        coverage: Vec::new(),
        tables: plan.databases.iter().flat_map(planned_tables).collect(),
        held: actions.get(Action::Hold),
        actions,
        rejects: Vec::new(),
        wanting: Vec::new(),
        unmatched: Vec::new(),
        notes: Vec::new(),
    }
}

fn planned_tables(database: &DatabasePlan) -> impl Iterator<Item = PlannedTable> {
    database.tables.iter().map(|table| PlannedTable {
        database: database.name.clone(),
        table: table.name.to_string(),
        actions: table.actions.clone(),
        reasons: table.reasons.clone(),
        held_reasons: table.held_reasons.clone(),
    })
}
