//! Composite types that are not made alike on both sides: their values are written by the places of their attributes, so
//! that one text has two meanings.

use failback::policy::Action;

use super::held::texts;
use super::*;

const KEEP: MergeOptions = MergeOptions { leave_held: true, fire_triggers: false, dry_run: false, again: false };

/// A table with a column of a type that each side makes in its own way; `rows` are the same on both.
fn made(test: &str, [old, new]: [&str; 2], rows: &str, work: &str) -> Recovery {
    let table = "create table y (id int primary key, home HOME, note text, created_at timestamptz default '2020-01-01',
                     updated_at timestamptz default '2020-01-01')";
    let pair = support::pair(test);
    for (side, types) in [(Side::Old, old), (Side::New, new)] {
        let home = if types.contains("create domain homes") { "homes" } else { "home" };
        support::sql(pair.url(side), &format!("{types}; {}; {rows}", table.replace("HOME", home)));
    }
    support::sql(&pair.new, work);
    recovery(pair, "")
}

fn drift(case: &Recovery) -> String {
    discovered(case).expect("a discovery").notes.join("\n")
}

const HOMES: &str = "insert into y (id, home.street, home.city) values (1, 'Main, St', 'Berlin'), (2, null, null);
                     insert into y (id) values (3), (4); update y set home.city = null, home.street = 'Side St' where id = 4";

const WORK: &str = "update y set note = 'vip', updated_at = now() where id in (1, 2, 3); update y set home.city = 'Bonn',
                        updated_at = now() where id = 4;
                    insert into y (id, home.street, home.city, created_at, updated_at)
                        values (5, 'High St', 'Oslo', now(), now())";

const QUERY: &str = "select id, (home).street, (home).city, num_nulls(home), note from y order by id";

#[test]
fn attributes_in_another_order_are_matched_by_their_names() {
    let reordered = ["create type home as (street text, city text)", "create type home as (city text, street text)"];
    let renamed = [
        "create type home as (street text, city text)",
        "create type place as (city text, street text); create domain homes as place",
    ];
    let of_a_table = ["create table home (street text, gone int, city text); alter table home drop gone", reordered[1]];
    for (test, types) in [("composite", reordered), ("composite_domain", renamed), ("composite_table", of_a_table)] {
        let case = made(test, types, HOMES, WORK);
        let said = drift(&case);
        assert!(said.contains("(street text, city text) on OLD and") && said.contains("each attribute is NEW's"), "{said}");
        let before = crate::recovery::fingerprint(&case.pair.old);
        let plan = planned(&case);
        assert_eq!((plan.held, plan.actions.get(Action::Update)), (0, 4), "{plan:#?}");
        block_on(engine::merge(&case.context, KEEP)).expect("a merge");
        assert_eq!(texts(&case.pair.old, QUERY), texts(&case.pair.new, QUERY), "{test}");
        let verified = block_on(engine::verify(&case.context)).expect("a verification");
        assert_eq!(verified.state_of_rows(), engine::State::Verified, "{verified:#?}");
        block_on(engine::undo(&case.context, KEEP)).expect("an undo");
        assert_eq!(crate::recovery::fingerprint(&case.pair.old), before, "{test}");
    }
}

