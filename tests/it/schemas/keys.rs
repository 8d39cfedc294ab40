//! What identifies a row.

use super::*;
use std::fmt::Write as _;

/// Keys of every sort, three values each: one that stays, one that changes, one that NEW adds; and one that NEW deletes.
const KEYS: &[(&str, [&str; 4])] = &[
    ("text", ["'a'", "'B b'", "E'\\u00fc\\n\\\\'", "''"]),
    ("varchar(20)", ["'a'", "'b '", "'c'", "'NULL'"]),
    ("char(5)", ["'a'", "'b'", "'c c'", "'dd'"]),
    ("ext.citext", ["'Abc'", "'b'", "'C'", "'d'"]),
    ("ext.ltree", ["'a.b'", "'a.b.c'", "'x'", "'y.z'"]),
    (
        "uuid",
        [
            "'00000000-0000-0000-0000-000000000001'",
            "'ffffffff-0000-0000-0000-000000000001'",
            "'a2345678-1234-1234-1234-123456789abc'",
            "'02345678-1234-1234-1234-123456789abc'",
        ],
    ),
    ("date", ["'2026-01-01'", "'infinity'", "'0044-03-15 BC'", "'5874897-01-01'"]),
    ("timestamptz", ["'2026-01-01Z'", "'-infinity'", "'2026-03-29 01:30:00.000001Z'", "'4713-01-01 BC'"]),
    ("time", ["'24:00'", "'00:00'", "'23:59:59.999999'", "'12:00'"]),
    ("numeric(10,2)", ["1.00", "2.5", "-3", "'NaN'"]),
    ("numeric", ["1.00", "2.50", "3e100", "'Infinity'"]),
    ("float8", ["'-0'", "'1e-300'", "'NaN'", "'infinity'"]),
    ("bytea", ["''", "'\\x00ff'", "'\\x22'", "'\\x5c'"]),
    ("int[]", ["'{}'", "'{1,2}'", "'[0:1]={1,2}'", "'{{1},{null}}'"]),
    ("text[]", ["'{}'", "'{\"a b\",NULL}'", "'{\"\"}'", "'{\"NULL\",\"{}\"}'"]),
    ("mood", ["'ok'", "'so, so'", "'it''s'", "'a \"b\" \\c'"]),
    ("spot", ["'(1,a)'", "'(2,\"b, c\")'", "'(,\"\")'", "'(3,)'"]),
    ("int4range", ["'[1,2)'", "'empty'", "'(,5]'", "'[7,)'"]),
    ("percent", ["1", "2", "3", "4"]),
    ("code", ["'Aa'", "'b'", "'c'", "'d'"]),
    ("inet", ["'10.0.0.1'", "'10.0.0.0/8'", "'::1'", "'::ffff:1.2.3.4/128'"]),
    ("bool", ["true", "false", "null", "null"]),
    ("interval", ["'1 day'", "'2 mons'", "'-1 year 3 days'", "'00:00:00.000001'"]),
    ("bit varying", ["'101'", "''", "'0'", "'00'"]),
    ("\"char\"", ["'a'", "'\\200'", "'\"'", "''"]),
    ("oid", ["1", "4294967295", "0", "7"]),
    ("jsonb", ["'1'", "'{\"a\": 1}'", "'null'", "'\"x\"'"]),
];

const TYPES: &str = "create schema ext; create extension citext schema ext; create extension ltree schema ext;
    create type mood as enum ('ok', 'so, so', 'it''s', 'a \"b\" \\c'); create type spot as (n int, t text);
    create domain percent as int check (value between 0 and 100); create domain code as ext.citext check (value <> '');";

#[test]
fn a_row_is_known_by_a_key_of_any_type() {
    let (mut both, mut new) = (TYPES.to_owned(), String::new());
    for (number, (data_type, [stays, changes, comes, goes])) in KEYS.iter().enumerate() {
        let is = |what: &str| what != "null";
        let rows: Vec<_> = [stays, changes, goes].into_iter().filter(|value| is(value)).collect();
        let values: Vec<_> = rows.iter().map(|value| format!("({value}, 7, 'x')")).collect();
        write!(
            both,
            "create table k{number} (k {data_type}, n int, v text, primary key (k, n), unique (n, k));
             create table c{number} (id int primary key, k {data_type}, n int, foreign key (n, k) references k{number} (n, k)
                 match full);
             insert into k{number} values {};",
            values.join(", ")
        )
        .expect("room");
        write!(new, "update k{number} set v = 'changed' where k = {changes}::{data_type};").expect("room");
        if is(goes) {
            write!(new, "delete from k{number} where k = {goes}::{data_type};").expect("room");
        }
        if is(comes) {
            write!(new, "insert into k{number} values ({comes}, 8, 'new'); insert into c{number} values (1, {comes}, 8);")
                .expect("room");
        }
        write!(new, "insert into c{number} values (2, {changes}, 7), (3, null, null);").expect("room");
    }
    let path = "set search_path = public, ext; ";
    case(worked(support::pair("keys"), &format!("{path}{both}"), &format!("{path}{new}"), ""), "", NEW_WINS).becomes_new();
}

