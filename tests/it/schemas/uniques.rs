//! Rows that may not stand beside each other.

use super::*;
use failback::error::ErrorKind;

#[test]
fn expression_and_partial_indexes_hold_what_clashes() {
    let case = planned(
        "expressions",
        "create table users (id int primary key, email text, handle text, gone bool not null default false);
         create unique index users_email on users (lower(email)); create unique index users_handle on users (handle)
             where not gone;
         insert into users values (1, 'a@x', 'ann', false), (2, 'b@x', 'bob', false), (3, 'c@x', 'cy', true),
             (4, 'z@x', 'zoe', false)",
        "insert into users values (10, 'd@X', 'other', false), (11, 'e@x', 'dan', false), (12, 'M@x', 'mia', false),
             (13, 'f@x', 'dan', true), (14, 'g@x', 'cy', false);
         update users set handle = 'x' where id = 2; update users set handle = 'bob' where id = 4;
         update users set handle = 'zoe' where id = 2;
         update users set gone = true where id = 1; insert into users values (15, 'A2@x', 'ann', false);
         update users set email = 'A@x' where id = 1",
        "insert into users values (50, 'D@x', 'dan', false), (51, 'm@X', 'mia', false)",
        NEW_WINS_AND_NOTHING_GOES,
    );
    assert_eq!(case.held("public.users", "update_exists, another row of OLD has its lower(email) (users_email)"), 1);
    assert_eq!(case.held("public.users", "update_exists, another row of OLD has its handle (users_handle)"), 1);
    assert_eq!(case.held("public.users", "multiple_unique_conflicts"), 1);
    case.expect_held(3);
    case.comes_home_and_goes_back(|case| {
        let expected = [
            "1|A@x|ann|t",
            "2|b@x|zoe|f",
            "3|c@x|cy|t",
            "4|z@x|bob|f",
            "13|f@x|dan|t",
            "14|g@x|cy|f",
            "15|A2@x|ann|f",
            "50|D@x|dan|f",
            "51|m@X|mia|f",
        ];
        assert_eq!(case.old("select * from users order by id"), expected);
    });
}

#[test]
fn nulls_that_count_as_equal_clash() {
    let case = planned(
        "nulls",
        "create table t (id int primary key, a int, b int, unique nulls not distinct (a, b)); \
         insert into t values (1, null, 1), (2, 5, 5)",
        "insert into t values (10, null, 2), (11, null, 3), (12, 7, 7), (13, 8, null); update t set b = null where id = 1",
        "insert into t values (50, null, 2), (51, 7, 7), (52, null, 7)",
        NEW_WINS_AND_NOTHING_GOES,
    );
    assert_eq!(case.held("public.t", "update_exists, another row of OLD has its a, b (t_a_b_key)"), 2, "{:#?}", case.plan);
    case.expect_held(2);
    case.comes_home_and_goes_back(|case| {
        let expected = ["1||", "2|5|5", "11||3", "13|8|", "50||2", "51|7|7", "52||7"];
        assert_eq!(case.old("select * from t order by id"), expected);
    });
}

const ROOMS: &str = "create extension btree_gist;
    create table stays (id int primary key, room int, during tsrange, void bool not null default false,
        constraint one_guest exclude using gist (room with =, during with &&) where (not void) WHEN);
    insert into stays values (1, 1, '[2026-01-01,2026-01-03)'), (2, 2, '[2026-01-01,2026-01-03)'),
        (3, 3, '[2026-01-01,2026-01-09)')";

#[test]
fn rows_that_an_exclusion_constraint_keeps_apart_are_held() {
    for when in ["", "deferrable initially deferred"] {
        let case = planned(
            "excluded",
            &ROOMS.replace("WHEN", when),
            "update stays set during = '[2026-03-01,2026-03-02)' where id = 2; update stays set room = 2 where id = 1;
             update stays set room = 1, during = '[2026-01-01,2026-01-03)' where id = 2;
             insert into stays values (10, 1, '[2026-01-05,2026-01-07)'), (11, 1, '[2026-01-10,2026-01-12)'),
                 (12, 3, '[2026-02-01,)');
             update stays set void = true where id = 3; insert into stays values (13, 3, '[2026-01-02,2026-01-04)')",
            "insert into stays values (50, 1, '[2026-01-06,2026-01-08)')",
            NEW_WINS_AND_NOTHING_GOES,
        );
        assert_eq!(case.held("public.stays", "exclusion_violation, another row stands where it would (one_guest)"), 1);
        case.expect_held(1);
        case.comes_home_and_goes_back(|case| {
            let rooms = case.old("select id, room, void from stays order by id");
            assert_eq!(rooms, ["1|2|f", "2|1|f", "3|3|t", "11|1|f", "12|3|f", "13|3|f", "50|1|f"]);
        });
    }
}

