//! The largest that PostgreSQL holds: a value of 100 MB, and a table of 1600 columns.

use failback::engine::{self, MergeOptions, State};
use failback::name::{Side, Sided};
use jiff::Timestamp;

use super::super::recovery::Recovery;
use super::super::support::{self, Pair, block_on};
use super::TAKE_NEW;

/// Carries what a pair's only table has on NEW to OLD and back, and asks both servers for a digest of it on the way.
fn there_and_back(pair: Pair, digest: &str) {
    let digests = Sided::of(|side| support::value(pair.url(side), digest));
    assert_ne!(digests.old, digests.new);
    let recovery = Recovery::of(pair, Timestamp::now(), "");
    recovery.decide(TAKE_NEW);
    recovery.up_to_plan();
    block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    assert_eq!(support::value(&recovery.pair.old, digest), digests.new, "NEW's rows are on OLD");
    let verified = block_on(engine::verify(&recovery.context)).expect("a verification");
    assert_eq!(verified.state_of_rows(), State::Verified, "{verified:#?}");
    block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
    assert_eq!(support::value(&recovery.pair.old, digest), digests.old, "OLD's rows are back");
}

#[test]
fn a_value_of_100_mb_comes_home() {
    let pair = support::pair("huge");
    for side in Side::BOTH {
        support::sql(
            pair.url(side),
            "create table huge (id int primary key, body bytea, doc jsonb);
             alter table huge alter body set storage external;
             insert into huge values (1, '\\x00', 'null')",
        );
    }
    // A megabyte of digests, a hundred times, with a byte between so that the repeats do not lie on the same places.
    support::sql(
        &pair.new,
        "insert into huge
             select 2, decode(repeat(string_agg(md5(i::text), '') || 'a7', 100), 'hex'), null
               from generate_series(1, 65536) i;
         update huge set body = (select substr(body, 1, 10000000) from huge where id = 2),
                         doc = jsonb_build_object('text', repeat('0123456789', 1000000)) where id = 1",
    );
    assert_eq!(support::value(&pair.new, "select max(length(body)) from huge"), Some(((1 << 20) * 100 + 100).to_string()));
    there_and_back(pair, "select md5(string_agg(md5(body) || coalesce(md5(doc::text), ''), ',' order by id)) from huge");
}

#[test]
fn a_table_of_1600_columns_comes_home() {
    let pair = support::pair("columns");
    let columns: Vec<_> =
        (1..1600).map(|index| format!("c{index} {}", ["bool", "int2", "\"char\"", "int4"][index % 4])).collect();
    let values: Vec<_> = (1..1600)
        .map(|index| ["i % 2 = 0", "(i + 7)::int2", "'a'::\"char\"", "case when i % 3 = 0 then 1000 + i end"][index % 4])
        .collect();
    let create = format!("create table columns (id int primary key, {})", columns.join(", "));
    let insert = |from: i32, until: i32| {
        format!("insert into columns select i, {} from generate_series({from}, {until}) i", values.join(", "))
    };
    for side in Side::BOTH {
        support::sql(pair.url(side), &create);
        support::sql(pair.url(side), &insert(1, 4));
    }
    support::sql(&pair.new, &insert(5, 8));
    support::sql(
        &pair.new,
        "update columns set c1599 = null, c1 = -1 where id = 2; update columns set c800 = not c800 where id = 3",
    );
    there_and_back(pair, "select md5(string_agg(t::text, ',' order by id)) from columns t");
}
