//! `failback explain TABLE KEY`: everything that is known of one row, from the run's files, and from both servers where
//! they are asked.

use serde_json::{Value, json};

use crate::show::{CANARY, Scene};
use crate::support;

const MASK: &str = "[mask]\n\"app.*\" = [\"email\"]\n";

fn explain(scene: &Scene, arguments: &[&str]) -> String {
    let output = scene.run(&[&["explain"], arguments].concat());
    assert_eq!(output.code, 0, "{arguments:?}: {}{}", output.stdout, output.stderr);
    assert!(!output.stdout.contains(CANARY), "{}", output.stdout);
    output.stdout
}

fn document(scene: &Scene, arguments: &[&str]) -> Value {
    serde_json::from_str(&explain(scene, &[arguments, &["--json"]].concat())).expect("one JSON document")
}

fn confirmed(scene: &Scene, verb: &[&str], code: i32) {
    let address = support::address(&scene.pair.old);
    let output = scene.run(&[verb, &["--confirm", &address]].concat());
    assert_eq!(output.code, code, "{verb:?}: {}{}", output.stdout, output.stderr);
}

/// The row's one account, and what is known of OLD's side now.
fn asked(scene: &Scene, key: &str) -> (Value, Value) {
    let said = document(scene, &["app.people", key, "--now"]);
    let row = said["rows"][0].clone();
    let old = row["now"]["sides"]["old"].clone();
    (row, old)
}

#[test]
fn a_row_is_explained_from_its_class_to_its_undo() {
    let scene = Scene::new("explain_row", MASK);
    let held = explain(&scene, &["app.people", "3"]);
    for said in [
        "update_origin_differs, a conflict; it rests on column",
        "hold, by nobody: it is what is done with its class by default",
        "held: it waits for a decision; nothing was written",
        "(masked)",
        "not asked (--now asks them)",
    ] {
        assert!(held.contains(said), "{said}: {held}");
    }
    let pick = ["decide", "--table", "app.people", "--row", "id=3", "apply_new", "--why", "NEW is right", "--by", "ada"];
    for verb in [&pick[..], &["plan"]] {
        assert_eq!(scene.run(verb).code, 0, "{verb:?}");
    }
    let (row, old) = asked(&scene, "3");
    assert_eq!(row["decision"]["origin"], "row");
    assert_eq!((&row["decision"]["by"], &row["decision"]["why"]), (&json!("ada"), &json!("NEW is right")));
    assert!(row["decision"]["at_line"].as_str().is_some_and(|line| line.contains("decisions.toml:")), "{row}");
    assert_eq!((&row["became"], &old["state"]), (&json!("not_merged"), &json!("as_staged")));
    assert_eq!(row["row"]["evidence"], json!({"old": "column", "new": "column"}));
    confirmed(&scene, &["merge", "--leave-held"], 9);
    let by_journal = document(&scene, &["app.people", "3"]);
    assert_eq!((&by_journal["asked"], &by_journal["rows"][0]["became"]), (&json!(false), &json!("applied")));
    let (row, old) = asked(&scene, "3");
    assert_eq!(
        (&row["became"], &old["state"], &row["ledger"]["action"]),
        (&json!("applied"), &json!("as_planned"), &json!("merge"))
    );
    assert!(old["means"][0].as_str().is_some_and(|text| text.starts_with("written last by the merge")), "{old}");
    assert_eq!((&row["now"]["alike"], &row["now"]["columns"]), (&json!(true), &json!([])));
    assert_eq!(scene.run(&["verify"]).code, 9);
    support::sql(&scene.pair.old, "update app.people set note = 'mine' where id = 3");
    let told = explain(&scene, &["app.people", "3", "--now"]);
    assert!(told.contains("otherwise than in the run: it was written since"), "{told}");
    assert!(told.contains("as `verify` would say of this row: written since"), "{told}");
    assert!(told.contains("another transaction than the merge's wrote it last") && told.contains("mine"), "{told}");
    assert!(told.contains("verified_with_gaps (of the whole plan)"), "{told}");
    confirmed(&scene, &["undo"], 9);
    let states = ["3", "4"].map(|key| asked(&scene, key).0["became"].clone());
    assert_eq!(states, [json!("left"), json!("taken_back")]);
    let by_journal = document(&scene, &["app.people", "4"]);
    assert_eq!(by_journal["rows"][0]["became"], "not_asked", "the journal counts what is left, and does not name it");
}

