//! An undo after OLD's definitions have changed: what came since is kept, and what is no longer there is said.

use super::undoing::{DELETES, NOTES, left, merged, texts, undo};
use super::*;

const WAYS: &str = "[defaults]\nambiguous_differs = \"apply_new\"\n";

#[test]
fn a_replaced_row_keeps_what_stands_in_a_column_that_came_since() {
    let both = "create table p (id int primary key, u int unique); insert into p values (1, 1), (2, 2)";
    let new = "update p set u = u + 100; update p set u = 3 - (u - 100)";
    let case = recovery(pair("undo_replaced", both, new, ""), "");
    case.decide(WAYS);
    merged(&case);
    assert_eq!(texts(&case.pair.old, "p"), ["(1,2)", "(2,1)"]);
    support::sql(
        &case.pair.old,
        "alter table p add note text, add size int default 7, add w int generated always as (u) stored",
    );
    let report = undo(&case);
    assert_eq!((left(&report), report.rows()), (Vec::new(), 2), "the table was rewritten, and nobody wrote");
    assert_eq!(texts(&case.pair.old, "p"), ["(1,1,,7,1)", "(2,2,,7,2)"]);
}

#[test]
fn a_value_in_a_column_that_came_since_outlives_the_undo_of_a_replaced_row() {
    let both = "create table p (id int primary key, u int unique); insert into p values (1, 1), (2, 2)";
    let new = "update p set u = u + 100; update p set u = 3 - (u - 100)";
    let case = recovery(pair("undo_kept", both, new, ""), "");
    case.decide(WAYS);
    merged(&case);
    support::sql(&case.pair.old, "alter table p add note text; update p set note = 'user ' || id");
    let notes = texts(&case.pair.old, "(select id, note from p)");
    assert_eq!((undo(&case).rows(), texts(&case.pair.old, "(select id, note from p)")), (2, notes));
    assert_eq!(texts(&case.pair.old, "(select id, u from p)"), ["(1,1)", "(2,2)"]);
}

#[test]
fn a_column_that_fills_itself_is_no_obstacle_to_rows_that_come_back() {
    let new = "update notes set body = 'x', updated_at = now() where id = 1; delete from notes where id = 3";
    let case = recovery(pair("undo_serial", NOTES, new, ""), "");
    case.decide(DELETES);
    merged(&case);
    // An update that OLD's users made has the rows looked at one by one.
    support::sql(&case.pair.old, "alter table notes add seq serial; insert into notes values (7, 'mine')");
    let report = undo(&case);
    assert_eq!((left(&report), report.rows()), (Vec::new(), 2));
    assert_eq!(
        texts(&case.pair.old, "(select id, body, seq is not null from notes)"),
        ["(1,a,t)", "(2,b,t)", "(3,c,t)", "(7,mine,t)"]
    );
}

#[test]
fn a_column_that_nothing_fills_stands_against_rows_that_come_back_alone() {
    let new = "update notes set body = 'x', updated_at = now() where id in (1, 2); delete from notes where id = 3";
    let case = recovery(pair("undo_unfilled", NOTES, new, ""), "");
    case.decide(DELETES);
    merged(&case);
    support::sql(
        &case.pair.old,
        "alter table notes add seq int not null default 7; alter table notes alter seq drop default;
         update notes set body = 'mine' where id = 2",
    );
    let report = undo(&case);
    assert_eq!((left(&report), report.rows()), (vec!["public.notes: id = 2".to_owned(), "public.notes: id = 3".to_owned()], 1));
    assert_eq!(texts(&case.pair.old, "(select id, body, seq from notes)"), ["(1,a,7)", "(2,mine,7)"]);
}

