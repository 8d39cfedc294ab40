//! `failback show`: rows of a diff on a terminal, as CSV, as JSON and as statements.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::recovery::fingerprint;
use crate::support::{self, Output, Pair};

const CUTOVER: &str = "2026-01-14T10:00:00Z";

/// What no view may show.
pub(crate) const CANARY: &str = "canary7f3a@example.org";

const ESTATE: &str = "
    create schema app;
    create table app.people (
        id int primary key, name text, email text, note text, paid numeric(10,2), tags text[], doc jsonb,
        created_at timestamptz not null default now(), updated_at timestamptz not null default now());
    insert into app.people
        select n, 'name ' || n, 'canary7f3a@example.org' || n, null, 12.50, '{a,b}', '{\"a\": 1}', '2026-01-01Z', '2026-01-01Z'
        from generate_series(1, 30) n;
    create table app.remarks (remark text, email text);
    insert into app.remarks values ('kept', 'canary7f3a@example.org0')";

const WORK: &str = "
    update app.people set name = E'new\\nname \\u202e', email = 'canary7f3a@example.org, by NEW', note = '', paid = -1.10,
        updated_at = '2026-01-14 12:00Z' where id = 3;
    update app.people set note = '=1+1', updated_at = '2026-01-14 12:00Z' where id = 4;
    update app.people set note = '\\N', tags = '{x,NULL}', updated_at = '2026-01-14 12:00Z' where id in (5, 6, 7);
    delete from app.people where id = 20;
    insert into app.people values (31, 'born', 'canary7f3a@example.org', null, null, null, null, '2026-01-14 12:00Z',
        '2026-01-14 12:00Z');
    insert into app.remarks values ('one', 'canary7f3a@example.org1')";

const MASK: &str = "[mask]\n\"app.*\" = [\"email\"]\n";

/// A planned run of two databases in a folder of its own, in which the program is at home.
pub(crate) struct Scene {
    pub(crate) pair: Pair,
    pub(crate) home: tempfile::TempDir,
}

impl Scene {
    pub(crate) fn new(test: &str, more: &str) -> Self {
        let pair = support::pair(test);
        for url in [&pair.old, &pair.new] {
            support::sql(url, ESTATE);
        }
        support::sql(&pair.new, WORK);
        let write = "update app.people set name = 'old name', updated_at = '2026-01-14 13:00Z' where id = 3";
        support::sql(&pair.old, write);
        Self::of(pair, more).planned()
    }

    /// A planned run of what each side is made of.
    pub(crate) fn made(test: &str, [old, new]: [&str; 2], more: &str) -> Self {
        let pair = support::pair(test);
        support::sql(&pair.old, old);
        support::sql(&pair.new, new);
        Self::of(pair, more).planned()
    }

    pub(crate) fn of(pair: Pair, more: &str) -> Self {
        let home = tempfile::tempdir().expect("a home folder");
        let Pair { database, old, new } = &pair;
        let config = format!(
            "databases = [\"{database}\"]\ncutover = \"{CUTOVER}\"\n[old]\nurl = \"{old}\"\n[new]\nurl = \"{new}\"\n{more}"
        );
        std::fs::write(home.path().join("failback.toml"), config).expect("a configuration");
        Self { pair, home }
    }

    pub(crate) fn planned(self) -> Self {
        for verb in ["export", "diff", "plan"] {
            let output = self.run(&[verb]);
            assert_eq!(output.code, 0, "{verb}: {}{}", output.stdout, output.stderr);
        }
        self
    }

    /// Returns the folder of the only run.
    pub(crate) fn folder(&self) -> std::path::PathBuf {
        let mut runs = std::fs::read_dir(self.home.path().join(".runs")).expect("a folder of runs");
        runs.next().expect("a run").expect("an entry").path()
    }

    /// Returns the folder that the program is at home in.
    pub(crate) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
        command.args(arguments).env_clear().env("HOME", self.home.path()).current_dir(self.home.path());
        let output = command.output().expect("the program");
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Returns where a file of the one run is.
    pub(crate) fn in_run(&self, file: &str) -> PathBuf {
        let mut runs = std::fs::read_dir(self.home.path().join(".runs")).expect("runs").flatten();
        runs.next().expect("a run").path().join(file)
    }

    fn show(&self, arguments: &[&str]) -> String {
        let output = self.run(&[&["show"], arguments].concat());
        assert_eq!(output.code, 0, "{arguments:?}: {}{}", output.stdout, output.stderr);
        output.stdout
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.show(&[arguments, &["--json"]].concat())).expect("one JSON document")
    }
}

