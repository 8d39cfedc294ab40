//! Rows of odd widths: tables without any column, and tables with nothing beside their key but what the server computes.

use failback::engine::State;
use failback::policy::Action;

use super::Story;
use crate::support;

#[test]
fn rows_without_columns_are_counted() {
    let story = Story::of(
        "no_columns",
        "create table nothing (); insert into nothing select from generate_series(1, 3);
         create table less (); insert into less select from generate_series(1, 5); create table same ();
         insert into same default values",
        "create table nothing (); insert into nothing select from generate_series(1, 10);
         create table less (); insert into less select from generate_series(1, 2); create table same ();
         insert into same default values",
    );
    let planned = story.plan();
    assert_eq!((planned.actions.get(Action::Insert), planned.actions.get(Action::Delete)), (7, 3), "{planned:#?}");
    story.merge_check_undo(State::Verified, |pair| {
        let counts = "select (select count(*) from nothing) || ' ' || (select count(*) from less)";
        assert_eq!(support::value(&pair.old, counts).as_deref(), Some("10 2"));
    });
}

#[test]
fn a_column_that_was_dropped_leaves_rows_without_columns_behind() {
    let both =
        "create table t (a int, b text); insert into t values (1, 'x'), (2, null); alter table t drop column a, drop column b";
    Story::both("dropped", both, "insert into t default values").comes_home();
}

#[test]
fn computed_columns_beside_a_key_follow_it() {
    Story::both(
        "computed",
        "create table t (id int primary key, twice int generated always as (id * 2) stored,
             word text generated always as (id::text) stored);
         create table no_key (twice int generated always as (n * 2) stored, n int);
         insert into t values (1), (2), (3); insert into no_key (n) values (1), (1), (null)",
        "delete from t where id = 2; insert into t values (4), (5); insert into no_key (n) values (1), (7); \
         delete from no_key where n is null",
    )
    .comes_home();
}

#[test]
fn all_columns_computed_and_no_key_at_all() {
    Story::both(
        "all_computed",
        "create table t (one int generated always as (1) stored); insert into t default values",
        "insert into t default values; insert into t default values",
    )
    .comes_home();
}
