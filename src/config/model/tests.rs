//! Tests of `model`.

use super::*;
use crate::schema::Method;

const SAMPLE: &str = r#"
cutover = "2026-11-22T10:00:00+02:00"
overlap = "10m"
zone = "Europe/Berlin"
databases.only = ["chain_db", "shop"]
runs = "/var/lib/failback"
jobs = 2

[old]
url = "postgres://failback@old/postgres"

[new]
host = "new"
port = 5433
password = "hunter2"

[columns]
created = ["created_at", "inserted"]

[tables."public.orders"]
method = "compare"
key = ["tenant", "id"]
updated = "changed"
why = "updated_at is not kept"

[databases.chain_db.tables."public.orders"]
method = "timestamps"
created = []

[environments.staging]
cutover = 2026-11-20T10:00:00Z
databases = ["shop"]

[environments.staging.new]
host = "new.staging"

[environments.staging.tables."public.orders"]
key = "id"

[environments.dev]
jobs = 1
old = { url = "postgres://u:hunter2@localhost/db" }
"#;

fn sample() -> Config {
    Config::parse(SAMPLE, "failback.toml").unwrap()
}

fn columns(names: &[&str], stated: bool) -> NamedTimeColumns {
    NamedTimeColumns { names: names.iter().map(|name| (*name).to_owned()).collect(), stated }
}

#[test]
fn the_file_is_read() {
    let config = sample();
    assert_eq!(config.cutover(None).unwrap().utc(), "2026-11-22T08:00:00Z");
    assert_eq!((config.overlap().seconds(), config.zone().name()), (600, "Europe/Berlin"));
    assert_eq!(config.databases().unwrap(), ["chain_db", "shop"]);
    assert_eq!((config.runs(), config.jobs()), ("/var/lib/failback", Some(2)));
    assert_eq!(config.server(Side::Old).connection_string().unwrap(), "postgres://failback@old/postgres");
    assert_eq!(config.server(Side::New).connection_string().unwrap(), "host='new' password='hunter2' port='5433'");
    assert!(!format!("{config:?}").contains("hunter2"));
    let given = Cutover::parse("2026-11-21T00:00:00Z").unwrap();
    assert_eq!(config.cutover(Some(given.clone())).unwrap(), given);
}

#[test]
fn an_empty_file_is_all_defaults() {
    let config = Config::parse("", "failback.toml").unwrap();
    assert_eq!((config.overlap(), config.zone(), config.runs()), (Overlap::default(), Zone::default(), ".runs"));
    assert_eq!((config.databases(), config.jobs(), config.sums_first()), (None, None, false));
    assert_eq!(config.ledger_schema(), Ident::new("failback"));
    assert_eq!(config.server(Side::New).connection_string(), None);
    let error = config.cutover(None).unwrap_err();
    assert_eq!(
        format!("{error:?}"),
        "Usage: find the cutover; no cutover is configured: the instant at which writes moved from OLD to NEW"
    );
    assert_eq!(
        error.hints(),
        ["give --cutover, or `cutover` in failback.toml, with an offset, as in 2026-11-22T10:00:00+02:00"]
    );
    let expected = TableSettings {
        method: None,
        key: None,
        created: columns(&["created_at"], false),
        updated: columns(&["updated_at"], false),
        compare_by: None,
        new_name: None,
        renamed: Vec::new(),
        why: None,
    };
    assert_eq!(config.table("shop", "public.orders"), expected);
}

#[test]
fn a_tables_sections_are_laid_over_each_other() {
    let config = sample();
    let shop = TableSettings {
        method: Some(Method::Compare),
        key: Some(vec!["tenant".to_owned(), "id".to_owned()]),
        created: columns(&["created_at", "inserted"], false),
        updated: columns(&["changed"], true),
        compare_by: None,
        new_name: None,
        renamed: Vec::new(),
        why: Some("updated_at is not kept".to_owned()),
    };
    let chain = TableSettings { method: Some(Method::Timestamps), created: columns(&[], true), ..shop.clone() };
    assert_eq!(config.table("shop", "public.orders"), shop);
    assert_eq!(config.table("chain_db", "public.orders"), chain);
    assert_eq!(config.table("chain_db", "public.users").updated, columns(&["updated_at"], false));
    let staging = config.for_environment("staging").unwrap();
    assert_eq!(staging.table("shop", "public.orders"), TableSettings { key: Some(vec!["id".to_owned()]), ..shop });
}

