//! What a plan would do, for people and programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::planned_row::Action;
use super::reject::Reject;
use crate::engine::run::Context;
use crate::staging::Plan;

/// What merge would do.
#[derive(Clone, Debug, Serialize)]
pub struct PlanReport {
    /// Where the run is, for people.
    pub run: String,
    /// The plan's digest.
    pub digest: String,
    /// One line a table, parents first.
    pub tables: Vec<PlannedTable>,
    /// Rows by action, over all tables.
    pub actions: BTreeMap<String, u64>,
    /// Rows that wait for a decision.
    pub held: u64,
    /// Rows that OLD does not take as they are, by table, column and reason; they are among those held.
    pub rejects: Vec<Reject>,
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
}

/// What merge would do to one table.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedTable {
    /// The database's name, the same on both sides.
    pub database: String,
    /// The table by OLD's name, as `schema.name`.
    pub table: String,
    /// Rows by action.
    pub actions: BTreeMap<String, u64>,
    /// Rows by reason.
    pub reasons: BTreeMap<String, u64>,
}

pub(crate) fn report(context: &Context, plan: &Plan) -> PlanReport {
    let mut tables = Vec::new();
    let mut actions = BTreeMap::new();
    for database in &plan.databases {
        for table in &database.tables {
            for (action, rows) in &table.actions {
                *actions.entry(action.clone()).or_insert(0) += rows;
            }
            tables.push(PlannedTable {
                database: database.name.clone(),
                table: table.name.to_string(),
                actions: table.actions.clone(),
                reasons: table.reasons.clone(),
            });
        }
    }
    let held = actions.get(Action::Hold.word()).copied().unwrap_or(0);
    PlanReport {
        run: context.run(),
        digest: plan.digest.clone(),
        tables,
        actions,
        held,
        rejects: Vec::new(),
        unmatched: Vec::new(),
        notes: Vec::new(),
    }
}