#[test]
fn a_column_is_known_again_under_another_name() {
    let both = "create table r (id int primary key, v text, w text, updated_at timestamptz);
                create table s (id int primary key, v text, w text, updated_at timestamptz);
                create table t (id int primary key, v text, w text, updated_at timestamptz);
                insert into r values (1, 'a', 'a', '2020-01-01'); insert into s table r; insert into t table r";
    let new = "update r set v = 'x', updated_at = now(); update s set v = 'x', w = 'x', updated_at = now();
               update t set v = 'x', updated_at = now()";
    let case = recovery(pair("undo_renamed", both, new, ""), "");
    merged(&case);
    support::sql(
        &case.pair.old,
        "alter table r rename v to v0; alter table r add v text default 'x';
         alter table s rename v to z; alter table s rename w to v; alter table s rename z to w;
         alter table t rename v to other",
    );
    let report = undo(&case);
    assert_eq!((left(&report), report.rows()), (["r", "s", "t"].map(|table| format!("public.{table}: id = 1")).to_vec(), 0));
    let whys: Vec<_> = report.databases[0].left.iter().map(|left| left.why.as_str()).collect();
    assert_eq!(
        whys,
        [
            "column v is called v0 on OLD now, and another one has its name",
            "column v is called w on OLD now, and another one has its name",
            "column v is called other on OLD now"
        ]
    );
    assert_eq!(texts(&case.pair.old, "(select v0, v, w from r)"), ["(x,x,a)"]);
    support::sql(&case.pair.old, "alter table t rename other to v");
    assert_eq!((undo(&case).rows(), texts(&case.pair.old, "(select v from t)")), (1, vec!["(a)".to_owned()]));
}

#[test]
fn a_lifted_check_keeps_its_comments_on_children_and_partitions() {
    let both = "create table inh (id int primary key, a int, updated_at timestamptz);
                create table child (primary key (id)) inherits (inh);
                create table par (id int primary key, a int, updated_at timestamptz) partition by range (id);
                create table part partition of par default;
                insert into inh values (1, -1, '2020-01-01'); insert into par values (1, -1, '2020-01-01')";
    let checks = "alter table inh add constraint pos check (a > 0) not valid;
                  alter table par add constraint pos check (a > 0) not valid;
                  comment on constraint pos on inh is 'one'; comment on constraint pos on child is 'two';
                  comment on constraint pos on part is 'it''s three'";
    let new = "update inh set a = 1, updated_at = now(); update par set a = 1, updated_at = now()";
    let case = recovery(pair("undo_comments", both, new, checks), "");
    merged(&case);
    assert_eq!(undo(&case).rows(), 2);
    let comments = "(select conrelid::regclass, obj_description(oid, 'pg_constraint') as said from pg_constraint
                     where conname = 'pos' order by 1)";
    let mut said = texts(&case.pair.old, comments);
    said.sort();
    assert_eq!(said, ["(child,two)", "(inh,one)", "(par,)", "(part,\"it's three\")"]);
}

#[test]
fn a_row_that_is_left_below_a_row_that_is_left_keeps_its_parent_over_two_generations() {
    let both = "create table customers (id int primary key, name text, created_at timestamptz, updated_at timestamptz);
                create table orders (id int primary key, customer int references customers,
                                     created_at timestamptz default now());
                create table items (id int primary key, order_id int references orders, note text,
                                    created_at timestamptz default now())";
    let new = "insert into customers values (10, 'new', now(), now()), (11, 'new', now(), now());
               insert into orders values (20, 10), (21, 11); insert into items values (30, 20, 'x'), (31, 21, 'x')";
    let old = "insert into customers values (10, 'old', now(), now()), (11, 'old', now(), now())";
    let case = recovery(pair("undo_generations", both, new, old), "");
    case.decide("[defaults]\ninsert_exists = \"apply_new\"\n");
    merged(&case);
    support::sql(&case.pair.old, "update items set note = 'mine' where id = 30");
    let report = undo(&case);
    let both_generations = ["public.customers: id = 10", "public.orders: id = 20", "public.items: id = 30"];
    assert_eq!(left(&report), both_generations, "{report:#?}");
    let names = texts(&case.pair.old, "(select id, name from customers)");
    assert_eq!(names, ["(10,new)", "(11,old)"], "11's order went back with its item");
}