#[test]
fn deferrable_constraints_hold_although_their_triggers_are_silent() {
    let tables = "create table t (id int, code text, constraint t_pkey primary key (id) deferrable initially deferred,
             constraint t_code unique (code) deferrable initially deferred);
         insert into t values (1, 'a'), (2, 'b')";
    let case = planned(
        "deferrable",
        tables,
        "begin; update t set code = 'b' where id = 1; update t set code = 'a' where id = 2; commit; \
         insert into t values (10, 'x'), (11, 'y')",
        "insert into t values (50, 'x')",
        NEW_WINS_AND_NOTHING_GOES,
    );
    assert_eq!(case.held("public.t", "update_exists, another row of OLD has its code (t_code)"), 1, "{:#?}", case.plan);
    case.expect_held(1);
    let options = MergeOptions { leave_held: true, ..MergeOptions::default() };
    // A row that came to OLD since the plan was made: no trigger would refuse it.
    support::sql(&case.recovery.pair.old, "insert into t values (51, 'y')");
    let before = fingerprint(&case.recovery.pair.old);
    let refused = block_on(engine::merge(&case.recovery.context, options)).expect_err("two rows with one code");
    assert_eq!(refused.kind(), ErrorKind::Refused, "{refused:?}");
    assert!(format!("{refused:?}").contains("t_code"), "{refused:?}");
    assert_eq!(fingerprint(&case.recovery.pair.old), before);
    support::sql(&case.recovery.pair.old, "delete from t where id = 51");
    case.comes_home_and_goes_back(|case| {
        assert_eq!(case.old("select * from t order by id"), ["1|b", "2|a", "11|y", "50|x"]);
    });
}

#[test]
fn a_row_that_came_since_the_plan_refuses_the_merge_by_name() {
    let case = planned(
        "since",
        "create table t (id int primary key, code text); create unique index t_low on t (lower(code)); \
         insert into t values (1, 'a')",
        "insert into t values (10, 'x')",
        "",
        NEW_WINS,
    );
    case.expect_held(0);
    support::sql(&case.recovery.pair.old, "insert into t values (51, 'X')");
    let refused = block_on(engine::merge(&case.recovery.context, MergeOptions::default())).expect_err("a clash");
    assert_eq!(refused.kind(), ErrorKind::Refused, "{refused:?}");
    assert!(format!("{refused:?}").contains("t_low"), "{refused:?}");
}

#[test]
fn what_only_old_keeps_unique_holds_both_rows() {
    let case = planned(
        "stricter",
        "create table t (id int primary key, code text, kind int); insert into t values (1, 'a', 1)",
        "insert into t values (10, 'x', 1), (11, 'x', 1), (12, 'a', 1), (13, 'ok', 2)",
        "alter table t add unique (code)",
        NEW_WINS,
    );
    assert_eq!(case.held("public.t", "update_exists"), 3);
    case.expect_held(3);
    case.comes_home_and_goes_back(|case| assert_eq!(case.old("select id from t order by id"), ["1", "13"]));
}

#[test]
fn values_that_move_between_rows_are_free_in_time() {
    let case = planned(
        "moving",
        "create table t (id int primary key, a text unique, b int, c int, unique (b, c));
         insert into t select i, 'v' || i, i, i from generate_series(1, 6) i",
        "begin; update t set a = a || '_'; update t set a = 'v' || (id % 6 + 1); update t set b = b + 100;
         update t set b = 7 - id, c = 7 - id;
         delete from t where id = 6; insert into t values (20, 'v1', 1, 1); commit",
        "",
        NEW_WINS,
    );
    // Triggers that fire would take a row that gives way for one that was deleted: there is no foreign key to be blamed.
    let loud = MergeOptions { fire_triggers: true, ..MergeOptions::default() };
    let refused = block_on(engine::merge(&case.recovery.context, loud)).expect_err("values cannot move").in_full();
    assert!(refused.contains("with --fire-triggers a row is updated") && !refused.contains("foreign keys"), "{refused}");
    case.becomes_new();
}

#[test]
fn a_generated_column_is_held_to_its_unique_index() {
    let case = planned(
        "computed",
        "create table t (id int primary key, a int, b int, sum int generated always as (a + b) stored unique);
         create table child (id int primary key, sum int references t (sum)); insert into t values (1, 1, 1), (2, 2, 2);
         insert into child values (1, 2)",
        "insert into t values (10, 5, 5), (11, 6, 6); update t set a = 100 where id = 2; \
         insert into child values (2, 12), (3, 10), (4, 102)",
        "insert into t values (50, 9, 1)",
        NEW_WINS_AND_NOTHING_GOES,
    );
    assert_eq!(case.held("public.t", "another row of OLD has its sum (t_sum_key)"), 1);
    case.expect_held(1);
    case.comes_home_and_goes_back(|case| {
        assert_eq!(case.old("select id, sum from t order by id"), ["1|2", "2|102", "11|12", "50|10"]);
        assert_eq!(
            case.old("select * from child order by id"),
            ["1|2", "2|12", "3|10", "4|102"],
            "10 is another row's sum, as the key allows"
        );
    });
}

#[test]
fn an_index_over_the_whole_row_is_met_by_the_merge() {
    let case = planned(
        "whole_row",
        "create table t (id int primary key, v text);
         create function first(t) returns text immutable language sql as 'select left(($1).v, 1)';
         create unique index t_first on t (first(t.*)); insert into t values (1, 'abc')",
        "update t set v = 'bcd' where id = 1; insert into t values (2, 'alpha'), (3, 'x')",
        "",
        NEW_WINS,
    );
    case.becomes_new();
    support::sql(&case.recovery.pair.old, "insert into t values (50, 'xyz')");
    let before = fingerprint(&case.recovery.pair.old);
    let plan = block_on(engine::plan(&case.recovery.context)).expect("a plan");
    assert_eq!(plan.held, 0, "{plan:#?}");
    let refused = block_on(engine::merge(&case.recovery.context, MergeOptions::default())).expect_err("a clash");
    assert!(format!("{refused:?}").contains("t_first"), "{refused:?}");
    assert_eq!((refused.kind(), fingerprint(&case.recovery.pair.old)), (ErrorKind::Refused, before));
}
