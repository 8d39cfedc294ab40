//! What preflight says can be switched on: it is so, the statements that it prints are taken, and then it says that they were.

use failback::engine::{PreflightReport, Readiness};

use super::*;

fn looked(case: &Recovery) -> PreflightReport {
    block_on(engine::preflight(&case.context)).expect("a look at both servers")
}

const TABLES: &str = "create table bare (v text);
     create unlogged table fleeting (id int primary key, created_at date, updated_at timestamptz);
     create table \"Well Kept\" (id int primary key, created_at timestamptz, updated_at timestamp)";

fn lacks(report: &PreflightReport) -> Vec<(&str, &str)> {
    report.tables.iter().map(|one| (one.table.as_str(), one.lacks)).collect()
}

#[test]
fn what_tables_lack_is_made_by_the_statements_that_are_printed() {
    let case = recovery(pair("preflight_tables", TABLES, "", ""), "");
    let found = looked(&case);
    let expected = [
        ("public.bare", "a key"),
        ("public.bare", "a time of creation"),
        ("public.bare", "a time of the last update"),
        ("public.fleeting", "a place in the log (it is unlogged)"),
    ];
    assert_eq!(lacks(&found), expected);
    for one in &found.tables {
        support::sql(&case.pair.old, &one.run.replace("(…)", "(v)"));
    }
    assert_eq!(lacks(&looked(&case)), []);
}

#[test]
fn columns_that_the_configuration_names_are_looked_for() {
    let config = "[columns]\ncreated = [\"born\"]\nupdated = [\"touched\"]\n[tables.\"public.bare\"]\nkey = [\"v\"]\n";
    let both = "create table bare (v text not null, born timestamptz, touched text)";
    let case = recovery(pair("preflight_named", both, "", ""), config);
    let found = looked(&case);
    assert_eq!(lacks(&found), [("public.bare", "a time of the last update")], "a text is no time");
    assert!(found.tables[0].run.contains("ADD COLUMN \"touched\""), "{}", found.tables[0].run);
}

#[test]
fn an_extension_that_is_made_is_ready() {
    let case = recovery(pair("preflight_server", "", "", ""), "");
    let of = |report: &PreflightReport, what: &str| {
        report.servers.new.preparations.iter().find(|one| one.what == what).expect("it is looked at").clone()
    };
    let found = of(&looked(&case), "pg_walinspect");
    // Where the server has it at all: it is one of the contributed modules.
    if found.readiness == Readiness::Possible {
        found.run.iter().for_each(|run| support::sql(&case.pair.new, run));
        let again = of(&looked(&case), "pg_walinspect");
        assert_eq!((again.readiness, again.run), (Readiness::Ready, Vec::new()));
    }
    let logical = of(&looked(&case), "wal_level");
    assert_eq!(logical.readiness, Readiness::Ready, "the tests' servers log logically: {logical:?}");
}

#[test]
fn nothing_is_written_and_the_program_says_it_in_words() {
    let pair = pair("preflight_cli", TABLES, "", "");
    let servers = ["--old", pair.old.as_str(), "--new", pair.new.as_str(), "--databases", pair.database.as_str()];
    let said = support::failback(&[["preflight"].as_slice(), servers.as_slice()].concat());
    assert_eq!(said.code, 0, "{}", said.stderr);
    for text in ["failback mark", "track_commit_timestamp", "public.bare", "ADD PRIMARY KEY"] {
        assert!(said.stdout.contains(text), "{text}: {}", said.stdout);
    }
    let json = support::failback(&[["preflight", "--json", "--tables", "public.bare"].as_slice(), servers.as_slice()].concat());
    let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("one JSON document");
    assert_eq!(report["tables"].as_array().map(Vec::len), Some(3), "{report}");
}
