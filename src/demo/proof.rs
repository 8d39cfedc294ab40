//! The demo's own check of what failback did: SQL on both servers, and the demo's pictures from before the incident.
//!
//! failback's engine has no part in it, except that its claims (OLD's ledger, the plan's and the diff's counts) are what is
//! checked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::cluster::Cluster;
use super::estate::{connect, databases, fault, parse};
use super::picture::{Picture, TableAt, references_to};
use super::truth::{CLEAN, Happening, Outcome, Truth};
use crate::delta::Class;
use crate::error::{Place, Result};
use crate::name::Sided;
use crate::staging::{DiffIndex, Plan};
use crate::words::Counts;

const EXPECTED: &str = include_str!("../../fixtures/incident/expected.tsv");

/// What OLD's ledger says was written, a table.
const LEDGER: &str = "
    select entry ->> 0, sum((entry -> 1 ->> 'inserted')::int8 + (entry -> 1 ->> 'updated')::int8
                            + (entry -> 1 ->> 'deleted')::int8)::int8
    from failback.ledger l, json_array_elements(l.tables) entry where l.action = 'merge' group by 1";

/// What the check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Whether everything is as it should be.
    pub passed: bool,
    /// What is not.
    pub problems: Vec<String>,
    /// How much of NEW's work is on OLD now.
    pub outcome: Outcome,
    /// Rows of OLD that were written, each proven equal to NEW's row, or gone where NEW has none.
    pub applied: u64,
    /// Rows of the plan that were left, each proven to be as OLD had it.
    pub left: u64,
    /// References on NEW to rows whose number is another row's on OLD; none was brought along, or it is a problem.
    pub references: u64,
    /// Keys by class: what happened, as the pictures tell.
    pub happened: Counts<Class>,
    /// Keys by class: what failback made of it, without the state at the cutover.
    pub classified: Counts<Class>,
}

/// Checks OLD after the merge.
pub(super) async fn check(truth: &Truth, servers: Sided<&Cluster>, plan: &Plan, diff: &DiffIndex) -> Result<Check> {
    let Sided { old, new } = servers;
    let after = Picture::take(old, "").await?;
    let ledger = ledger(old).await?;
    let outcome = truth.measure(&after);
    let mut check = Check { happened: truth.classes(), classified: diff.counts(), outcome, ..Check::default() };
    expect_the_documented_incident(truth, &mut check);
    rows(truth, &after, &mut check);
    counts(truth, &after, &ledger, plan, &mut check);
    let strangers = strangers(truth, &after, new).await?;
    check.references = strangers.references;
    check.problems.extend(strangers.adopted);
    check.passed = check.problems.is_empty();
    Ok(check)
}

/// The incident that was played must be the one that `fixtures/README.md` describes, or the numbers below mean nothing.
fn expect_the_documented_incident(truth: &Truth, check: &mut Check) {
    let found: Vec<String> =
        truth.counts().iter().map(|((database, table, class), rows)| format!("{database}\t{table}\t{class}\t{rows}")).collect();
    if !found.iter().map(String::as_str).eq(EXPECTED.lines().skip(1)) {
        check.problems.push("the incident is not the one that fixtures/incident/expected.tsv describes".to_owned());
    }
}

/// Every row of OLD is either as it was or as NEW has it; and nothing that OLD's users wrote was touched.
fn rows(truth: &Truth, after: &Picture, check: &mut Check) {
    for table in truth.base.tables() {
        let keys: BTreeSet<&String> = [&truth.old, &truth.new, after].iter().flat_map(|picture| picture.keys(table)).collect();
        for key in keys {
            let [base, before, new, now] = [&truth.base, &truth.old, &truth.new, after].map(|picture| picture.row(table, key));
            if now == before {
                continue;
            }
            check.applied += 1;
            let name = || format!("{}: {}: a row", table.database, table.table);
            if now != new {
                check.problems.push(format!("{} is neither OLD's nor NEW's", name()));
            } else if new == base {
                check.problems.push(format!("{} that only OLD's users wrote was taken back", name()));
            } else if before != base {
                check.problems.push(format!("{} that both sides wrote was overwritten without a decision", name()));
            }
        }
    }
}