#[test]
fn rows_are_shown_transposed_and_fit_into_eighty_columns() {
    let scene = Scene::new("show_rows", MASK);
    let shown = scene.show(&["app.people", "3", "--width", "80"]);
    let database = &scene.pair.database;
    let expected = format!(
        "{database}: app.people  id 3  update_origin_differs  held
  update_origin_differs: hold (builtin)
  evidence: OLD column, NEW column; OLD written 2026-01-14T13:00:00Z; NEW
    written 2026-01-14T12:00:00Z
  column  OLD       NEW                  RESULT
  name    old name  E'new\\nname \\u202E'  old name
  email   (masked)  (masked)             (masked)
  note    NULL      ''                   NULL
  paid    12.50     -1.10                12.50
  updated_at:
    OLD     2026-01-14 13:00:00+00
    NEW     2026-01-14 12:00:00+00
    RESULT  (as OLD)
  masked: email, by [mask] \"app.*\" = \"email\" (failback.toml:8:1)
  4 columns alike: --all

1 row in all
"
    );
    assert_eq!(shown, expected);
    for arguments in [&["*", "--all"][..], &["people", "--full"], &["remarks"], &[]] {
        let shown = scene.show(&[arguments, &["--width", "80"]].concat());
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        assert!(!shown.contains(['\u{202e}', '\u{1b}']), "{shown}");
    }
    let born = scene.show(&["people", "31"]);
    assert!(born.starts_with(&format!("{database}: app.people  id 31  insert  insert\n")), "{born}");
    assert!(born.contains("no row: OLD, BASE\n") && born.contains("born"), "{born}");
}

#[test]
fn the_numbers_are_those_of_the_diff_and_the_plan() {
    let scene = Scene::new("show_numbers", "");
    let counts = |arguments: &[&str]| scene.json(arguments)["counts"].clone();
    let diff: Value = serde_json::from_str(&scene.run(&["diff", "--json"]).stdout).expect("JSON");
    assert_eq!(counts(&[]), diff["counts"]);
    let planned = scene.run(&["plan", "--json"]);
    let planned: Value = serde_json::from_str(&planned.stdout).expect("JSON");
    let found = |arguments: &[&str]| scene.json(&[&["*"], arguments].concat())["found"].as_u64().expect("a number");
    assert_eq!(found(&["--held"]), planned["held"].as_u64().expect("a number"));
    for (class, rows) in diff["counts"].as_object().expect("counts") {
        assert_eq!(Some(found(&["--class", class])), rows.as_u64(), "{class}");
        assert_eq!(counts(&["--class", class])[class], *rows);
    }
    let noted = scene.json(&["people", "--changed", "no*"]);
    let keys: Vec<_> = noted["rows"].as_array().expect("rows").iter().map(|row| row["key"]["id"].clone()).collect();
    assert_eq!(keys, ["3", "4", "5", "6", "7"]);
    let all = scene.json(&["*", "--limit", "all"]);
    let mut pieces = Vec::new();
    for offset in (0..all["found"].as_u64().expect("a number")).step_by(2) {
        let piece = scene.json(&["*", "--limit", "2", "--offset", &offset.to_string()]);
        assert_eq!(piece["found"], all["found"]);
        pieces.extend(piece["rows"].as_array().expect("rows").clone());
    }
    assert_eq!(Some(&pieces), all["rows"].as_array());
    assert_eq!((&all["schema_version"], &all["planned"]), (&1.into(), &true.into()));
}

#[test]
fn values_are_shown_only_where_they_are_asked_for_and_never_masked_ones() {
    let scene = Scene::new("show_masked", MASK);
    for arguments in [&[][..], &["--json"], &["--held"], &["--changed", "email"]] {
        let shown = scene.show(arguments);
        assert!(!shown.contains("name 3") && !shown.contains("12.50") && !shown.contains("old name"), "{shown}");
    }
    let mut seen = 0;
    for form in [&["--full"][..], &["--json"], &["--csv"], &["--sql"]] {
        let shown = scene.show(&[&["*", "--all", "--limit", "all"], form].concat());
        assert!(!shown.contains("canary"), "{shown}");
        seen += usize::from(shown.contains("masked") || shown.contains("\\*"));
    }
    assert_eq!(seen, 4, "the mask is seen in every form");
    let row = &scene.json(&["people", "3", "--all"])["rows"][0];
    let by =
        |name: &str| row["columns"].as_array().and_then(|all| all.iter().find(|column| column["name"] == name)).expect(name);
    assert_eq!(by("email")["masked_by"], "[mask] \"app.*\" = \"email\" (failback.toml:8:1)");
    assert_eq!(by("name")["masked_by"], Value::Null);
    let bare = Scene::new("show_bare", "");
    assert!(bare.show(&["people", "3"]).contains(CANARY), "the test would see it");
    let note = Scene::new("show_typo", "[mask]\n\"app.poeple\" = \"email\"\n").run(&["show"]).stderr;
    assert!(note.contains("[mask] \"app.poeple\" matches no table; did you mean `app.people`?"), "{note}");
}

