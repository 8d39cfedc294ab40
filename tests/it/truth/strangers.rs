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

#[test]
fn a_child_of_a_table_that_is_not_carried_waits_unless_its_parent_was_there_at_the_cutover() {
    let both = "create table payer (id int primary key, name text, created_at timestamptz);
                create table invoice (code text primary key);
                create table line (id int primary key, code text references invoice, payer int references payer,
                    created_at timestamptz default now(), updated_at timestamptz);
                insert into payer values (1, 'both', '2001-01-01'); insert into invoice values ('A');
                insert into line values (1, 'A', 1, '2001-01-01', '2001-01-01');";
    let new = "insert into payer values (2, 'Ann', now());
               insert into line values (2, null, 1), (3, null, 2), (4, 'A', 1), (5, null, null);
               update line set updated_at = now() where id = 1";
    let old = "insert into payer values (2, 'Bob', now())";
    let skip = "[tables.\"public.payer\"]\nmethod = \"skip\"\n[tables.\"public.invoice\"]\nmethod = \"skip\"";
    let skipped = recovery(pair("skipped_parent", both, new, old), skip);
    let mut excluded = recovery(pair("excluded_parent", both, new, old), "");
    excluded.choose("public.line");
    for case in [skipped, excluded] {
        let plan = planned(&case);
        assert_eq!(held(&plan, "public.line", "public.payer is not carried"), 1, "{plan:#?}");
        assert_eq!(held(&plan, "public.line", "public.invoice is not carried"), 1, "no stamps, no proof: {plan:#?}");
        assert_eq!(plan.actions.get(Action::Update), 1, "a row that keeps its parent: {plan:#?}");
        assert_eq!(children(&case), ["1", "2", "5"]);
    }
}

#[test]
fn olds_own_child_does_not_find_a_stranger_in_its_parents_place() {
    const STAMPS: &str = "created_at timestamptz default now(), updated_at timestamptz default now()";
    for (stamps, decisions) in [(STAMPS, "insert_exists = \"apply_new\""), ("note text", "ambiguous_differs = \"apply_new\"")] {
        let both = format!(
            "create table invoice (id int primary key, payer text, {stamps});
             create table line (id int primary key, invoice int references invoice, note text, {stamps_too});",
            stamps_too = stamps.replace("note text", "more text")
        );
        let new = "insert into invoice values (8, 'Ann'), (9, 'Ann'); insert into line values (1, 8)";
        let old = "insert into invoice values (8, 'Bob'), (9, 'Bob'); insert into line values (2, 8)";
        let case = recovery(pair("own_child", &both, new, old), "");
        case.decide(&format!("[defaults]\n{decisions}\nambiguous_missing_on_old = \"apply_new\"\n"));
        let plan = planned(&case);
        assert_eq!(held(&plan, "public.invoice", "OLD's own children of it in public.line"), 1, "{plan:#?}");
        assert_eq!(held(&plan, "public.line", "held with its parent"), 1, "NEW's child waits with it: {plan:#?}");
        assert_eq!(children(&case), ["2"]);
        let payers = support::rows(&case.pair.old, "select payer from invoice order by id");
        assert_eq!(payers.concat(), [Some("Bob".to_owned()), Some("Ann".to_owned())], "nobody refers to 9");
    }
}

#[test]
fn a_value_that_another_row_has_on_old_is_no_parent() {
    let both = "create table payer (id int primary key, email text unique, updated_at timestamptz default '2001-01-01');
                create table line (id int primary key, email text references payer (email),
                    created_at timestamptz default now());
                insert into payer values (1, 'one@a'), (2, 'two@a');";
    let new = "update payer set email = 'x@a', updated_at = now() where id = 1; insert into line values (1, 'x@a')";
    let old = "insert into payer values (3, 'x@a', now())";
    let case = recovery(pair("taken_value", both, new, old), "");
    let plan = planned(&case);
    assert_eq!(held(&plan, "public.payer", "payer_email_key"), 1, "{plan:#?}");
    assert_eq!(held(&plan, "public.line", "held"), 1, "{plan:#?}");
    assert!(children(&case).is_empty());
}

/// A parent that NEW did not touch is not looked at: OLD's row must say by itself that it is the one of the cutover.
#[test]
fn a_parent_that_does_not_say_that_it_was_there_is_no_parent() {
    let both = "create table payer (id int primary key, code text unique, created_at timestamptz, updated_at timestamptz);
         insert into payer select i, 'k' || i, '2020-01-01', '2020-01-01' from generate_series(1, 9) i;
         create table bill (id int primary key, payer int references payer, created_at timestamptz default now(),
                            updated_at timestamptz default now());
         create table note (id int primary key, code text references payer (code), created_at timestamptz default now(),
                            updated_at timestamptz default now())";
    let new = "insert into bill select i, i from generate_series(1, 9) i; insert into note values (1, 'k6'), (2, 'k7')";
    // Others under the numbers 1 to 3, by stamps that prove nothing; a row that was only written; and a code that went on.
    let old = "delete from payer where id in (1, 2, 3);
         insert into payer values (1, 'n1', null, now()), (2, 'n2', now() - interval '62 minutes', now()),
            (3, 'n3', null, null);
         update payer set updated_at = now() where id = 4;
         update payer set code = 'was k6', updated_at = now() where id = 6;
         update payer set code = 'k6', updated_at = now() where id = 5";
    let timestamps = "[tables.\"public.payer\"]\nmethod = \"timestamps\"\n";
    let case = recovery(pair("unproven_parent", both, new, old), timestamps);
    let plan = planned(&case);
    let why = "has a row that does not say that it was there at the cutover, and may be another one";
    assert_eq!((held(&plan, "public.bill", why), held(&plan, "public.note", why)), (3, 1), "{plan:#?}");
}
