//! Conditions of rules, which OLD's server evaluates: what they mean, and that they can do nothing else.

use std::process::Command;

use serde_json::{Value, json};

use crate::recovery::fingerprint;
use crate::show::Scene;
use crate::support::{self, pty::Stage};

const STAMPS: &str = "created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01'";

/// OLD and NEW type some columns otherwise: NEW has changed all rows, OLD one of them, and a row came on NEW.
fn scene(test: &str) -> Scene {
    let old = format!(
        "create table t (id int primary key, n numeric(8,2), at timestamptz, tags text[], doc jsonb, v text, {STAMPS});
         insert into t select i, i, '2026-07-01 08:00Z', '{{a,b}}', '{{\"k\": 1}}', 'v' || i from generate_series(1, 6) i;
         update t set v = null where id = 6; create table seen (id int);
         create function writes() returns bool language plpgsql as 'begin insert into seen values (1); return true; end';
         create function lies() returns bool language plpgsql stable as 'begin return writes(); end';
         create sequence s"
    );
    let new = format!(
        "create table t (id int primary key, n numeric(14,4), at timestamptz, tags text[], doc json, v varchar(40), {STAMPS});
         insert into t select i, i, '2026-07-01 08:00Z', '{{a,b}}', '{{\"k\": 1}}', 'v' || i from generate_series(1, 6) i;
         update t set v = null where id = 6;
         update t set n = n * 2, tags = tags || 'c'::text, updated_at = '2026-01-14 12:00Z';
         insert into t values (9, 90, '2026-07-01 08:00Z', null, null, 'born', '2026-01-14 12:00Z', '2026-01-14 12:00Z')"
    );
    Scene::made(test, [&old, &new], "")
}

fn rule(when: &str, more: &str) -> String {
    let quoted = when.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("[[rule]]\ntable = \"public.t\"\nwhen = \"{quoted}\"\nresolution = \"skip\"\nwhy = \"met\"\n{more}")
}

/// The keys of the rows that the plan skips.
fn met(scene: &Scene) -> Vec<String> {
    let shown = scene.document(0, &["show", "t", "--limit", "all"]);
    let rows = shown["rows"].as_array().expect("rows").iter().filter(|row| row["action"] == "skip");
    rows.map(|row| row["key"]["id"].as_str().expect("a key").to_owned()).collect()
}

#[test]
fn a_condition_is_olds_own_sql_over_the_images_of_a_row() {
    let scene = scene("when_means");
    let cases = [
        ("new.n > 8", vec!["5", "6", "9"]),
        ("old.n is distinct from new.n and old.id % 2 = 0", vec!["2", "4", "6"]),
        ("old is null", vec!["9"]),
        ("new.at = timestamptz '2026-07-01 10:00+02' and new.id < 3", vec!["1", "2"]),
        ("new.tags @> '{c}' and old.doc ->> 'k' = '1' and old.v between 'v2' and 'v3' -- and no more", vec!["2", "3"]),
        ("base.n = old.n and base.id = 4", vec!["4"]),
        ("old.v <> 'v1'", vec!["2", "3", "4", "5"]),
        ("pg_typeof(new.n) = 'numeric'::regtype and new.v ~ '^v[12]$'", vec!["1", "2"]),
        ("false", vec![]),
    ];
    for (when, expected) in cases {
        scene.write(&rule(when, &format!("expect = {}\n", expected.len())));
        let planned = scene.document(0, &["plan"]);
        assert_eq!(met(&scene), expected, "{when}");
        assert_eq!(planned["actions"]["skip"].as_u64().unwrap_or(0), expected.len() as u64, "{when}");
        let decided = scene.document(0, &["decide"]);
        let rule = &decided["rules"][0];
        assert_eq!((&rule["means"], &rule["decides"]), (&json!(expected.len()), &json!(expected.len())), "{when}");
    }
    // Rows that the rule's other words leave out are not asked: none divides by zero.
    scene.write(&rule("1.0 / (new.id - 9) < 0", "class = \"update\"\n"));
    scene.document(0, &["plan"]);
    assert_eq!(met(&scene), ["1", "2", "3", "4", "5", "6"]);
    scene.write(&rule("new.n > 8", "expect = 2\n"));
    assert!(scene.document(4, &["plan"])["error"]["cause"].to_string().contains("the rule expects 2 rows, and means 3"));
    // A plan is of the condition that it was made with.
    scene.write(&rule("new.n > 8", ""));
    scene.document(0, &["plan"]);
    scene.write(&rule("new.n > 9", ""));
    let stale = scene.document(4, &["merge", "--confirm", &scene.pair.database]);
    assert!(stale["error"].to_string().contains("changed since the plan was made"), "{stale:#}");
    scene.document(0, &["plan"]);
    scene.document(9, &["merge", "--leave-held", "--confirm", &scene.pair.database]);
    let left = support::rows(&scene.pair.old, "select id::text from t where n = id order by id").concat();
    assert_eq!(left.into_iter().flatten().collect::<Vec<_>>(), ["5", "6"]);
}