#[test]
fn a_row_that_the_run_does_not_know_is_explained_by_what_was_looked_at() {
    let more = "[tables.\"app.aside\"]\nmethod = \"skip\"\n";
    let both = "create schema app;
        create table app.stamped (id int primary key, n int, updated_at timestamptz not null default '2020-01-01');
        insert into app.stamped select g, g from generate_series(1, 9) g;
        create table app.aside (id int primary key);
        create table app.pairs (a int, b text, v int, primary key (a, b));
        insert into app.pairs values (1, 'x', 1), (2, 'y', 2);
        create table app.priced (price numeric primary key, v int);
        insert into app.priced values (1.0, 1)";
    let new = "update app.stamped set n = 70 where id = 7;
        update app.stamped set n = 90, updated_at = '2026-01-14 12:00Z' where id = 9;
        update app.pairs set v = 5 where a = 1;
        update app.priced set v = 5;
        create table app.born (id int primary key)";
    let scene = Scene::made("explain_unknown", [both, &format!("{both}; {new}")], more);
    let still = explain(&scene, &["app.stamped", "3", "--now"]);
    assert!(still.contains("it was not staged: NEW's row is not stamped since the cutover"), "{still}");
    assert!(still.contains("NEW's row is as OLD's"), "{still}");
    let missed = document(&scene, &["stamped", "7", "--now"]);
    assert_eq!(missed["known"], false);
    let unknown = &missed["unknown"][0];
    assert!(unknown["reasons"].to_string().contains("had NEW updated it, that would be found as far as"), "{unknown}");
    assert_eq!(unknown["now"]["alike"], false);
    assert_eq!(unknown["now"]["columns"], json!([{"name": "n", "old": "7", "new": "70"}]));
    let nowhere = explain(&scene, &["app.stamped", "1000", "--now"]);
    assert!(nowhere.contains("neither server has the row"), "{nowhere}");
    let spelt = document(&scene, &["app.priced", "1", "--now"]);
    assert_eq!(
        (&spelt["known"], &spelt["rows"][0]["row"]["key"]),
        (&json!(true), &json!({"price": "1.0"})),
        "the server's equality"
    );
    let unasked = explain(&scene, &["app.priced", "1"]);
    assert!(unasked.contains("no row with its key in this spelling was staged"), "{unasked}");
    assert!(unasked.contains("(1 is not 1.0)") && !unasked.contains("it was not staged"), "{unasked}");
    let pair = document(&scene, &["app.pairs", "1", "x"]);
    assert_eq!((&pair["known"], &pair["rows"][0]["row"]["key"]), (&json!(true), &json!({"a": "1", "b": "x"})));
    assert_eq!(scene.run(&["explain", "app.pairs", "1"]).code, 2, "one argument less than the key has columns");
    let aside = explain(&scene, &["app.aside", "1"]);
    assert!(aside.contains("is not carried: the configuration says method"), "{aside}");
    assert!(explain(&scene, &["app.born", "1"]).contains("OLD has no table app.born"));
    let typo = scene.run(&["explain", "app.stampd", "1"]);
    assert!(typo.code == 2 && typo.stderr.contains("did you mean `app.stamped`?"), "{}", typo.stderr);
    assert_eq!(scene.run(&["explain", "absent", "key"]).code, 0, "words that the documentation names together");
    assert_eq!(scene.run(&["explain", "insert", "--now"]).code, 2);
}

#[test]
fn rows_without_a_key_and_servers_out_of_reach_are_told() {
    let scene = Scene::new("explain_keyless", "");
    let shown = scene.run(&["show", "app.remarks", "--json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let key: Vec<_> = shown["rows"][0]["key"].as_object().expect("a key").values().map(|one| one.as_str().unwrap()).collect();
    let output = scene.run(&[&["explain", "app.remarks"], &key[..], &["--now", "--json"]].concat());
    let said: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let sides = &said["rows"][0]["now"]["sides"];
    assert_eq!((&sides["old"]["present"], &sides["new"]["state"]), (&json!(false), &json!("as_staged")), "{said}");
    let gone = ["explain", "app.people", "4", "--now", "--new", "postgres://127.0.0.1:1/nothing", "--json"];
    let output = scene.run(&gone);
    let said: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let sides = &said["rows"][0]["now"]["sides"];
    assert!(output.code == 0 && sides["new"]["not_asked"].is_string(), "{said}{}", output.stderr);
    assert_eq!((&sides["old"]["state"], &said["rows"][0]["now"]["alike"]), (&json!("as_staged"), &Value::Null));
}