#[test]
fn two_spellings_of_one_key_are_one_row_and_never_two() {
    let case = planned(
        "spellings",
        "create extension citext; create table c (k citext primary key, v int); insert into c values ('Abc', 1), ('def', 1),
             ('Gone', 1);
         create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         create table n (k numeric primary key, v int); insert into n values (1.0, 1), (2.00, 1), (3, 1);
         create table l (k text collate loose primary key, v int); insert into l values ('Abc', 1), ('def', 1);
         create table child (id int primary key, c citext references c, n numeric references n, l text collate loose
             references l);
         insert into child values (1, 'ABC', 1, 'ABC')",
        "update c set k = 'aBC' where k = 'abc'; delete from c where k = 'gone'; insert into c values ('GONE', 5);
         update n set k = 1.00 where k = 1; update n set v = 2 where k = 2; update l set k = 'aBC', v = 3 where k = 'abc'",
        "",
        NEW_WINS,
    );
    let why = "NEW has the row, its key spelt otherwise";
    let twins = [case.held("public.c", why), case.held("public.n", why), case.held("public.l", why)];
    assert_eq!(twins, [2, 1, 1], "the old spelling is no row of its own: {:#?}", case.plan);
    case.expect_held(4);
    case.comes_home_and_goes_back(|case| {
        assert_eq!(case.old("select * from c order by k"), ["aBC|1", "def|1", "GONE|5"]);
        assert_eq!(case.old("select * from n order by k"), ["1.00|1", "2.00|2", "3|1"]);
        assert_eq!(case.old("select * from l order by k"), ["aBC|3", "def|1"]);
    });
}

#[test]
fn two_rows_of_new_that_are_one_key_on_old_are_held() {
    let pair = support::pair("narrowkey");
    support::sql(
        &pair.old,
        "create extension citext; create table t (k citext primary key, v int); insert into t values ('a', 1)",
    );
    support::sql(
        &pair.new,
        "create table t (k text primary key, v int); insert into t values ('a', 1), ('B', 2), ('b', 3), ('c', 4), ('A', 5)",
    );
    let case = case(pair, "", NEW_WINS);
    assert_eq!(case.held("public.t", "t_pkey"), 3, "{:#?}", case.plan);
    case.comes_home_and_goes_back(|case| {
        let rows = case.old("select k, v from t order by k");
        assert!(rows.contains(&"c|4".to_owned()) && rows.len() == 2, "{rows:?}");
    });
}

#[test]
fn a_table_without_a_key_is_compared_as_a_multiset() {
    let case = planned(
        "keyless",
        "create table log (at timestamptz, note text, n numeric); create table codes (code text unique, v int);
         create table empty_key (a int)
         ; insert into log values ('2026-01-01Z', 'twice', 1.0), ('2026-01-01Z', 'twice', 1.0), (null, null, null),
             ('2026-01-02Z', 'once', 2);
         insert into codes values ('a', 1), (null, 1), (null, 1), ('b', 1)",
        "insert into log values ('2026-01-01Z', 'twice', 1.0), (null, null, null), ('2026-01-01Z', 'twice', 1.00);
         delete from log where note = 'once';
         update codes set v = 2 where code = 'a'; delete from codes where code is null; insert into codes values (null, 1),
             ('c', 3);
         insert into empty_key values (1), (1), (null)",
        "",
        NEW_WINS,
    );
    case.becomes_new();
}

#[test]
fn a_unique_value_that_a_kept_row_has_holds_the_row_of_a_table_without_a_key() {
    let case = planned(
        "keyless_clash",
        "create table codes (code text unique, v int); insert into codes values ('a', 1), (null, 1), ('b', 1)",
        "update codes set v = 2 where code = 'a'; insert into codes values (null, 1), ('c', 3)",
        "",
        NEW_WINS_AND_NOTHING_GOES,
    );
    assert_eq!(case.held("public.codes", "another row of OLD has its code (codes_code_key)"), 1);
    case.comes_home_and_goes_back(|case| {
        assert_eq!(case.old("select * from codes order by code, v"), ["a|1", "b|1", "c|3", "|1", "|1"]);
    });
}

#[test]
fn composite_keys_in_another_order_and_columns_in_another_order() {
    let pair = support::pair("orders");
    support::sql(
        &pair.old,
        "create table t (gone int, a int, b text, junk text, v text, at date, primary key (b, a));
         alter table t drop column gone;
         alter table t drop column junk; insert into t values (1, 'x', 'v', '2026-01-01'), (2, 'x', 'v', null)",
    );
    support::sql(
        &pair.new,
        "create table t (v text, old1 int, at date, a bigint not null, b text not null, primary key (a, b));
         alter table t drop column old1;
         insert into t values ('v', '2026-01-01', 1, 'x'), ('changed', '2026-02-01', 2, 'x'), ('new', null, 1, 'y')",
    );
    let case = case(pair, "", NEW_WINS);
    case.expect_held(0);
    case.comes_home_and_goes_back(|case| {
        assert_eq!(
            case.old("select a, b, v, at from t order by b, a"),
            ["1|x|v|2026-01-01", "2|x|changed|2026-02-01", "1|y|new|"]
        );
    });
}

#[test]
fn a_key_that_the_server_computes_is_no_key() {
    let case = planned(
        "computed_key",
        "create table t (a int not null, b int generated always as (a * 2) stored primary key, v text); \
         insert into t values (1, default, 'x')",
        "insert into t values (2, default, 'y'); update t set v = 'z' where a = 1",
        "",
        NEW_WINS,
    );
    case.becomes_new();
}
