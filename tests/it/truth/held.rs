//! What OLD does not take is held, and what is held never reaches it: one such row must not stand in the way of all others.

use failback::engine::{DatabaseOutcome, State};

use super::*;

const KEEP: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

/// Databases of which OLD's has no characters beyond Latin 1.
fn latin_pair(test: &str, both: &str, new: &str) -> Pair {
    let pair = support::pair(test);
    let server = support::server(Side::Old).url("postgres");
    support::sql(&server, &format!("drop database {}", pair.database));
    let options = "template template0 encoding 'LATIN1' locale 'C'";
    support::sql(&server, &format!("create database {} {options}", pair.database));
    for side in Side::BOTH {
        support::sql(pair.url(side), both);
    }
    support::sql(&pair.new, new);
    pair
}

/// Plans with NEW's word for whatever is in doubt, and merges, verifies and undoes what is not held.
pub(super) fn comes_home_with(case: &Recovery, held: u64, check: impl FnOnce(&str)) {
    case.decide("[defaults]\nambiguous = \"apply_new\"\ndelete = \"apply_new\"\n");
    let plan = planned(case);
    assert_eq!(plan.held, held, "{plan:#?}");
    let before = crate::recovery::fingerprint(&case.pair.old);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    let verified = block_on(engine::verify(&case.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), State::VerifiedWithHeld, "{verified:#?}");
    check(&case.pair.old);
    let undone = block_on(engine::undo(&case.context, KEEP)).expect("an undo");
    assert_eq!((undone.databases[0].outcome, undone.left_rows()), (DatabaseOutcome::Done, 0), "{undone:#?}");
    assert_eq!(crate::recovery::fingerprint(&case.pair.old), before);
}

pub(super) fn texts(url: &str, query: &str) -> Vec<String> {
    let line = |row: Vec<Option<String>>| row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join("|");
    support::rows(url, query).into_iter().map(line).collect()
}

#[test]
fn a_held_row_of_a_table_without_a_key_stays_here() {
    let both = "create table y (c text, d int); insert into y values ('a', 1), ('b', 1), ('b', 1)";
    let new = "insert into y values (chr(8364), 2), ('z', 3), (chr(8364), 2); delete from y where c = 'b'";
    let case = recovery(latin_pair("held_keyless", both, new), "");
    comes_home_with(&case, 2, |old| assert_eq!(texts(old, "select c, d from y order by 1"), ["a|1", "z|3"]));
    // Nor when the merge's own rows are taken back, after others have written one of them.
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    support::sql(&case.pair.old, "update y set d = 4 where c = 'z'");
    let undone = block_on(engine::undo(&case.context, KEEP)).expect("an undo");
    assert_eq!((undone.rows(), undone.left_rows()), (2, 1), "{undone:#?}");
}

#[test]
fn a_held_parent_whose_value_old_cannot_read_holds_its_children_alone() {
    // Values of two types are compared by OLD itself.
    let both = "create table p (code text primary key); create table c (id int primary key, code varchar references p);
                create table n (id numeric primary key); create table m (id int primary key, n int references n)";
    let new = "insert into p values (chr(8364)), ('z'); insert into c values (1, chr(8364)), (2, 'z')";
    let case = recovery(latin_pair("held_parent", both, new), "");
    comes_home_with(&case, 2, |old| assert_eq!(texts(old, "select * from c"), ["2|z"]));
    // As with numbers that are too great for OLD's type.
    let old = "create table p (id numeric primary key check (id < 1000));
               create table c (id int primary key, p int references p)";
    let new = "create table p (id numeric primary key); create table c (id int primary key, p bigint references p);
               insert into p values (5000000000), (7); insert into c values (1, 5000000000), (2, 7)";
    let case = recovery(pair("held_numbers", "", new, old), "");
    comes_home_with(&case, 2, |old| assert_eq!(texts(old, "select * from c"), ["2|7"]));
}