#[test]
fn cells_of_a_spreadsheet_are_no_formulas_and_null_is_not_empty() {
    let scene = Scene::new("show_csv", MASK);
    let csv = scene.show(&["people", "--csv", "--all"]);
    let head = "database,table,key,class,evidence_old,evidence_new,column,type,old_type,base,old,new,result,action,why\r\n";
    assert!(csv.starts_with(head), "{csv}");
    let line = |key: &str, column: &str| {
        let mut lines = csv.split("\r\n").filter(|line| line.contains(key) && line.contains(&format!(",{column},")));
        lines.next().unwrap_or_else(|| panic!("{key} {column}: {csv}")).to_owned()
    };
    assert!(line(",id=4,", "note").contains(",\\N,'=1+1,'=1+1,update,"), "{}", line(",id=4,", "note"));
    assert!(line(",id=3,", "note").contains(",\\N,,\\N,hold,"), "{}", line(",id=3,", "note"));
    assert!(line(",id=5,", "note").contains(",\\N,'\\N,'\\N,update,"), "{}", line(",id=5,", "note"));
    assert!(line(",id=3,", "paid").contains(",12.50,-1.10,12.50,"), "{}", line(",id=3,", "paid"));
    assert!(csv.contains("\"new\nname \u{202e}\""), "a file has every character: {csv}");
}

#[test]
fn what_cannot_be_shown_is_said() {
    let scene = Scene::new("show_refused", "");
    let refuse = |code: i32, arguments: &[&str]| {
        let output = scene.run(&[&["show"], arguments].concat());
        assert_eq!(output.code, code, "{arguments:?}: {}{}", output.stdout, output.stderr);
        output.stderr
    };
    assert!(refuse(2, &["app.poeple"]).contains("did you mean `app.people`?"));
    assert!(refuse(2, &["people", "99"]).contains("no row that differs has this key"));
    assert!(refuse(2, &["people", "id=99"]).contains("by its columns' values alone"));
    assert!(refuse(2, &["people", "1", "2"]).contains("its key has 1 columns (id), and 2 values were given"));
    assert!(refuse(2, &["people", "--class", "updte"]).contains("did you mean `update`?"));
    assert!(refuse(2, &["people", "--limit", "many"]).contains("is no number of rows"));
    assert!(refuse(2, &["--csv"]).contains("name a table"));
    std::fs::remove_file(scene.plan()).expect("a plan");
    assert!(refuse(4, &["people", "--held"]).contains("failback plan"));
    assert!(refuse(4, &["people", "--sql"]).contains("failback plan"));
    assert!(!scene.show(&["people", "3"]).contains("RESULT"), "without a plan nothing is said of what it does");
}

impl Scene {
    /// A file where the program is at home.
    pub(crate) fn file(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    /// The file of the only run's plan.
    pub(crate) fn plan(&self) -> std::path::PathBuf {
        let mut runs = std::fs::read_dir(self.home.path().join(".runs")).expect("runs");
        runs.next().expect("a run").expect("an entry").path().join("plan.json")
    }
}

/// The statements do what a merge does, to the last byte: on the estate's incident, with all that it has of types.
#[test]
fn the_statements_do_what_a_merge_does() {
    let (pair, cutover) = crate::recovery::incident("show_sql", "chain_db");
    let scene = Scene::of(pair, "");
    let config = scene.home.path().join("failback.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration").replace(CUTOVER, &cutover.to_string());
    std::fs::write(&config, text).expect("a configuration");
    for verb in ["export", "diff"] {
        assert_eq!(scene.run(&[verb]).code, 0);
    }
    let decide = ["decide", "delete=apply_new", "conflict=apply_new", "ambiguous=apply_new", "--evidence", "delete=two_way"];
    assert_eq!(scene.run(&decide).code, 0);
    assert_eq!(scene.run(&["plan"]).code, 0);
    let script = scene.show(&["*", "--sql", "--limit", "all"]);
    for word in ["insert into", "update", "delete from"] {
        assert!(script.lines().any(|line| line.starts_with(word)), "{word}");
    }
    let before = fingerprint(&scene.pair.old);
    let merged = scene.run(&["merge", "--leave-held", "--confirm", &scene.pair.database]);
    assert!([0, 9].contains(&merged.code), "{}{}", merged.stdout, merged.stderr);
    let after = fingerprint(&scene.pair.old);
    assert_ne!(before, after);
    assert_eq!(scene.run(&["undo", "--confirm", &scene.pair.database]).code, 0);
    assert_eq!(fingerprint(&scene.pair.old), before);
    // As a merge sends them: deletes first, triggers silent, values as its sessions print them.
    let statements: Vec<_> = script.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()).collect();
    let is_delete = |statement: &&&str| statement.lines().any(|line| line.starts_with("delete"));
    let (deletes, others): (Vec<&str>, Vec<&str>) = statements.iter().partition(is_delete);
    let all = [deletes, others].concat().join(";\n");
    let settings = "set session_replication_role = replica; set lc_monetary = 'C'; set IntervalStyle = 'postgres'";
    support::sql(&scene.pair.old, &format!("begin; {settings}; {all};\ncommit"));
    assert_eq!(fingerprint(&scene.pair.old), after);
}

