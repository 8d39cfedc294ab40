//! A child follows its parent, and nobody who only has the parent's key.

use failback::engine::{self, MergeOptions};
use failback::policy::Action;

use super::*;

/// How many rows of a table are held for a reason.
fn held(plan: &PlanReport, table: &str, reason: &str) -> u64 {
    let tables = plan.tables.iter().filter(|one| one.table == table);
    let reasons = tables.flat_map(|one| &one.held_reasons).filter(|(why, _)| why.contains(reason));
    reasons.map(|(_, rows)| rows).sum()
}

/// Merges what is not held, and returns the children that OLD has then.
fn children(case: &Recovery) -> Vec<String> {
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    block_on(engine::merge(&case.context, options)).expect("a merge");
    let rows = support::rows(&case.pair.old, "select id::text from line order by id");
    rows.into_iter().filter_map(|mut row| row.remove(0)).collect()
}

#[test]
fn a_text_is_no_proof_of_being_the_same_row() {
    let both = "create table invoice (code text primary key, payer text);
                create table line (id int primary key, code text references invoice, created_at timestamptz default now());
                insert into invoice values ('INV-0100', 'both');";
    let new = "insert into invoice values ('INV-0101', 'Ann'); insert into line values (1, 'INV-0101'), (2, 'INV-0100')";
    let old = "insert into invoice values ('INV-0101', 'Bob')";
    let case = recovery(pair("text_parent", both, new, old), "");
    let plan = planned(&case);
    assert_eq!(held(&plan, "public.line", "held with its parent: public.invoice"), 1, "{plan:#?}");
    assert_eq!(children(&case), ["2"]);
}

#[test]
fn rows_that_do_not_agree_on_their_birth_are_two_rows() {
    let both = "create table invoice (id int primary key, payer text, created_at timestamptz, updated_at timestamptz);
                create table line (id int primary key, invoice int references invoice, created_at timestamptz default now());";
    // OLD imported its row with the stamps that it had elsewhere.
    let old = "insert into invoice values (8, 'Bob', '2001-01-01', '2001-01-01')";
    let new = "insert into invoice values (8, 'Ann', now(), now()); insert into line values (1, 8)";
    let case = recovery(pair("born", both, new, old), "");
    let plan = planned(&case);
    assert_eq!(plan.actions.get(Action::Update), 0, "OLD's row is not overwritten: {plan:#?}");
    assert_eq!(held(&plan, "public.line", "held with its parent: public.invoice"), 1, "{plan:#?}");
    assert!(children(&case).is_empty());
}
