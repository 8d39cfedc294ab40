//! What holds rows beside plain tables: unlogged tables, tables of extensions, storage of other sorts; and what holds none.

use failback::engine::State;
use failback::policy::Action;

use super::{Story, texts};
use crate::support;

#[test]
fn unlogged_tables_are_carried_on_either_side() {
    let logged = "create table a (id int primary key, v text); insert into a values (1, 'a'), (2, 'b')";
    let unlogged = "create unlogged table a (id int primary key, v text); insert into a values (1, 'a'), (2, 'b')";
    for (number, (old, new)) in [(unlogged, logged), (logged, unlogged), (unlogged, unlogged)].into_iter().enumerate() {
        let new =
            format!("{new}; update a set v = 'c' where id = 1; insert into a values (3, 'd'); delete from a where id = 2");
        let story = Story::of(&format!("unlogged_{number}"), old, &new);
        let found = story.discover();
        assert!(found.notes.iter().any(|note| note.contains("a crash of the server empties it")), "{:#?}", found.notes);
        story.comes_home();
    }
}

#[test]
fn an_unlogged_partition_is_carried_through_its_root() {
    let parts = "create table parts (id int primary key, v text) partition by range (id);
                 create unlogged table parts_1 partition of parts for values from (0) to (10);
                 create table parts_2 partition of parts for values from (10) to (20);
                 insert into parts select i, 'v' from generate_series(5, 15) i";
    Story::both("unlogged_leaf", parts, "update parts set v = 'w' where id in (7, 12); insert into parts values (1, 'x')")
        .comes_home();
}

#[test]
fn what_holds_no_rows_of_its_own_is_listed_with_the_reason() {
    let bystanders = "
        create table t (id int primary key, v text); insert into t values (1, 'a');
        create view shown as select * from t;
        create materialized view derived as select * from t;
        create foreign data wrapper nowhere; create server elsewhere foreign data wrapper nowhere;
        create foreign table far (id int) server elsewhere;
        create rule mirror as on insert to shown do instead insert into t values (new.id, new.v)";
    let story = Story::both("bystanders", bystanders, "insert into t values (2, 'b')");
    assert_eq!(story.left_out("public.shown"), ("a view holds no rows of its own".to_owned(), false));
    assert!(story.left_out("public.derived").0.contains("REFRESH MATERIALIZED VIEW"));
    assert_eq!(story.left_out("public.far"), ("its rows live on another server".to_owned(), false));
    let planned = story.plan();
    assert_eq!(planned.held, 0, "{planned:#?}");
    story.merge_check_undo(State::Verified, |pair| {
        assert_eq!(texts(&pair.old, "select * from shown order by id"), ["1|a", "2|b"]);
    });
}

#[test]
fn temporary_tables_of_others_are_no_part_of_the_estate() {
    let story =
        Story::both("temporary", "create table t (id int primary key); insert into t values (1)", "insert into t values (2)");
    let held = crate::support::block_on(async {
        let client = support::connect(&story.recovery.pair.new).await;
        client.batch_execute("create temporary table scratch (id int); insert into scratch values (1)").await.expect("a table");
        client
    });
    let found = story.discover();
    assert!(!format!("{:?}", found.databases[0].left_out).contains("scratch"));
    story.comes_home();
    drop(held);
}

/// A rule that would turn an INSERT into something else must not be met in silence.
#[test]
fn rules_on_a_table_do_not_change_what_is_written() {
    let rules = "
        create table t (id int primary key, v text); create table log (id int, v text);
        insert into t values (1, 'a'), (2, 'b'), (3, 'c');
        create rule also as on insert to t do also insert into log values (new.id, new.v);
        create rule nothing as on update to t do instead nothing;
        create rule never as on delete to t do instead nothing";
    let story = Story::of(
        "rules",
        rules,
        "create table t (id int primary key, v text); create table log (id int, v text);
         insert into t values (1, 'a'), (2, 'changed'), (4, 'new')",
    );
    story.comes_home();
}

#[test]
fn tables_in_a_schema_that_one_side_lacks_are_named() {
    let story = Story::of(
        "one_sided",
        "create schema olds; create table olds.t (id int primary key); create table t (id int primary key, v text)",
        "create schema news; create table news.t (id int primary key); insert into news.t values (1);
         create table t (id int primary key, v text); insert into t values (1, 'a')",
    );
    let (reason, blocker) = story.left_out("news.t");
    assert!(blocker && reason.starts_with("the table does not exist on OLD"), "{reason}");
    assert_eq!(story.left_out("olds.t"), ("the table does not exist on NEW: there is nothing to carry".to_owned(), false));
    let planned = story.plan();
    assert_eq!(planned.actions.get(Action::Insert), 1, "{planned:#?}");
    // The row that has no place on OLD is one that was not carried.
    story.merge_check_undo(State::VerifiedWithHeld, |pair| assert_eq!(texts(&pair.old, "select * from t"), ["1|a"]));
}

#[test]
fn storage_parameters_access_methods_and_tablespaces_do_not_matter() {
    let plain = "create table t (id int primary key, v text, w bytea); insert into t select i, repeat('v', i), \
                     null from generate_series(1, 50) i";
    let odd = "create access method other_heap type table handler heap_tableam_handler;
               create table t (id int primary key, v text, w bytea) using other_heap
                   with (fillfactor = 20, autovacuum_enabled = off);
               alter table t alter v set storage external, alter w set storage plain;
               insert into t select i, repeat('v', i), null from generate_series(1, 50) i";
    let work = "update t set v = repeat('long', 5000), w = '\\x00ff' where id < 4; insert into t values (100, '', ''); \
                delete from t where id = 50";
    Story::of("odd_new", plain, &format!("{odd}; {work}")).comes_home();
    Story::of("odd_old", odd, &format!("{plain}; {work}")).comes_home();
}
