//! What one plan does otherwise than another.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::policy::Action;
use crate::staging::{Plan, TablePlan};

/// What a plan does otherwise than an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanMoves {
    /// The earlier plan's digest.
    pub before: String,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: String,
    /// Whether the two are one and the same plan.
    pub same: bool,
    /// Numbers of rows that are other than they were.
    pub moved: Vec<MovedRows>,
    /// Tables of which the numbers are what they were, and the rows or what rests on them are not, as `database: table`.
    pub other_rows: Vec<String>,
}

/// How many rows of a table something is done with, in either plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MovedRows {
    /// The database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The action, or why rows are held.
    pub what: String,
    /// How many rows there were.
    pub before: u64,
    /// How many there are.
    pub now: u64,
}

/// Says what a plan does otherwise than an earlier one.
#[must_use]
pub fn plan_moves(before: &Plan, now: &Plan) -> PlanMoves {
    let (was, is) = (tables(before), tables(now));
    let mut moves = PlanMoves {
        before: before.digest.clone(),
        made_at: before.made_at.clone(),
        same: before.digest == now.digest,
        moved: Vec::new(),
        other_rows: Vec::new(),
    };
    for (database, table) in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
        let key = (database.clone(), table.clone());
        let (one, other) = (was.get(&key).copied(), is.get(&key).copied());
        let (counted_before, counted_now) = (counts(one), counts(other));
        let found = moves.moved.len();
        for what in counted_before.keys().chain(counted_now.keys()).collect::<BTreeSet<_>>() {
            let of = |counted: &BTreeMap<String, u64>| counted.get(what).copied().unwrap_or(0);
            let (before, now) = (of(&counted_before), of(&counted_now));
            if before != now {
                let (database, table, what) = (database.clone(), table.clone(), what.clone());
                moves.moved.push(MovedRows { database, table, what, before, now });
            }
        }
        if moves.moved.len() == found && one.map(rests_on) != other.map(rests_on) {
            moves.other_rows.push(format!("{database}: {table}"));
        }
    }
    moves
}

fn tables(plan: &Plan) -> BTreeMap<(String, String), &TablePlan> {
    let of = |name: &str, table: &TablePlan| (name.to_owned(), table.name.to_string());
    plan.databases.iter().flat_map(|one| one.tables.iter().map(move |table| (of(&one.name, table), table))).collect()
}

/// Counts a table's rows by action, and those that are held by reason.
fn counts(table: Option<&TablePlan>) -> BTreeMap<String, u64> {
    let Some(table) = table else { return BTreeMap::new() };
    let actions = table.actions.iter().filter(|(action, _)| *action != Action::Hold);
    let held = table.held_reasons.iter().map(|(reason, rows)| (reason.clone(), *rows));
    actions.map(|(action, rows)| (action.word().to_owned(), rows)).chain(held).collect()
}

/// What tells two lists of rows apart that have the same numbers.
fn rests_on(table: &TablePlan) -> (Vec<&str>, [Option<&str>; 2], &str) {
    let diff = table.diff.iter().map(|segment| segment.file.blake3.as_str()).collect();
    let own = [&table.changes, &table.composed];
    (diff, own.map(|one| one.as_ref().map(|segment| segment.file.blake3.as_str())), &table.definition)
}
