//! An undo takes back what the merge wrote, and once: what others have written is theirs, whatever it says.

use failback::engine::DatabaseOutcome;

use super::undoing::{DELETES, KEEP, NOTES, left, merged, taken_back_before, texts, undo};
use super::*;

const NEW: &str = "update notes set body = 'x', updated_at = now() where id in (1, 2); delete from notes where id = 3;
                   insert into notes values (4, 'd', now(), now()), (5, 'e', now(), now())";

#[test]
fn a_second_undo_is_about_the_rows_that_the_first_one_left() {
    let case = recovery(pair("undo_twice", NOTES, NEW, ""), "");
    case.decide(DELETES);
    merged(&case);
    support::sql(&case.pair.old, "update notes set body = 'mine' where id = 1");
    assert_eq!((left(&undo(&case)), undo(&case).rows()), (vec!["public.notes: id = 1".to_owned()], 0));
    // Users go on: what undo brought back is deleted, and what it took away is written again.
    support::sql(
        &case.pair.old,
        "delete from notes where id = 3; insert into notes select 4, 'd', updated_at, updated_at from notes where id = 1;
         update notes n set body = 'x', updated_at = m.updated_at from notes m where n.id = 2 and m.id = 1;
         update notes set body = 'a', updated_at = '2020-01-01' where id = 1",
    );
    let before = texts(&case.pair.old, "notes");
    let report = undo(&case);
    assert_eq!((report.rows(), left(&report)), (0, Vec::new()));
    assert_eq!(taken_back_before(&report), ["public.notes: id = 1"]);
    assert_eq!(texts(&case.pair.old, "notes"), before);
    assert_eq!(undo(&case).databases[0].outcome, DatabaseOutcome::DoneBefore);
}

#[test]
fn rows_that_an_undo_took_back_may_be_another_runs_by_now() {
    let first = recovery(pair("undo_two_runs", NOTES, NEW, ""), "");
    first.decide(DELETES);
    merged(&first);
    support::sql(&first.pair.old, "update notes set body = 'mine', updated_at = now() where id = 1");
    assert_eq!(left(&undo(&first)), ["public.notes: id = 1"]);
    let Pair { database, old, new } = &first.pair;
    let second = recovery(Pair { database: database.clone(), old: old.clone(), new: new.clone() }, "");
    merged(&second);
    let merged = texts(&first.pair.old, "notes");
    assert!(merged.iter().any(|row| row.starts_with("(4,d,")), "{merged:?}");
    assert_eq!(left(&undo(&first)), ["public.notes: id = 1"]);
    assert_eq!(texts(&first.pair.old, "notes"), merged);
}

#[test]
fn a_row_that_was_written_again_since_is_not_the_merges() {
    let both = "create table member (usr int, grp int, note text, primary key (usr, grp));
                insert into member values (1, 1, 'a'), (2, 1, 'a'), (3, 1, 'a')";
    let new = "insert into member values (4, 1, 'n'), (5, 1, 'n'); update member set note = 'n' where usr < 3";
    let case = recovery(pair("undo_rewritten", both, new, ""), "");
    case.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\nambiguous_differs = \"apply_new\"\n");
    merged(&case);
    support::sql(
        &case.pair.old,
        "delete from member where usr = 4; insert into member values (4, 1, 'n');
         update member set note = 'z' where usr = 1; update member set note = 'n' where usr = 1",
    );
    // What moves rows to another file does not write them.
    support::sql(&case.pair.old, "vacuum full member");
    let report = undo(&case);
    assert_eq!(left(&report), ["public.member: usr = 1, grp = 1", "public.member: usr = 4, grp = 1"]);
    assert_eq!(texts(&case.pair.old, "member"), ["(1,1,n)", "(2,1,a)", "(3,1,a)", "(4,1,n)"]);
}

#[test]
fn the_only_row_of_a_merge_is_known_to_be_anothers_too() {
    let case = recovery(pair("undo_only", NOTES, "insert into notes values (4, 'd', now(), now())", ""), "");
    merged(&case);
    support::sql(&case.pair.old, "update notes set body = 'z' where id = 4; update notes set body = 'd' where id = 4");
    assert_eq!(left(&undo(&case)), ["public.notes: id = 4"]);
}

#[test]
fn a_table_that_was_rewritten_since_is_taken_back_by_its_values() {
    let case = recovery(pair("undo_new_file", NOTES, NEW, ""), "");
    case.decide(DELETES);
    merged(&case);
    // A type that no row of the plan is about, and back: every row gets another transaction's number.
    support::sql(
        &case.pair.old,
        "update notes set body = 'mine' where id = 5;
         alter table notes alter id type bigint; alter table notes alter id type int",
    );
    let report = undo(&case);
    assert_eq!((left(&report), report.rows()), (vec!["public.notes: id = 5".to_owned()], 4));
    assert_eq!(texts(&case.pair.old, "(select id, body from notes)"), ["(1,a)", "(2,b)", "(3,c)", "(5,mine)"]);
}