const STAMPS: &str = "created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01'";

/// OLD keeps more of a document's text than NEW, and less of a code.
fn renamed(test: &str, mask: &str) -> Scene {
    let old = format!(
        "create table orders (id int primary key, doc json, code varchar(6), n int, {STAMPS});
         insert into orders values (1, '{{\"a\":  \"canary7f3a\"}}', 'c', 1), (2, '{{}}', 'c', 1)"
    );
    let new = format!(
        "create schema sales; create table sales.ord (id int primary key, body jsonb, label text, n int, {STAMPS});
         insert into sales.ord values (1, '{{\"a\": \"canary7f3a\"}}', 'c', 1), (2, '{{}}', 'canary7f3a', 2);
         update sales.ord set n = 2, updated_at = '2026-01-14 12:00Z'"
    );
    let renamed = "[tables.\"public.orders\"]\nnew_name = \"sales.ord\"\nrenamed = { doc = \"body\", code = \"label\" }\n";
    Scene::made(test, [&old, &new], &format!("{renamed}{mask}"))
}

#[test]
fn a_mask_by_news_name_hides_old_values_in_every_form_and_is_not_said_to_match_nothing() {
    let scene = renamed("show_by_new", "[mask]\n\"sales.ord\" = [\"body\", \"label\"]\n");
    let bare = renamed("show_by_new_bare", "");
    let forms = [
        &["show", "orders", "--all"][..],
        &["show", "orders", "--all", "--json"],
        &["show", "orders", "--all", "--csv"],
        &["show", "orders", "--all", "--sql"],
        &["plan", "--show-values"],
        &["plan", "--show-values", "--json"],
    ];
    for form in forms {
        let (masked, unmasked) = (scene.run(form), bare.run(form));
        assert!(!masked.stdout.contains("canary7f3a"), "{form:?}: {}", masked.stdout);
        assert!(!masked.stderr.contains("matches no"), "{form:?}: {}", masked.stderr);
        assert!(unmasked.stdout.contains("canary7f3a"), "the test would see it: {form:?}: {}", unmasked.stdout);
    }
}

#[test]
fn what_is_compared_as_another_type_than_olds_says_so() {
    let old = format!("create table p (id int primary key, n numeric(8,2), x int, {STAMPS}); insert into p values (1, 1.5, 0)");
    let new = format!(
        "create table p (id int primary key, n numeric(14,4), x int, {STAMPS}); insert into p values (1, 1.5, 0);
         update p set n = 2.5, updated_at = '2026-01-14 12:00Z'"
    );
    let scene = Scene::made("show_types", [&old, &new], "");
    let shown = scene.show(&["p"]);
    assert!(shown.contains("2.5000"), "{shown}");
    assert!(shown.contains("compared as another type: n as numeric(14,4), OLD's own is numeric(8,2)"), "{shown}");
    let columns = scene.json(&["p", "--all"])["rows"][0]["columns"].clone();
    let types: Vec<_> = columns.as_array().expect("columns").iter().map(|column| column["old_type"].as_str()).collect();
    assert_eq!(types, [None, Some("numeric(8,2)"), None, None, None]);
    assert!(scene.show(&["p", "--csv"]).contains(",n,\"numeric(14,4)\",\"numeric(8,2)\","));
}

/// A document on stdout is one document, whatever stops it.
#[test]
fn what_fails_as_json_is_one_document() {
    let scene = Scene::new("show_broken", "");
    let document = |arguments: &[&str]| -> Value {
        let output = scene.run(&[&["show"], arguments, &["--json"]].concat());
        assert_ne!(output.code, 0);
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", output.stdout))
    };
    assert_eq!(document(&["people", "99"])["error"]["exit_code"], 2);
    let diff = scene.plan().with_file_name(&scene.pair.database).join("diff");
    let mut tables: Vec<_> = std::fs::read_dir(diff).expect("a diff").map(|entry| entry.expect("a table").path()).collect();
    tables.sort();
    let last = std::fs::read_dir(tables.last().expect("a table")).expect("files").next().expect("a file").expect("a file");
    std::fs::write(last.path(), "no rows").expect("a broken file");
    let broken = document(&["*"]);
    assert_eq!(broken["error"]["kind"], "damaged", "{broken:#}");
    assert!(broken["rows"].as_array().is_some_and(|rows| !rows.is_empty()), "{broken:#}");
}
