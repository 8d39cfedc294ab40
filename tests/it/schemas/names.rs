//! Names that are no words.

use super::*;
use failback::name::{Ident, Sided};
use std::fmt::Write as _;

/// Names for everything that has one.
const NAMES: &[&str] = &[
    "select",
    "Mixed Case",
    "größe Ñ 名前 🐘",
    "a\"b\"\"c",
    "dots.in.it",
    "new\nline\tand tab",
    "x; drop table y; --",
    "per%cent %s %I",
    "back\\slash \\x \\n",
    "it's 'quoted'",
    "$dollar$ $1",
    "{braces,\"in\"}",
    " ",
    "/* comment",
    "fb_exact",
    "exactly_sixty_three_bytes_long_as_no_name_may_be_longer_than_it",
    "tableoid_",
    "order",
    "ORDER",
    "Order",
    "c0",
];

fn quoted(name: &str) -> String {
    Ident::new(name).sql()
}

fn schema() -> String {
    let mut text = "create schema \"e\"\"n;um\"; create schema \"se'q\"; create schema \"do.main\";".to_owned();
    for (number, name) in NAMES.iter().enumerate() {
        let (name, other) = (quoted(name), quoted(NAMES[(number + 1) % NAMES.len()]));
        let label = NAMES[number].replace('\'', "''");
        write!(
            text,
            "create schema if not exists {name}; create type \"e\"\"n;um\".{name} as enum ('{label}', 'other'); \
             create sequence \"se'q\".{other};
             create domain \"do.main\".{other} as text check (value <> '{label}');
             create table {name}.{name} ({name} int generated always as identity primary key, {other} \"e\"\"n;um\".{name},
                 number int default nextval({sequence}), word \"do.main\".{other}, parent int,
                 constraint {other} unique ({other}, number), constraint {name} check (number > -1),
                 constraint \"fk {number}\" foreign key (parent) references {name}.{name});
             create unique index on {name}.{name} (lower(word)) where {other} is not null;
             create rule {other} as on delete to {name}.{name} do instead nothing;
             create function {name}.{name}() returns trigger language plpgsql as 'begin return null; end';
             create trigger {name} before insert or update on {name}.{name} for each row execute function {name}.{name}();
             alter table {name}.{name} enable always trigger {name}, enable always rule {other};
             alter table {name}.{name} disable trigger {name};
             insert into {name}.{name} ({other}, word) values ('{label}', 'a'), ('other', 'b'), (null, null);
             alter table {name}.{name} enable always trigger {name};",
            sequence = failback::name::literal(&format!("\"se'q\".{other}")) + "::regclass",
        )
        .expect("room");
    }
    text
}

#[test]
fn every_name_stays_one_name() {
    let (mut new, mut old) = (String::new(), String::new());
    for (number, name) in NAMES.iter().enumerate() {
        let (table, other) = (format!("{0}.{0}", quoted(name)), quoted(NAMES[(number + 1) % NAMES.len()]));
        let (trigger, label) = (quoted(name), name.replace('\'', "''"));
        write!(
            new,
            "alter table {table} disable trigger {trigger}, disable rule {other};
             insert into {table} ({other}, word, parent) values ('{label}', 'C', 1), ('other', 'd', 4), ('other', 'taken', 1);
             update {table} set word = 'B', {other} = '{label}' where {trigger} = 2; delete from {table} where {trigger} = 3;"
        )
        .expect("room");
        write!(
            old,
            "alter table {table} disable trigger {trigger};
             insert into {table} ({trigger}, {other}, word) overriding system value values (500, 'other', 'TAKEN');
             alter table {table} enable always trigger {trigger};"
        )
        .expect("room");
    }
    let case = planned("names", &schema(), &new, &old, &format!("{NEW_WINS}\n"));
    // Row 500 is OLD's, but nothing says so: it goes, and what it held is free.
    case.expect_held(0);
    assert_eq!(case.plan.tables.len(), NAMES.len());
    case.comes_home_and_goes_back(|case| {
        for name in NAMES {
            let query = format!("select t::text from {0}.{0} t order by 1", quoted(name));
            assert_eq!(case.old(&query), texts(&case.recovery.pair.new, &query), "{name:?}");
        }
    });
    let modes = case.old("select distinct tgenabled::text from pg_trigger where not tgisinternal");
    assert_eq!(modes, ["A"]);
    let modes = case.old("select distinct ev_enabled::text from pg_rewrite where ev_type = '4' and ev_class > 16383");
    assert_eq!(modes, ["A"]);
    let sequence = format!("select last_value >= 6 from \"se'q\".{}", quoted(NAMES[4]));
    assert_eq!(case.old(&sequence), ["t"]);
}

#[test]
fn a_database_may_have_any_name_too() {
    for name in ["data\"base; drop", "größe %s.'x'\\", "Exactly sixty three bytes of a name that goes on and on an.d on"] {
        let Sided { old, new } = Sided::of(|side| {
            let server = support::server(side);
            support::sql(&server.url("postgres"), &format!("create database {} template template0", quoted(name)));
            server.url(name)
        });
        assert_eq!(support::value(&old, "select current_database()").as_deref(), Some(name));
        let pair = worked(
            Pair { database: name.to_owned(), old, new },
            "create table t (id int primary key, v text)",
            "insert into t values (1, 'x')",
            "",
        );
        case(pair, "", NEW_WINS).becomes_new();
    }
}

#[test]
fn one_name_in_several_schemas_and_in_several_cases() {
    let case = planned(
        "alike",
        "create schema a; create schema \"A\"; create table a.t (id int primary key, v text);
         create table \"A\".t (id int primary key, v text);
         create table a.\"T\" (id int primary key, v text, \"V\" text); create table public.t (v text, id int primary key)",
        "insert into a.t values (1, 'a.t'); insert into \"A\".t values (1, 'A.t'); insert into a.\"T\" values (1, 'a.T', 'V'); \
         insert into public.t values ('p', 1)",
        "",
        NEW_WINS,
    );
    case.becomes_new();
}

#[test]
fn columns_may_be_called_what_the_tool_calls_its_own() {
    let columns = [
        "ord",
        "op",
        "c0",
        "c1",
        "t",
        "s",
        "k",
        "k0",
        "n",
        "o",
        "e0",
        "rel",
        "tid",
        "fb_ord",
        "fb_ord_",
        "fb_present",
        "fb_exact",
        "fb_bound",
    ];
    let columns: Vec<_> = columns.iter().map(|name| format!("{name} int")).collect();
    let case = planned(
        "own_words",
        &format!(
            "create table t (id int primary key, {0}, unique (ord, op), unique (rel, tid), foreign key (rel, tid)
                 references t (rel, tid));
             create unique index on t ((e0 + n)) where o > 0; create table x (id int, {0});
             create table fb_load_0 (id int primary key); create table fb_trial (id int primary key);
             create table fb_delta_in_0 (id int primary key); create table fb_delta_out_0 (id int primary key)",
            columns.join(", ")
        ),
        "insert into t (id, ord, op, rel, tid, e0, n, o) values (1, 1, 1, 1, 1, 1, 1, 1), (2, 2, 2, 1, null, 2, 2, 2);
         insert into fb_load_0 values (1); insert into fb_trial values (1);
         insert into fb_delta_in_0 values (1); insert into fb_delta_out_0 values (1)",
        "",
        NEW_WINS,
    );
    case.becomes_new();
}

#[test]
fn a_name_that_stands_in_for_a_missing_key_is_refused_by_name() {
    for name in ["fb_digest", "fb_copy", "fb_ctid", "fb_tableoid"] {
        let pair = pair("stand_in", &format!("create table t (id int, {name} text)"), "insert into t values (1, 'x')", "");
        let recovery = Recovery::of(pair, Timestamp::now(), "");
        let report = block_on(engine::export(&recovery.context)).expect("an export");
        assert!(report.blockers.iter().any(|blocker| blocker.left_out.reason.contains("name a key")), "{:#?}", report.blockers);
    }
}