#[test]
fn an_environment_is_laid_over_the_file() {
    let staging = sample().for_environment("staging").unwrap();
    assert_eq!(staging.cutover(None).unwrap().utc(), "2026-11-20T10:00:00Z");
    assert_eq!(staging.databases().unwrap(), ["shop"]);
    assert_eq!((staging.jobs(), staging.zone().name()), (Some(2), "Europe/Berlin"));
    let new = staging.server(Side::New).connection_string().unwrap();
    assert_eq!(new, "host='new.staging' password='hunter2' port='5433'");
    let dev = sample().for_environment("dev").unwrap();
    assert_eq!(dev.jobs(), Some(1));
    assert_eq!(dev.server(Side::Old).connection_string().unwrap(), "postgres://u:hunter2@localhost/db");
}

#[test]
fn unknown_environments_are_told() {
    let cases = [
        (sample(), "stagin", "did you mean `staging`?"),
        (sample(), "production", "known are dev, staging"),
        (Config::parse("", "failback.toml").unwrap(), "dev", "the file has none"),
    ];
    for (config, name, rest) in cases {
        assert_eq!(
            format!("{:?}", config.for_environment(name).unwrap_err()),
            format!("Usage: choose the environment (failback.toml); unknown environment `{name}`; {rest}")
        );
    }
}

#[test]
fn passwords_anywhere_are_warned_of() {
    assert_eq!(
        sample().warnings(),
        [
            "failback.toml:15:1: [new] holds a password: password_command, .pgpass or NEW_PGPASSWORD keep it out of the file",
            "failback.toml:42:9: [environments.dev.old] holds a password: password_command, .pgpass or OLD_PGPASSWORD keep \
             it out of the file",
        ]
    );
}

