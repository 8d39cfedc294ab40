//! What one transaction carries out: a database's part of the plan, the tables as they are, and what is done with each row.

use std::collections::BTreeMap;

use super::report::LeftRows;
use crate::engine::plan::Direction;
use crate::policy::Action;
use crate::staging::layout::TableId;
use crate::staging::{DatabasePlan, DatabaseRecord};

/// What one transaction carries out.
pub(crate) struct Scope {
    /// Which way.
    pub(crate) direction: Direction,
    /// The tables that are written, with the definitions that they must have.
    pub(crate) part: DatabasePlan,
    /// What the manifest says of them; to take a merge back, with OLD's definitions of today.
    pub(crate) record: DatabaseRecord,
    /// What is done with each row of a table's diff, where that is not what the plan's own file says.
    pub(crate) actions: BTreeMap<TableId, Vec<Action>>,
    /// The merge's transaction, as in the ledger's entry.
    pub(crate) merged_in: Option<i64>,
    /// Rows that stay as they are although the plan wrote them.
    pub(crate) left: Vec<LeftRows>,
}

impl Scope {
    /// The plan as it stands.
    pub(crate) fn of_plan(part: &DatabasePlan, record: &DatabaseRecord) -> Self {
        Self {
            direction: Direction::Forward,
            part: part.clone(),
            record: record.clone(),
            actions: BTreeMap::new(),
            merged_in: None,
            left: Vec::new(),
        }
    }
}
