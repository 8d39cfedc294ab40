//! A child follows its parent, and nobody who only has the parent's key.

use failback::engine::{self, MergeOptions};
use failback::error::{ErrorKind, OldState};
use failback::policy::Action;

use super::*;

/// How many rows of a table are held for a reason.
pub(super) fn held(plan: &PlanReport, table: &str, reason: &str) -> u64 {
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
fn where_it_is_not_known_which_children_new_has_any_child_keeps_its_parent() {
    let both = "create table invoice (id int primary key, payer text);
                create table line (id int primary key, invoice int references invoice on delete cascade,
                    created_at timestamptz default '2020-01-01', updated_at timestamptz default '2020-01-01');
                insert into invoice values (8, 'Bob'), (9, 'Bob'); insert into line values (1, 8)";
    let new = "delete from invoice; insert into invoice values (8, 'Ann'), (9, 'Ann')";
    for (method, tables) in [("timestamps_only", None), ("skip", None), ("timestamps", Some("public.invoice"))] {
        let config = format!("[tables.\"public.line\"]\nmethod = \"{method}\"\n");
        let mut case = recovery(pair("child_unseen", both, new, ""), &config);
        case.choose_all(&tables.map(str::to_owned).into_iter().collect::<Vec<_>>());
        case.decide("[defaults]\nambiguous_differs = \"apply_new\"\n");
        let plan = planned(&case);
        assert_eq!(held(&plan, "public.invoice", "OLD's own children of it in public.line"), 1, "{method}: {plan:#?}");
        assert_eq!(children(&case), ["1"]);
        let payers = support::rows(&case.pair.old, "select payer from invoice order by id");
        assert_eq!(payers.concat(), [Some("Bob".to_owned()), Some("Ann".to_owned())], "{method}: nobody refers to 9");
    }
}

/// Types of a parent's key and of the child's, the parent's key, and another spelling of it.
const SPELT_TWICE: [(&str, &str, &str, &str); 6] = [
    ("citext", "citext", "'bob'", "'Bob'"),
    ("numeric", "numeric", "1", "1.00"),
    ("interval", "interval", "'30 days'", "'1 mon'"),
    ("numeric(8, 2)", "int", "1.00", "1"),
    ("timestamp", "date", "'2020-01-01'", "'2020-01-01'"),
    ("char(6)", "varchar", "'bob'", "'bob'"),
];

const OF_BEFORE: &str = "created_at timestamptz default '2020-01-01', updated_at timestamptz default '2020-01-01'";

#[test]
fn a_child_that_spells_its_parents_key_otherwise_is_held_with_it_too() {
    for (parent, child, key, other) in SPELT_TWICE {
        let both = format!(
            "create extension citext; create table invoice (k {parent} primary key, payer text, {OF_BEFORE});
             create table line (id int primary key, k {child} references invoice, {OF_BEFORE});
             insert into invoice values ({key}, 'Bob')"
        );
        let new = format!(
            "delete from invoice; insert into invoice values ({key}, 'Ann', now(), now());
             insert into line values (1, {key}::{parent}::{child}, now(), now()), (2, {other}, now(), now())"
        );
        let case = recovery(pair("spelt_parent", &both, &new, ""), "");
        let plan = planned(&case);
        assert_eq!(held(&plan, "public.line", "held with its parent: public.invoice"), 2, "{parent}: {plan:#?}");
        assert!(children(&case).is_empty(), "{parent}");
    }
}

#[test]
fn olds_own_child_that_spells_its_parents_key_otherwise_keeps_its_parent() {
    for (parent, child, key, other) in SPELT_TWICE {
        let both = format!(
            "create extension citext; create table invoice (k {parent} primary key, payer text);
             create table line (id int primary key, k {child} references invoice, note text);"
        );
        let new = format!("insert into invoice values ({key}, 'Ann')");
        let old = format!("insert into invoice values ({key}, 'Bob'); insert into line values (2, {other})");
        let case = recovery(pair("spelt_child", &both, &new, &old), "");
        case.decide("[defaults]\nambiguous = \"apply_new\"\nambiguous_missing_on_new = \"keep_old\"\n");
        let plan = planned(&case);
        assert_eq!(held(&plan, "public.invoice", "OLD's own children of it in public.line"), 1, "{parent}: {plan:#?}");
        assert_eq!(children(&case), ["2"], "{parent}");
        assert_eq!(support::value(&case.pair.old, "select payer from invoice").as_deref(), Some("Bob"), "{parent}");
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

/// Parents with stamps, without any, and in a table that is not carried; a child of NEW's for each.
fn usurped(test: &str) -> Recovery {
    let both = "create table payer (id int primary key, name text, created_at timestamptz, updated_at timestamptz);
         create table plain (id int primary key, code text unique);
         create table aside (id int primary key, created_at timestamptz);
         create table line (id int primary key, payer int references payer, plain int references plain,
                            code text references plain (code), aside int references aside,
                            created_at timestamptz default now(), updated_at timestamptz default now());
         insert into payer select i, 'both', '2001-01-01', '2001-01-01' from generate_series(1, 3) i;
         insert into plain select i, 'c' || i from generate_series(1, 3) i;
         insert into aside select i, '2001-01-01' from generate_series(1, 3) i";
    let new = "insert into line values (1, 1, null, null, null), (2, null, 1, null, null), (3, null, null, 'c2', null),
         (4, null, null, null, 1), (5, 2, 3, 'c3', 2)";
    recovery(pair(test, both, new, ""), "[tables.\"public.aside\"]\nmethod = \"skip\"\n")
}

#[test]
fn a_parent_that_becomes_another_row_after_the_plan_gets_no_child() {
    let cases = [
        ("payer", "insert into payer values (1, 'Bob', now(), now())", "id = 1", "1"),
        ("plain", "insert into plain values (1, 'c1')", "id = 1", "2"),
        ("plain", "insert into plain values (9, 'c2')", "code = c2", "3"),
        ("aside", "insert into aside values (1, now())", "id = 1", "4"),
    ];
    for (number, (table, work, parent, child)) in cases.into_iter().enumerate() {
        let case = usurped(&format!("usurped_{number}"));
        assert_eq!(planned(&case).held, 0);
        let gone = if parent.starts_with("code") { "code = 'c2'" } else { parent };
        support::sql(&case.pair.old, &format!("delete from {table} where {gone}; {work}"));
        let refused = block_on(engine::merge(&case.context, MergeOptions::default())).expect_err("a stranger came");
        assert_eq!((refused.kind(), refused.old_state()), (ErrorKind::Refused, Some(&OldState::RolledBack)), "{refused:?}");
        let said = format!("1 rows of public.line would refer to rows of public.{table}");
        assert!(refused.causes().iter().any(|cause| cause.contains(&said) && cause.contains(parent)), "{refused:?}");
        let plan = block_on(engine::plan(&case.context)).expect("a plan");
        assert_eq!(held(&plan, "public.line", &format!("public.{table}")), 1, "{plan:#?}");
        let rest: Vec<_> = ["1", "2", "3", "4", "5"].into_iter().filter(|id| *id != child).collect();
        assert_eq!(children(&case), rest);
    }
}

#[test]
fn a_parent_that_was_only_written_is_still_the_same_where_its_stamps_say_so() {
    let case = usurped("written_parent");
    planned(&case);
    support::sql(&case.pair.old, "update payer set name = 'new', updated_at = now(); update aside set id = id");
    assert_eq!(children(&case), ["1", "2", "3", "4", "5"]);
}

/// OLD's own reference stays, whoever is behind it by now: the row's own words were never NEW's.
#[test]
fn a_row_that_keeps_olds_own_parent_asks_for_no_proof_of_it() {
    let both = "create table plain (id int primary key, name text);
         create table line (id int primary key, tag text unique, note text, plain int references plain,
                            updated_at timestamptz default '2001-01-01');
         insert into plain values (1, 'both'), (2, 'both'); insert into line values (1, 'a', 'both', 1), (2, 'b', 'both', 2)";
    // Unique values swap, so that the rows are deleted and inserted again.
    let new = "update line set tag = tag || '*', updated_at = now(); update line set tag = 'b' where id = 1;
         update line set tag = 'a' where id = 2";
    let case = recovery(pair("kept_parent", both, new, ""), "");
    assert_eq!(planned(&case).actions.get(Action::Replace), 2);
    support::sql(&case.pair.old, "update plain set name = 'new'");
    assert_eq!(children(&case), ["1", "2"]);
    assert_eq!(support::value(&case.pair.old, "select string_agg(tag, '' order by id) from line").as_deref(), Some("ba"));
}

/// Where nothing but a comparison of both sides shows which row it is, a row that was written since may be another one.
#[test]
fn a_parent_that_was_written_between_the_comparison_and_the_plan_is_looked_at_too() {
    let case = usurped("written_before_plan");
    block_on(engine::export(&case.context)).expect("an export");
    support::sql(&case.pair.old, "delete from plain where id = 1; insert into plain values (1, 'c1')");
    block_on(engine::diff(&case.context)).expect("a diff");
    let plan = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!(held(&plan, "public.line", "public.plain has a row that was written on OLD since"), 1, "{plan:#?}");
    assert_eq!(children(&case), ["1", "3", "4", "5"]);
}

#[test]
fn a_child_does_not_come_back_to_a_parent_that_became_another_row() {
    let both = "create table plain (id int primary key, name text);
         create table payer (id int primary key, name text, created_at timestamptz, updated_at timestamptz);
         create table line (id int primary key, plain int references plain, payer int references payer,
                            updated_at timestamptz default '2001-01-01');
         insert into plain select i, 'both' from generate_series(1, 4) i;
         insert into payer select i, 'both', '2001-01-01', '2001-01-01' from generate_series(1, 4) i;
         insert into line values (1, 1, null), (2, 2, null), (3, 3, null), (4, null, 1), (5, null, 2), (6, null, 3)";
    let new = "delete from line where id in (1, 2, 4, 5);
         update line set plain = 4, updated_at = now() where id = 3;
         update line set payer = 4, updated_at = now() where id = 6";
    let case = recovery(pair("usurped_undo", both, new, ""), "");
    case.decide("[defaults]\ndelete = \"apply_new\"\n");
    assert_eq!(planned(&case).held, 0);
    assert_eq!(children(&case), ["3", "6"]);
    support::sql(
        &case.pair.old,
        "delete from plain where id in (1, 3); insert into plain values (1, 'Bob'), (3, 'Bob');
         delete from payer where id in (1, 3); insert into payer values (1, 'Bob', now(), now()), (3, 'Bob', now(), now());
         update payer set name = 'new', updated_at = now() where id = 2",
    );
    let undone = block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    let left = undone.databases.iter().flat_map(|database| &database.left);
    let mut left: Vec<_> = left.flat_map(|left| &left.keys).map(String::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["id = 1", "id = 3", "id = 4", "id = 6"], "{undone:#?}");
    let lines = support::rows(&case.pair.old, "select format('%s %s %s', id, plain, payer) from line order by id");
    assert_eq!(lines.concat().into_iter().flatten().collect::<Vec<_>>(), ["2 2 ", "3 4 ", "5  2", "6  4"]);
    let again = block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    assert_eq!((again.rows(), again.left_rows()), (0, 4));
}

#[test]
fn a_parent_that_an_undo_brought_back_is_no_stranger() {
    let both = "create table plain (id int primary key, name text);
         create table line (id int primary key, plain int references plain);
         insert into plain select i, 'both' from generate_series(1, 2) i; insert into line values (1, 1), (2, 2)";
    let case = recovery(pair("undone_parent", both, "delete from line; delete from plain", ""), "");
    case.decide("[defaults]\nambiguous_missing_on_new = \"apply_new\"\n");
    assert_eq!(planned(&case).held, 0);
    assert_eq!(children(&case), [""; 0]);
    support::sql(&case.pair.old, "insert into line values (1, null)");
    let undo = || block_on(engine::undo(&case.context, MergeOptions::default())).expect("an undo");
    assert_eq!((undo().left_rows(), support::value(&case.pair.old, "select count(*) from plain")), (1, Some("2".to_owned())));
    support::sql(&case.pair.old, "delete from line where id = 1");
    assert_eq!(undo().left_rows(), 0);
    let lines = support::rows(&case.pair.old, "select format('%s %s', id, plain) from line order by id");
    assert_eq!(lines.concat().into_iter().flatten().collect::<Vec<_>>(), ["1 1", "2 2"]);
}

/// A foreign key that a migration added: OLD does not hold to it, and NEW's rows mean their parents by it all the same.
#[test]
fn a_child_follows_its_parent_by_a_foreign_key_that_new_alone_has() {
    const KEYS: &str = "alter table line add foreign key (payer) references payer;
         alter table line add foreign key (plain) references plain; ";
    let both = "create table payer (id int primary key, name text, created_at timestamptz, updated_at timestamptz);
         create table plain (id int primary key, name text);
         create table line (id int primary key, payer bigint, plain int, created_at timestamptz default now(),
                            updated_at timestamptz default now());
         insert into payer values (1, 'both', '2001-01-01', '2001-01-01'); insert into plain values (1, 'both'), (3, 'both');
         insert into line values (9, 77, null, '2001-01-01', '2001-01-01')";
    let new = format!(
        "delete from line; {KEYS} insert into payer values (2, 'Ann', now(), now()); insert into plain values (2, 'Ann');
         insert into line values (1, 1, null), (2, 2, null), (3, null, 1), (4, null, 2), (5, null, 3)"
    );
    let old = "insert into payer values (2, 'Bob', now(), now()); insert into plain values (2, 'Bob');
         delete from plain where id = 3";
    let case = recovery(pair("key_of_new", both, &new, old), "");
    let plan = planned(&case);
    assert_eq!(held(&plan, "public.line", "held with its parent: public.payer (line_payer_fkey)"), 1, "{plan:#?}");
    assert_eq!(held(&plan, "public.line", "held with its parent: public.plain (line_plain_fkey)"), 2, "{plan:#?}");
    support::sql(&case.pair.old, "delete from plain where id = 1; insert into plain values (1, 'Eve')");
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    let refused = block_on(engine::merge(&case.context, options)).expect_err("a stranger came");
    assert!(refused.causes().iter().any(|cause| cause.contains("refer to rows of public.plain")), "{refused:?}");
    let plan = block_on(engine::plan(&case.context)).expect("a plan");
    assert_eq!(held(&plan, "public.line", "public.plain has a row that was written"), 1, "{plan:#?}");
    assert_eq!(children(&case), ["1", "9"]);
    let undone = block_on(engine::undo(&case.context, options)).expect("an undo");
    assert_eq!((undone.rows(), undone.left_rows()), (1, 0), "what OLD had is OLD's own");
}