#[test]
fn of_rows_that_are_alike_and_have_no_key_the_merges_are_taken_back() {
    let both = "create table log (note text); insert into log values ('base')";
    let case = recovery(pair("undo_alike", both, "insert into log values ('a'), ('a'), ('b')", ""), "");
    case.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
    merged(&case);
    support::sql(
        &case.pair.old,
        "delete from log where ctid = (select min(ctid) from log where note = 'a'); insert into log values ('a');
         delete from log where note = 'b'; insert into log values ('b')",
    );
    let report = undo(&case);
    assert_eq!((report.rows(), report.left_rows()), (1, 2), "{report:?}");
    assert_eq!(texts(&case.pair.old, "log"), ["(a)", "(b)", "(base)"]);
}

#[test]
fn a_duplicate_under_a_configured_key_holds_up_nothing_else() {
    let both = "create table k (a int not null, b text); create table p (id int primary key, b text);
                insert into k values (1, 'x'); insert into p values (1, 'x')";
    let new = "insert into k values (8, 'n'), (9, 'n'); update p set b = 'n'";
    let case = recovery(pair("undo_doubled", both, new, ""), "[tables.\"public.k\"]\nkey = [\"a\"]\n");
    case.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\nambiguous_differs = \"apply_new\"\n");
    merged(&case);
    support::sql(&case.pair.old, "insert into k values (9, 'mine')");
    let report = undo(&case);
    assert_eq!((left(&report), report.rows()), (vec!["public.k: a = 9".to_owned()], 2));
    assert!(report.databases[0].left[0].why.contains("more than once"), "{report:?}");
    assert_eq!(texts(&case.pair.old, "k"), ["(1,x)", "(9,mine)", "(9,n)"]);
    assert_eq!(texts(&case.pair.old, "p"), ["(1,x)"]);
}

#[test]
fn a_row_that_has_got_children_since_does_not_become_another_one() {
    let both = "create table p (id int primary key, who text, created_at timestamptz, updated_at timestamptz);
                create table c (id int primary key, pid int references p on delete cascade)";
    let old = "insert into p values (5, 'Ann', now(), now()), (6, 'Eve', now(), now())";
    let new = "insert into p values (5, 'Bob', now(), now()), (6, 'Kim', now(), now())";
    let case = recovery(pair("undo_adopted", both, new, old), "");
    case.decide("[tables.\"public.p\"]\ninsert_exists = \"apply_new\"\n");
    merged(&case);
    support::sql(&case.pair.old, "insert into c values (1, 5)");
    let report = undo(&case);
    assert_eq!((left(&report), report.rows()), (vec!["public.p: id = 5".to_owned()], 1));
    assert!(report.databases[0].left[0].why.contains("rows of public.c refer to it"), "{report:?}");
    assert_eq!(texts(&case.pair.old, "(select id, who from p)"), ["(5,Bob)", "(6,Eve)"]);
    support::sql(&case.pair.old, "delete from c");
    assert_eq!((undo(&case).rows(), KEEP.dry_run), (1, false));
    assert_eq!(texts(&case.pair.old, "(select id, who from p)"), ["(5,Ann)", "(6,Eve)"]);
}

#[test]
fn a_row_that_may_be_another_one_does_not_come_back_under_children_that_came_since() {
    let stamps = "created_at timestamptz default '2020-01-01', updated_at timestamptz default '2020-01-01'";
    let both = format!(
        "create table payer (id int primary key, name text, {stamps}); insert into payer values (10, 'Ann'), (11, 'Ann');
         create table plain (id int primary key, name text); insert into plain values (20, 'Ann'), (21, 'Ann');
         create table line (id int primary key, payer int references payer, plain int references plain, {stamps})"
    );
    // Ann has left, and Carl has got her number.
    let new = "delete from payer; insert into payer values (10, 'Carl', now(), now()), (11, 'Carl', now(), now());
               delete from plain; insert into plain values (20, 'Carl'), (21, 'Carl')";
    let case = recovery(pair("undo_others", &both, new, ""), "");
    case.decide("[defaults]\nambiguous_differs = \"apply_new\"\n");
    merged(&case);
    support::sql(&case.pair.old, "insert into line values (1, 10, 20, now(), now())");
    let report = undo(&case);
    assert_eq!(left(&report), ["public.payer: id = 10", "public.plain: id = 20"], "{report:#?}");
    let names = |table: &str| texts(&case.pair.old, &format!("(select id, name from {table})"));
    assert_eq!(
        (names("payer"), names("plain")),
        (vec!["(10,Carl)".to_owned(), "(11,Ann)".to_owned()], vec!["(20,Carl)".to_owned(), "(21,Ann)".to_owned()])
    );
}
