//! Types of NEW's that lose something of OLD's values, and are not compared as NEW has them.

use failback::engine::{self, MergeOptions};
use failback::policy::Action;

use super::{sides, texts};
use crate::recovery::Recovery;
use crate::support::block_on;
use jiff::{SignedDuration, Timestamp};

const STAMPS: &str = "created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01'";

#[test]
fn a_value_that_new_may_only_have_rounded_is_not_overwritten_unasked() {
    let rows = "insert into t values (1, 1.25, 2.756, '00:00:01.2', 'x'), (2, 7, null, '00:00:01', 'x')";
    let old = format!("create table t (id int primary key, qty numeric, price float8, took interval, note text, {STAMPS})");
    let new =
        format!("create table t (id int primary key, qty bigint, price numeric(10,2), took interval(0), note text, {STAMPS})");
    // What 2 has is the same in both types.
    let written = "update t set note = 'by NEW', updated_at = now()";
    let pair = || sides("lossy", &format!("{old}; {rows}"), &format!("{new}; {rows}; {written}"));
    let run = |decisions: &str| {
        let case = Recovery::of(pair(), Timestamp::now() - SignedDuration::from_hours(1), "");
        case.decide(decisions);
        block_on(engine::export(&case.context)).expect("an export");
        block_on(engine::diff(&case.context)).expect("a diff");
        let plan = block_on(engine::plan(&case.context)).expect("a plan");
        let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
        block_on(engine::merge(&case.context, options)).expect("a merge");
        let printed = texts(&case.pair.old, "select format('%s %s %s %s', qty, price, took, note) from t order by id");
        ((plan.held, plan.actions.get(Action::Update)), printed)
    };
    let (counts, rows) = run("");
    assert_eq!((counts, rows.as_slice()), ((1, 1), &["1.25 2.756 00:00:01.2 x".to_owned(), rows[1].clone()][..]));
    assert!(rows[1].ends_with("by NEW"), "{rows:?}");
    let (counts, rows) = run("[tables.\"public.t\"]\nupdate = \"apply_new\"\n");
    assert_eq!(counts, (0, 2));
    assert!(rows[0].ends_with("by NEW"), "somebody says so: {rows:?}");
}