#[test]
fn values_whose_attributes_do_not_answer_to_each_other_are_held_however_they_are_printed() {
    let named = ["create type home as (street text, city text)", "create type home as (road text, city text)"];
    let more = [named[0], "create type home as (street text, city text, zip text)"];
    let nested = [
        "create type inner_home as (street text, city text); create type home as (at inner_home, n int)",
        "create type inner_home as (city text, street text); create type home as (at inner_home, n int)",
    ];
    let listed = [
        "create type home as (street text, city text); create domain homes as home[]",
        "create type home as (city text, street text); create domain homes as home[]",
    ];
    for (test, types, value, other) in [
        ("composite_named", named, "'(a,b)'", "'(c,b)'"),
        ("composite_nested", nested, "'(\"(a,b)\",1)'", "'(\"(a,c)\",1)'"),
        ("composite_listed", listed, "'{\"(a,b)\"}'", "'{\"(a,c)\"}'"),
    ] {
        let rows = format!("insert into y (id, home) values (1, {value}), (2, {value}), (3, {value})");
        let work = format!(
            "update y set note = 'same', updated_at = now() where id = 1;
             update y set home = {other}, updated_at = now() where id = 2;
             update y set home = null, updated_at = now() where id = 3;
             insert into y (id, home, created_at, updated_at) values (4, {value}, now(), now()), (5, null, now(), now())"
        );
        let case = made(test, types, &rows, &work);
        let said = drift(&case);
        assert!(said.contains("no rename is guessed"), "{said}");
        let plan = planned(&case);
        assert_eq!((plan.held, plan.rejects.len(), plan.rejects[0].rows), (3, 1, 3), "{test}: {plan:#?}");
        assert!(plan.rejects[0].cause.contains("other attributes on NEW"), "{plan:#?}");
        block_on(engine::merge(&case.context, KEEP)).expect("a merge");
        let whole = texts(&case.pair.old, &format!("select id, home::text = {value}::text, note from y order by id"));
        assert_eq!(whole, ["1|t|", "2|t|", "3||", "5||"], "{test}");
    }
    // A user of NEW exchanges two values: its text is then the one that OLD has for what was there before.
    let rows = "insert into y (id) values (1); update y set home[1] = 'STREET'";
    let [old, new] = listed;
    let case = made("composite_exchanged", [old, new], "select", "select");
    for (url, value) in [(&case.pair.old, "(s,c)"), (&case.pair.new, "(c,s)")] {
        support::sql(url, &rows.replace("STREET", value));
    }
    support::sql(&case.pair.new, "update y set home[1].city = 's', home[1].street = 'c', updated_at = now()");
    let plan = planned(&case);
    assert_eq!((plan.held, plan.actions.get(Action::Hold)), (1, 1), "{plan:#?}");
    // One attribute more: the two sides' texts are never alike, and OLD's stays.
    let case =
        made("composite_more", more, "insert into y (id, home.street) values (1, 'a')", "update y set updated_at = now()");
    assert_eq!(planned(&case).held, 1);
}

#[test]
fn an_attribute_of_another_type_is_named_and_tried() {
    let types = ["create type home as (n int, at text)", "create type home as (n bigint, at text)"];
    let rows = "insert into y (id, home) values (1, '(1,a)'), (2, '(1,a)')";
    let work = "update y set note = 'same', updated_at = now() where id = 1; update y set home.n = 7, updated_at = now()
                    where id = 2;
                insert into y (id, home, created_at, updated_at) values (3, '(2,b)', now(), now()),
                    (4, '(5000000000,b)', now(), now())";
    let case = made("composite_retyped", types, rows, work);
    let said = drift(&case);
    assert!(said.contains("(n integer, at text) on OLD and") && said.contains("compared as text"), "{said}");
    // NEW may have rounded what it has there.
    assert_eq!(planned(&case).held, 2);
    block_on(engine::merge(&case.context, KEEP)).expect("a merge");
    assert_eq!(texts(&case.pair.old, "select id, home, note from y order by id"), ["1|(1,a)|same", "2|(1,a)|", "3|(2,b)|"]);
}

#[test]
fn a_key_of_such_a_type_and_a_table_without_one_are_named_as_not_carried() {
    let pair = support::pair("composite_key");
    for (side, order) in [(Side::Old, "a text, b text"), (Side::New, "b text, a text")] {
        let tables = "create table k (h home primary key, n int); create table w (h home, n int);
                      create table s (id int primary key); insert into s values (1)";
        support::sql(pair.url(side), &format!("create type home as ({order}); {tables}"));
    }
    let found = discovered(&recovery(pair, "")).expect("a discovery");
    let said = serde_json::to_string(&found).expect("JSON");
    assert!(said.contains("its key names column h, whose type has other attributes on NEW"), "{said}");
    assert!(said.contains("its columns differ in name or type, and it has no key"), "{said}");
}