/// What OLD's ledger and the plan say must be what the rows say, table by table.
fn counts(truth: &Truth, after: &Picture, ledger: &BTreeMap<TableAt, u64>, plan: &Plan, check: &mut Check) {
    let mut happenings: BTreeMap<&TableAt, Vec<Happening<'_>>> = BTreeMap::new();
    for one in truth.happenings() {
        happenings.entry(one.table).or_default().push(one);
    }
    for part in &plan.databases {
        for planned in &part.tables {
            let table = TableAt { database: part.name.clone(), table: planned.name.clone() };
            let keys: BTreeSet<&String> = truth.old.keys(&table).chain(after.keys(&table)).collect();
            let moved = keys.iter().filter(|key| truth.old.row(&table, key) != after.row(&table, key)).count() as u64;
            let recorded = ledger.get(&table).copied().unwrap_or(0);
            if moved != recorded {
                let name = format!("{}: {}", table.database, table.table);
                check.problems.push(format!("{name}: {moved} rows changed, OLD's ledger says {recorded}"));
            }
            let left = planned.actions.sum_of(|action| !action.writes());
            check.left += left;
            // Rows that only OLD wrote are part of the plan where failback saw them, and they are rightly left.
            let of = |wanted: &dyn Fn(Class) -> bool| {
                let here = happenings.get(&table).into_iter().flatten().filter(|one| wanted(one.class));
                here.filter(|one| truth.new.row(&table, one.key) != after.row(&table, one.key)).count() as u64
            };
            let unfinished = of(&|class| !matches!(class, Class::OldOnly | Class::Convergent));
            let olds_own = of(&|class| class == Class::OldOnly);
            if !(unfinished..=unfinished + olds_own).contains(&left) {
                let name = format!("{}: {}", table.database, table.table);
                check.problems.push(format!("{name}: {unfinished} of NEW's changes are not on OLD, the plan left {left} rows"));
            }
        }
    }
}

async fn ledger(old: &Cluster) -> Result<BTreeMap<TableAt, u64>> {
    let mut found = BTreeMap::new();
    for database in databases() {
        let client = connect(&parse(&old.url(database))?).await?;
        let rows = client.query(LEDGER, &[]).await.map_err(|cause| fault("read the ledger", cause)).place(|| database)?;
        for row in rows {
            let name: &str = row.get(0);
            let Some((schema, table)) = name.split_once('.') else { continue };
            let table = crate::name::QualifiedName::new(schema, table);
            found.insert(TableAt { database: database.to_owned(), table }, u64::try_from(row.get::<_, i64>(1)).unwrap_or(0));
        }
    }
    Ok(found)
}

/// Children that were brought along, and their parents' doubles.
pub(super) struct Strangers {
    /// References on NEW to rows whose number is another row's on OLD.
    pub(super) references: u64,
    /// Those that were brought along, so that the child hangs on the other row: database, child and parent.
    pub(super) adopted: Vec<String>,
}

/// Looks for children that an attempt hung on another row than they belong to.
pub(super) async fn strangers(truth: &Truth, after: &Picture, new: &Cluster) -> Result<Strangers> {
    let mut doubles: BTreeMap<TableAt, Vec<String>> = BTreeMap::new();
    for one in truth.happenings().filter(|one| one.class == Class::InsertExists) {
        if after.row(one.table, one.key) != truth.new.row(one.table, one.key) {
            doubles.entry(one.table.clone()).or_default().push(one.key.to_owned());
        }
    }
    let mut found = Strangers { references: 0, adopted: Vec::new() };
    for reference in references_to(new, &doubles).await? {
        let before = truth.old.row(&reference.child, &reference.child_key);
        let now = after.row(&reference.child, &reference.child_key);
        found.references += 1;
        if now != before && now == truth.new.row(&reference.child, &reference.child_key) {
            let (database, child, parent) = (&reference.child.database, &reference.child.table, &reference.parent.table);
            found.adopted.push(format!("{database}: {child}: a row refers to another row of {parent} than on NEW"));
        }
    }
    Ok(found)
}

/// Returns how many rows NEW alone wrote.
pub(super) fn clean(classes: &Counts<Class>) -> u64 {
    classes.sum_of(|class| CLEAN.contains(&class))
}