#[test]
fn a_condition_is_written_by_the_command_line_and_needs_old() {
    let scene = scene("when_written");
    let decide = ["decide", "--table", "public.t", "--where", "new.n > 8", "update=keep_old", "--expect", "--why", "large"];
    let tried = scene.document(0, &[&decide[..], &["--dry-run"]].concat());
    assert_eq!((&tried["changes"][0]["rows"], &tried["changes"][0]["to"]), (&json!(2), &json!("keep_old")));
    scene.document(0, &decide);
    let text = scene.text();
    assert!(text.contains("when = \"new.n > 8\"\n") && text.contains("expect = 2\n"), "{text}");
    // Without the server it is said, and nothing is guessed.
    let config = std::fs::read_to_string(scene.file("failback.toml")).expect("a configuration");
    let gone = config.replace(&scene.pair.old, "postgresql://nobody@127.0.0.1:1/gone");
    std::fs::write(scene.file("failback.toml"), gone).expect("a configuration");
    for arguments in [&["decide"][..], &["decide", "delete=hold"]] {
        let refused = scene.document(6, arguments);
        assert!(refused["error"]["next"].to_string().contains("OLD's server alone says"), "{refused:#}");
    }
    assert_eq!(scene.text(), text);
    // What it said is known, of the condition that it was asked about and of no other.
    assert_eq!(reported(&scene), [["2", "2"]]);
    assert!(reviewed(&scene).contains("update: keep_old (rule)"));
    scene.write(&text.replace("new.n > 8", "new.n > 10"));
    assert_eq!(reported(&scene), [["not evaluated", "not evaluated"]]);
    assert!(page(&scene).contains("which of 6 rows meet `when` is not evaluated"));
    assert!(reviewed(&scene).contains("update: hold (not_evaluated)"));
    scene.write(&text);
    assert_eq!(reported(&scene), [["2", "2"]]);
    let answers = scene.in_run("answers.json");
    let said = std::fs::read_to_string(&answers).expect("what OLD said");
    assert!(said.contains("\"4-2+1?\""), "{said}");
    std::fs::write(answers, said.replace("4-2+1?", "3-3+1?")).expect("what OLD said");
    assert_eq!(scene.run(&["report"]).code, 7);
}

fn page(scene: &Scene) -> String {
    let output = scene.run(&["report"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    std::fs::read_to_string(scene.in_run("report.html")).expect("a page")
}

/// How many rows each rule means and decides, as the page of the run says it.
fn reported(scene: &Scene) -> Vec<[String; 2]> {
    let page = page(scene);
    let (_, rules) = page.split_once("id=\"rules-table\"").expect("rules");
    let (rules, _) = rules.split_once("</table>").expect("its end");
    let rows = rules.split("<tr").skip(2).map(|row| {
        let cells: Vec<_> = row.split("<td").skip(1).collect();
        [1, 2].map(|cell: usize| {
            let (_, text) = cells[cell].split_once('>').expect("a cell");
            text.split('<').next().unwrap_or_default().to_owned()
        })
    });
    rows.collect()
}

/// What a review says of the fifth row.
fn reviewed(scene: &Scene) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(["review", "--read-only"]).env_clear().current_dir(scene.home());
    command.env("HOME", scene.home()).env("TERM", "xterm").env("USER", "ada");
    let mut stage = Stage::start(100, 30, command);
    stage.wait_for("public.t");
    stage.press("\r");
    stage.wait_for("1 of 7");
    stage.press("jjjj");
    let screen = stage.wait_for("5 of 7");
    stage.press("q");
    assert_eq!(stage.end(), Some(0));
    screen
}

#[test]
fn what_is_no_condition_is_told_and_nothing_can_be_done_by_one() {
    let scene = scene("when_wrong");
    let before = fingerprint(&scene.pair.old);
    let touched = std::env::temp_dir().join(format!("failback-when-{}", std::process::id()));
    let program = format!("true) as met; copy (select 1) to program 'touch {}'; --", touched.display());
    let cases = [
        ("new.nn > 8", "column new.nn does not exist"),
        ("new.n >", "syntax error"),
        ("new.n", "one value of type boolean is wanted"),
        ("true), (false", "one value of type boolean is wanted"),
        ("true /* ", "unterminated /* comment"),
        ("true); drop table t; --", "PostgreSQL 42601"),
        (program.as_str(), "PostgreSQL 42601"),
        ("true); insert into seen values (1); select (true", "PostgreSQL 42601"),
        ("true) as met; insert into seen values (1); select (true", "cannot insert multiple commands"),
        ("true) as met from (select 1) z union select (true", "it is about more than one row"),
        ("exists (select from seen)", "it is about more than one row"),
        ("(with w as (insert into seen values (1) returning id) select true from w)", "PostgreSQL 0A000"),
        ("count(*) > 0", "it is about more than one row"),
        ("generate_series(1, 2) > 0", "it is about more than one row"),
        ("writes()", "it calls what is VOLATILE"),
        ("new.id in (1, nextval('s'))", "it calls what is VOLATILE"),
        ("set_config('transaction_read_only', 'off', false) = 'off'", "it calls what is VOLATILE"),
        ("pg_read_file('PG_VERSION') is not null", "it calls what is VOLATILE"),
        ("lo_create(0) > 0", "it calls what is VOLATILE"),
        ("query_to_xml('insert into seen values (1)', true, true, '') is null", "it calls what is VOLATILE"),
        ("pg_sleep(100) is null", "it calls what is VOLATILE"),
        ("random() < 0.5", "it calls what is VOLATILE"),
        ("lies()", "PostgreSQL 25006"),
        ("1 / (new.id - 9) > 0", "PostgreSQL 22012"),
    ];
    let mut unlike = Vec::new();
    for (when, cause) in cases {
        scene.write(&rule(when, ""));
        let refused: Value = scene.document(2, &["plan"]);
        let said = refused["error"]["cause"].to_string();
        unlike.extend((!said.contains(cause)).then(|| format!("{when}: {said}")));
        assert!(refused["error"]["where"].to_string().contains("decisions.toml:3:1"), "{when}: {refused:#}");
    }
    assert_eq!(unlike, [""; 0]);
    assert!(!touched.exists());
    assert_eq!(fingerprint(&scene.pair.old), before);
    let drawn = support::value(&scene.pair.old, "select is_called from s").expect("a sequence");
    assert_eq!(drawn, "f");
}