#[test]
fn values_that_name_what_old_has_not_are_held() {
    let both = "create table t (id int primary key, r regclass, l regclass[], a aclitem, n regnamespace);
                create table o (id int primary key);
                create table g (r regclass primary key);
                insert into t values (1, 'o'), (2, 'o'); insert into g values ('t')";
    let new = "create table later (id int); create schema later; create role LATER;
               insert into t (id, r) values (3, 'later'), (4, 'g'); insert into t (id, l) values (5, '{t,later}'), (6, '{t}');
               insert into t (id, n) values (7, 'later'), (8, 'public'); insert into t (id, a) values (9, 'LATER=r/LATER');
               update t set r = 'later' where id = 2;
               insert into g values ('later'), ('o'); insert into o values (1)";
    let pair = support::pair("held_names");
    let role = format!("{}_later", pair.database);
    for side in Side::BOTH {
        support::sql(pair.url(side), both);
    }
    support::sql(&pair.new, &new.replace("LATER", &role));
    let case = recovery(pair, "");
    comes_home_with(&case, 6, |old| {
        assert_eq!(
            texts(old, "select id, coalesce(r::text, l::text, n::text) from t where id > 2 order by 1"),
            ["4|g", "6|{t}", "8|public"]
        );
        assert_eq!(texts(old, "select r::text from g order by 1"), ["o", "t"]);
        assert_eq!(texts(old, "select id from o"), ["1"]);
    });
    support::sql(&case.pair.new, &format!("delete from t; drop role \"{role}\""));
}

#[test]
fn an_undo_leaves_a_row_whose_value_names_what_is_there_no_more() {
    let both = "create table later (id int); create table t (id int primary key, r regclass);
                insert into t values (1, 'later'), (2, 't')";
    let case = recovery(pair("undo_names", both, "update t set r = null", ""), "");
    case.decide("[defaults]\nambiguous = \"apply_new\"\n");
    assert_eq!(planned(&case).held, 0);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    support::sql(&case.pair.old, "drop table later");
    let undone = block_on(engine::undo(&case.context, KEEP)).expect("an undo");
    assert_eq!((undone.rows(), undone.left_rows()), (1, 1), "{undone:#?}");
    assert!(undone.databases[0].left[0].why.contains("42P01"), "{undone:#?}");
    assert_eq!(texts(&case.pair.old, "select * from t order by id"), ["1|", "2|t"]);
}

#[test]
fn what_no_client_may_write_is_held() {
    let both = "create table s as select oid::int4 as id, relname, relacl, relpartbound from pg_class limit 0;
                alter table s add primary key (id); create table part (n int) partition by range (n);
                create table one partition of part for values from (0) to (9)";
    let new = "insert into s select 1, relname, relacl, relpartbound from pg_class where relname in ('one');
               insert into s select 2, relname, relacl, relpartbound from pg_class where relname in ('part')";
    comes_home_with(&recovery(pair("held_nodes", both, new, ""), ""), 1, |old| {
        assert_eq!(texts(old, "select id, relname from s"), ["2|part"]);
    });
}

#[test]
fn rows_of_a_published_table_without_a_replica_identity_are_held() {
    let both = "create table log (at int, line text); create table orders (id int primary key);
                create table parts (n int) partition by range (n);
                create table low partition of parts for values from (0) to (9);
                insert into log values (1, 'x'); insert into parts values (1)";
    let new = "insert into log values (2, 'y'); delete from log where at = 1; insert into orders values (1);
               delete from parts where n = 1";
    let case = recovery(pair("held_published", both, new, "create publication to_new for all tables"), "");
    comes_home_with(&case, 3, |old| {
        assert_eq!(
            texts(old, "select at from log union all select id from orders union all select n from parts"),
            ["1", "1", "1"]
        );
    });
    // Decided for the table by its name, a new row goes on; an undo names it, and takes back all others.
    case.decide("[defaults]\nambiguous = \"apply_new\"\n[tables.\"public.log\"]\nambiguous = \"apply_new\"\n");
    assert_eq!(block_on(engine::plan(&case.context)).expect("a plan").actions.get(failback::policy::Action::Insert), 2);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    let undone = block_on(engine::undo(&case.context, KEEP)).expect("an undo");
    assert_eq!((undone.rows(), undone.left_rows()), (1, 1), "{undone:#?}");
    assert!(undone.databases[0].left[0].why.contains("REPLICA IDENTITY"), "{undone:#?}");
    support::sql(&case.pair.old, "alter table log replica identity full");
    assert_eq!(block_on(engine::undo(&case.context, KEEP)).expect("an undo").rows(), 1);
}