#[test]
fn what_matches_nothing_is_told() {
    let unmatched = sample().unmatched(&[("shop", "public.order"), ("chain_db", "public.users")]);
    assert_eq!(
        unmatched.into_iter().map(|(_, sentence)| sentence).collect::<Vec<_>>(),
        [
            "[tables.\"public.orders\"] matches no table; did you mean `public.order`?",
            "[databases.chain_db.tables.\"public.orders\"] matches no table",
        ]
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    let no_offset = "has no offset: write whose clock it is, as in 2026-11-22T10:00:00+02:00 or 2026-11-22T08:00:00Z";
    let cases = [
        ("cutovr = 1", "1:1", "unknown key `cutovr`; did you mean `cutover`?".to_owned()),
        (
            "frobnicate = 1",
            "1:1",
            "unknown key `frobnicate`; known are approval, cutover, overlap, zone, databases, runs, jobs, sums_first, \
             ledger_schema, old, new, base, slot, columns, tables, mask, roles, contacts, health, \
             metrics, matrix, vars, tools, channels, secrets, protected, traffic_rest, environments"
                .to_owned(),
        ),
        ("cutover = \"2026-11-22T10:00\"", "1:11", format!("`2026-11-22T10:00` {no_offset}")),
        ("cutover = 2026-11-22T10:00:00", "1:11", format!("`2026-11-22T10:00:00` {no_offset}")),
        ("cutover = 2026-11-22", "1:11", format!("`2026-11-22` {no_offset}")),
        ("cutover = 10:00:00", "1:11", format!("`10:00:00` {no_offset}")),
        ("cutover = 1795334400", "1:11", "`cutover` must be a date and time with an offset; found an integer".to_owned()),
        ("overlap = \"soon\"", "1:11", "`soon` is no length of time: write a whole number and s, m or h, as in 5m".to_owned()),
        ("overlap = 5", "1:11", "`overlap` must be a string; found an integer".to_owned()),
        ("\nzone = \"Europe/Berln\"", "2:8", "unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?".to_owned()),
        ("sums_first = \"no\"", "1:14", "`sums_first` must be true or false".to_owned()),
        ("ledger_schema = \"\"", "1:17", "`ledger_schema` is empty".to_owned()),
        ("ledger_schema = \"pg_toast\"", "1:17", "`pg_toast` is a schema of the server's own".to_owned()),
        ("jobs = 0", "1:8", "`jobs` must be a whole number from 1 to 256".to_owned()),
        ("jobs = \"2\"", "1:8", "`jobs` must be a whole number from 1 to 256".to_owned()),
        ("runs = \"\"", "1:8", "`runs` is empty".to_owned()),
        ("databases = []", "1:13", "`databases` lists no database; leave it out to mean all that both servers have".to_owned()),
        ("databases = [\"a\", \"a\"]", "1:19", "`databases` lists `a` twice".to_owned()),
        ("databases = [1]", "1:14", "`databases` must be a list of strings that are not empty".to_owned()),
        ("databases = 1", "1:13", "`databases` must be a string or a list of strings; found an integer".to_owned()),
        ("[databases]\nshop = 1", "2:8", "`shop` must be a table; found an integer".to_owned()),
        ("[columns]\ncreate = \"x\"", "2:1", "unknown key `create` in [columns]; did you mean `created`?".to_owned()),
        ("[tables.\"a.b\"]\nkey = []", "2:7", "`key` lists no column".to_owned()),
        ("[tables.\"a.b\"]\nmethod = \"comparre\"", "2:10", "unknown method `comparre`; did you mean `compare`?".to_owned()),
        ("[tables.\"a.b\"]\nkeys = \"id\"", "2:1", "unknown key `keys` in [tables.\"a.b\"]; did you mean `key`?".to_owned()),
        ("environments = 1", "1:16", "`environments` must be a table; found an integer".to_owned()),
        (
            "[environments.dev.environments]",
            "1:19",
            "unknown key `environments` in [environments.dev]; known are approval, cutover, overlap, zone, databases, runs, \
             jobs, sums_first, ledger_schema, old, new, base, slot, columns, tables, mask, roles, contacts, health, \
             metrics, matrix, vars, tools, channels, secrets, protected, traffic_rest"
                .to_owned(),
        ),
        (
            "[old]\nurl = \"service=a\"\n[environments.\"a b\".old]\nport = 1",
            "3:21",
            "[environments.\"a b\".old] has keywords where [old] has `url`: write the same in both".to_owned(),
        ),
    ];
    for (text, place, cause) in cases {
        assert_eq!(
            format!("{:?}", Config::parse(text, "failback.toml").unwrap_err()),
            format!("Config: read the configuration (failback.toml:{place}); {cause}"),
            "{text}"
        );
    }
}

#[test]
fn two_tables_are_never_one_of_news() {
    let both =
        |first: &str, second: &str| format!("[{first}]\nnew_name = \"sales.orders\"\n[{second}]\nnew_name = \"sales.orders\"");
    for (first, second) in [
        ("tables.\"public.a\"", "tables.\"public.b\""),
        ("tables.\"public.a\"", "databases.shop.tables.\"public.b\""),
        ("databases.shop.tables.\"public.a\"", "databases.shop.tables.\"public.b\""),
        ("tables.\"public.a\"", "environments.dev.tables.\"public.b\""),
    ] {
        assert_eq!(
            format!("{:?}", Config::parse(&both(first, second), "failback.toml").unwrap_err()),
            "Config: read the configuration (failback.toml:4:1); `public.a` and `public.b` are both to be NEW's \
             `sales.orders`, at failback.toml:2:1 and at failback.toml:4:1: a table of NEW's answers to one of OLD's",
            "{first} {second}"
        );
    }
    for (first, second) in [
        ("databases.shop.tables.\"public.a\"", "databases.till.tables.\"public.b\""),
        ("tables.\"public.a\"", "databases.shop.tables.\"public.a\""),
        ("environments.dev.tables.\"public.a\"", "environments.live.tables.\"public.b\""),
    ] {
        Config::parse(&both(first, second), "failback.toml").expect(second);
    }
}

#[test]
fn a_list_of_databases_beside_their_sections_is_explained() {
    let text = "databases = [\"shop\"]\n[databases.shop.tables.\"a.b\"]\nmethod = \"skip\"";
    let error = Config::parse(text, "failback.toml").unwrap_err();
    assert_eq!(
        error.hints(),
        ["beside [databases.…] sections write the list as `databases.only = […]`, at the top of the file"]
    );
    let config = Config::parse(&text.replace("databases =", "databases.only ="), "failback.toml").unwrap();
    assert_eq!(config.databases().unwrap(), ["shop"]);
    assert_eq!(config.table("shop", "a.b").method, Some(Method::Skip));
}
