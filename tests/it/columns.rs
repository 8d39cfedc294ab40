//! Rows whose columns are chosen one by one: what comes to OLD, what is shown before, what is taken back, what is refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::readable::look;
use crate::recovery::fingerprint;
use crate::show::Scene;
use crate::support::{self, pty::Stage};

const OLD: &str = "
    create domain few as int check (value < 100);
    create table p (id int primary key);
    insert into p values (1), (2);
    create table t (
        id int primary key, n numeric(8,2), at timestamptz, day date, f float8, tags text[], doc jsonb, v varchar(10), few few,
        must text not null default 'm', only_old text, code text unique, p_id int references p,
        twice int generated always as (id * 2) stored,
        created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01');
    insert into t (id, n, at, day, f, tags, doc, v, few, only_old, code, p_id)
        select i, i + 0.25, '2025-07-01 08:00Z', 'infinity', 'NaN', '{a,NULL}', '{\"k\": 1}', 'old ' || i, i, 'kept',
            'c' || i, 1
        from generate_series(1, 12) i";

const NEW: &str = "
    create table p (id int primary key);
    insert into p values (1), (2);
    create table t (
        id int primary key, n numeric(14,4), at timestamptz, day date, f float8, tags text[], doc jsonb, v varchar(40), few int,
        must text not null default 'm', only_new text, code text unique, p_id int references p, twice int,
        created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01');
    insert into t (id, n, at, day, f, tags, doc, v, few, code, p_id)
        select i, i + 0.25, '2025-07-01 08:00Z', 'infinity', 'NaN', '{a,NULL}', '{\"k\": 1}', 'old ' || i, i, 'c' || i, 1
        from generate_series(1, 12) i;
    update t set n = n * 2, at = '2025-08-01 08:00:00.123Z', day = '-infinity', f = -0.0, tags = '{}', doc = '{\"k\": [2]}',
        v = 'new ' || id, few = id + 1, p_id = 2, only_new = 'x', updated_at = '2026-01-14 12:00Z';
    insert into t (id, n, day, v, code, p_id, created_at, updated_at)
        values (13, 13, '2026-01-14', 'born', 'c13', 2, '2026-01-14 12:00Z', '2026-01-14 12:00Z')";

/// Rows from the seventh on were written on OLD too.
const SINCE: &str = "; update t set v = 'late ' || id, f = 0, updated_at = '2026-01-14 13:00Z' where id > 6";

const COLUMNS: [&str; 8] = ["n", "at", "day", "f", "tags", "doc", "v", "few"];
const TEXTS: [&str; 8] =
    ["0.10", "2026-02-28 24:00:00+01", "0044-03-15 BC", "Infinity", "{\"x,y\",NULL,\"NULL\"}", "null", "", "99"];

fn scene(test: &str) -> Scene {
    Scene::made(test, [&format!("{OLD}{SINCE}"), NEW], "")
}

fn pick(id: usize, resolution: &str, more: &str) -> String {
    format!("[[row]]\ntable = \"public.t\"\nkey = {{ id = {id} }}\nresolution = \"{resolution}\"\n{more}\n")
}

/// The values of a server's rows as OLD prints them, by their keys.
fn values(url: &str) -> BTreeMap<usize, Vec<Option<String>>> {
    let list: Vec<_> = COLUMNS.iter().map(|column| if *column == "n" { "n::numeric(8,2)" } else { column }).collect();
    let list: Vec<_> = list.iter().map(|column| format!("({column})::text")).collect();
    let rows = support::rows(url, &format!("set time zone 'UTC'; select id::text, {} from t order by id", list.join(", ")));
    rows.into_iter().map(|row| (row[0].as_deref().expect("a key").parse().expect("a number"), row[1..].to_vec())).collect()
}

/// What is chosen of each column of each row, so that every sort of choice meets every column: the text of decisions.toml, and
/// what OLD has to have.
fn chosen(old: &BTreeMap<usize, Vec<Option<String>>>, new: &BTreeMap<usize, Vec<Option<String>>>) -> (String, Chosen) {
    let (mut text, mut expected) = ("# agreed with finance\n".to_owned(), Chosen::new());
    for (id, news) in new {
        let olds = old.get(id);
        let resolution = if id % 2 == 0 && olds.is_some() { "keep_old" } else { "apply_new" };
        let (mut sides, mut set, mut nulls, mut row) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (number, column) in COLUMNS.iter().enumerate() {
            let rest =
                if resolution == "keep_old" { olds.map(|olds| olds[number].clone()) } else { Some(news[number].clone()) };
            let value = match (id * 5 + number * 7) % 6 {
                0 if olds.is_some() => {
                    sides.push(format!("{column} = \"old\""));
                    olds.map(|olds| olds[number].clone())
                }
                1 => {
                    sides.push(format!("{column} = \"new\""));
                    Some(news[number].clone())
                }
                // Of rows that OLD has not written since, the cutover's is OLD's.
                2 if *id <= 6 => {
                    sides.push(format!("{column} = \"base\""));
                    olds.map(|olds| olds[number].clone())
                }
                3 => {
                    set.push(format!("{column} = '{}'", TEXTS[number]));
                    Some(Some(TEXTS[number].to_owned()))
                }
                4 => {
                    nulls.push(format!("\"{column}\""));
                    Some(None)
                }
                _ => rest,
            };
            row.push(value.expect("a side that has the row"));
        }
        let more = format!(
            "columns = {{ {} }}\nset = {{ {} }} # as printed\nset_null = [{}]\nwhy = \"row by row\"",
            sides.join(", "),
            set.join(", "),
            nulls.join(", ")
        );
        let _ = writeln!(text, "{}", pick(*id, resolution, &more));
        expected.insert(*id, row);
    }
    (text, expected)
}

type Chosen = BTreeMap<usize, Vec<Option<String>>>;

/// As OLD prints what was set.
fn printed(column: usize, value: Option<&str>) -> Option<String> {
    let printed = |text: &str| match (COLUMNS[column], text) {
        ("at", "2026-02-28 24:00:00+01") => "2026-02-28 23:00:00+00".to_owned(),
        _ => text.to_owned(),
    };
    value.map(printed)
}

#[test]
fn a_row_gets_what_was_chosen_column_by_column_and_is_taken_back() {
    let scene = scene("columns_whole");
    let before = fingerprint(&scene.pair.old);
    let (text, expected) = chosen(&values(&scene.pair.old), &values(&scene.pair.new));
    scene.write(&text);
    let planned = scene.document(0, &["plan"]);
    assert_eq!(planned["held"], json!(0), "{planned:#}");
    // What is shown before the merge is what comes to be.
    let shown = scene.document(0, &["show", "t", "--limit", "all"]);
    let mut unlike = Vec::new();
    for row in shown["rows"].as_array().expect("rows") {
        let id: usize = row["key"]["id"].as_str().expect("a key").parse().expect("a number");
        for column in row["columns"].as_array().expect("columns") {
            let name = column["name"].as_str().expect("a name");
            // The others are shown in the type, and at the hour, in which both sides were compared.
            let Some(number) = COLUMNS.iter().position(|one| *one == name && !["n", "at"].contains(one)) else {
                continue;
            };
            let result = column["result"].as_str().map(str::to_owned);
            let wanted = printed(number, expected[&id][number].as_deref());
            unlike.extend((result != wanted).then(|| format!("{id} {name}: {result:?}, not {wanted:?}")));
        }
    }
    assert_eq!(unlike, [""; 0]);
    let merged = scene.run(&["merge", "--confirm", &scene.pair.database]);
    assert!([0, 9].contains(&merged.code), "{}{}", merged.stdout, merged.stderr);
    for (id, row) in values(&scene.pair.old) {
        for (number, value) in row.iter().enumerate() {
            assert_eq!(*value, printed(number, expected[&id][number].as_deref()), "{id} {}", COLUMNS[number]);
        }
    }
    let kept = support::value(&scene.pair.old, "select count(*)::text from t where only_old = 'kept' and code = 'c' || id");
    assert_eq!(kept.as_deref(), Some("12"), "columns that nobody chose");
    let verified = scene.run(&["verify"]);
    assert!([0, 9].contains(&verified.code), "{}{}", verified.stdout, verified.stderr);
    assert_eq!(scene.run(&["undo", "--confirm", &scene.pair.database]).code, 0);
    assert_eq!(fingerprint(&scene.pair.old), before);
    assert_eq!(scene.text(), text, "nobody writes the file but people");
}

/// What `show --json` says of each row's result by its key, and what DuckDB says of it over the run's views: nothing where OLD
/// has no row, else the texts of its columns. Of names that are alike but for their case, DuckDB calls the second otherwise.
fn results(scene: &Scene, columns: &[&str]) -> [BTreeMap<String, Value>; 2] {
    let fields = columns.iter().map(|name| if columns.contains(&"V") && *name == "v" { "v_1" } else { name });
    let texts: Vec<_> = fields.map(|column| format!("result.\"{column}\"::varchar")).collect();
    let query = format!(
        "select id::varchar, case when result is not null then [{}] end from \"{}.public.t\"",
        texts.join(", "),
        scene.pair.database
    );
    let viewed = look(&["query", scene.folder().to_str().expect("a path"), &query]);
    let viewed =
        viewed.as_array().expect("rows").iter().map(|row| (row[0].as_str().expect("a key").to_owned(), row[1].clone()));
    let shown = scene.document(0, &["show", "t", "--limit", "all", "--all"]);
    let of = |row: &Value| {
        let all = row["columns"].as_array().expect("columns");
        let of = |name: &&str| &all.iter().find(|column| column["name"] == **name).expect("a column")["result"];
        // OLD's default, and a column that OLD lacks, have no value in a file.
        let value = |name: &&str| if of(name).is_object() { Value::Null } else { of(name).clone() };
        let is_gone = columns.iter().all(|name| of(name)["absent"] == "row");
        let result = if is_gone { Value::Null } else { columns.iter().map(value).collect() };
        (row["key"]["id"].as_str().expect("a key").to_owned(), result)
    };
    [shown["rows"].as_array().expect("rows").iter().map(of).collect(), viewed.collect()]
}

#[test]
fn views_have_the_rows_that_a_plan_composes() {
    let scene = scene("columns_viewed");
    let (text, _) = chosen(&values(&scene.pair.old), &values(&scene.pair.new));
    scene.write(&text);
    let compared = scene.document(0, &["diff"]);
    let [unplanned, none] = results(&scene, &["id"]);
    assert_eq!((unplanned.len(), none.into_values().collect()), (13, vec![Value::Null; 13]), "there is no plan yet");
    scene.document(0, &["plan"]);
    // OLD's type of a number, columns that one side alone has, one that OLD computes, and NEW's row that OLD lacks.
    let columns = ["id", "n", "v", "few", "doc", "must", "only_old", "only_new", "code", "p_id"];
    let [shown, viewed] = results(&scene, &columns);
    assert_eq!((shown.len(), &viewed), (13, &shown));
    let count = "select fb_class, count(*) from fb_rows group by all order by all";
    let counted = look(&["query", scene.folder().to_str().expect("a path"), count]);
    let counted: serde_json::Map<_, _> = counted
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| (row[0].as_str().expect("a class").to_owned(), row[1].clone()))
        .collect();
    assert_eq!(compared["counts"], Value::from(counted));
}

#[test]
fn views_have_the_rows_that_a_plan_leaves_brings_and_takes() {
    let both = "create table t (id int primary key, \"V\" text, v text, created_at timestamptz default '2026-01-01',
             updated_at timestamptz default '2026-01-01');
         insert into t (id, \"V\", v) select i, 'V ' || i, 'v ' || i from generate_series(1, 8) i;";
    let new = "update t set v = 'new', updated_at = '2026-01-14 12:00Z' where id <= 5; delete from t where id > 6;
         insert into t values (9, 'V', 'v', '2026-01-14 12:00Z', '2026-01-14 12:00Z')";
    let scene = Scene::made("columns_taken", [both, &format!("{both}{new}")], "");
    let picks = pick(1, "apply_new", "set = { V = \"NULL\" }\nset_null = [\"v\"]")
        + &pick(2, "keep_old", "columns = { v = \"new\" }")
        + &pick(3, "skip", "")
        + &pick(4, "hold", "");
    let all = "[tables.\"public.t\"]\ndelete = \"apply_new\"\nambiguous_missing_on_new = \"apply_new\"\n\
               [tables.\"public.t\".evidence]\ndelete = \"column\"\nambiguous_missing_on_new = \"two_way\"\n";
    scene.write(&format!("{all}{picks}"));
    let planned = scene.document(0, &["plan"]);
    assert_eq!(planned["actions"], json!({"delete": 2, "hold": 1, "insert": 1, "skip": 1, "update": 3}), "{planned:#}");
    let columns = ["id", "V", "v", "created_at", "updated_at"];
    let [shown, viewed] = results(&scene, &columns);
    assert_eq!(viewed, shown);
    let values = |id: &str| (viewed[id][2].as_str(), viewed[id].is_null());
    assert_eq!(
        ["1", "2", "3", "4", "5", "7", "9"].map(values),
        [
            (None, false),
            (Some("new"), false),
            (Some("v 3"), false),
            (Some("v 4"), false),
            (Some("new"), false),
            (None, true),
            (Some("v"), false),
        ]
    );
}

#[test]
fn what_no_column_can_get_is_told_with_its_line() {
    let scene = scene("columns_wrong");
    let cases = [
        (pick(1, "apply_new", "columns = { vv = \"old\" }"), "no column `vv`; did you mean `v`?", "5:13"),
        (pick(1, "apply_new", "columns = { only_new = \"old\" }"), "no column `only_new`", "5:13"),
        (pick(1, "apply_new", "set = { only_old = \"x\" }"), "NEW has no column `only_old`", "5:9"),
        (pick(1, "apply_new", "set = { twice = 4 }"), "OLD computes `twice`", "5:9"),
        (pick(1, "keep_old", "set = { id = 4 }"), "`id` is of the key", "5:9"),
        (pick(1, "keep_old", "set = { n = \"ten\" }"), "PostgreSQL 22P02", "5:9"),
        (pick(1, "keep_old", "set = { n = \"1.005\" }"), "numeric(8,2) would make another value", "5:9"),
        (pick(1, "keep_old", "set = { v = \"0123456789a\" }"), "character varying(10) would make another value", "5:9"),
        (pick(1, "keep_old", "set = { few = 100 }"), "PostgreSQL 23514", "5:9"),
        (pick(13, "apply_new", "columns = { v = \"old\" }"), "OLD has no row of `insert`", "4:1"),
        (pick(13, "keep_old", "set = { v = \"x\" }"), "there is no row of `insert`", "4:1"),
    ];
    for (text, cause, place) in cases {
        scene.write(&text);
        let refused = scene.document(2, &["plan"]);
        let error = &refused["error"];
        assert!(error["cause"].to_string().contains(cause), "{text}: {error:#}");
        assert!(error["where"].to_string().contains(&format!("decisions.toml:{place}")), "{text}: {error:#}");
    }
    // What OLD's constraints say of it is found before the merge, as of any row.
    let asked = pick(1, "apply_new", "set = { p_id = 77 }")
        + &pick(2, "apply_new", "set = { code = \"c3\" }")
        + &pick(3, "keep_old", "set_null = \"must\"")
        + &pick(8, "apply_new", "columns = { v = \"base\" }");
    scene.write(&asked);
    scene.document(0, &["plan"]);
    let shown = scene.document(0, &["show", "t", "--limit", "all"]);
    let why = |id: &str| {
        let rows = shown["rows"].as_array().expect("rows");
        let row = rows.iter().find(|row| row["key"]["id"] == id).expect("a row");
        assert_eq!(row["action"], "hold", "{row:#}");
        row["why"].as_str().expect("a reason").to_owned()
    };
    assert!(why("1").contains("p_id"), "{}", why("1"));
    assert!(why("2").contains("code"), "{}", why("2"));
    assert!(why("3").contains("must"), "{}", why("3"));
    assert!(why("8").contains("not known what the row was at the cutover"), "{}", why("8"));
}

#[test]
fn columns_are_chosen_by_the_command_line_by_a_rule_and_on_the_screen() {
    let scene = scene("columns_said");
    let decide = |code: i32, arguments: &[&str]| {
        scene.document(code, &[&["decide", "--by", "ada", "--table", "public.t"][..], arguments].concat())
    };
    decide(2, &["--row", "id=1", "keep_old", "--column", "id=new"]);
    decide(2, &["--row", "id=1", "keep_old", "--column", "v"]);
    decide(2, &["--row", "id=1", "hold", "--column", "v=new"]);
    decide(2, &["--row", "id=1", "keep_old", "--column", "v=new", "--set-null", "v"]);
    assert!(!scene.in_run("decisions.toml").exists());
    let said = "--row id=1 keep_old --column v=new --set n=1.50 --set-null tags".split(' ');
    decide(0, &said.chain(["--set", "doc={\"a\": \"b=c\"}"]).collect::<Vec<_>>());
    let text = scene.text();
    for part in
        ["columns = { v = \"new\" }", "n = \"1.50\"", "doc = '{\"a\": \"b=c\"}'", "set_null = [\"tags\"]", "by = \"ada\""]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    decide(0, &["update=apply_new", "--column", "v=old", "--set", "p_id=1", "--expect", "--why", "NEW's texts are wrong"]);
    let asked = scene.document(0, &["decide"]);
    assert_eq!(
        (&asked["rules"][0]["says"], &asked["rules"][0]["decides"]),
        (&json!("apply_new, p_id: a text, v: old"), &json!(5))
    );
    let mut stage = Stage::start(100, 30, review(&scene));
    stage.wait_for("public.t");
    stage.press("\r");
    stage.wait_for("1 of 13");
    stage.press("jjjjjjj\r");
    stage.wait_for("id 8");
    stage.press("4");
    stage.wait_for("decide about the row first");
    stage.press("3");
    stage.wait_for("apply_new (row)");
    stage.press("4");
    stage.wait_for("n: old (row)");
    stage.press("j=");
    stage.wait_for("value:");
    stage.press("2026-03-01 00:00Z\r");
    stage.wait_for("at: a text, n: old (row)");
    stage.press(".");
    stage.wait_for("apply_new, n: old (row)");
    stage.press("q");
    assert_eq!(stage.end(), Some(0));
    let decided = scene.text();
    assert!(decided.contains("key = { id = \"8\" }\nresolution = \"apply_new\"\ncolumns = { n = \"old\" }\n"), "{decided}");
    scene.document(0, &["plan"]);
    let merged: Value = scene.document(9, &["merge", "--leave-held", "--confirm", &scene.pair.database]);
    assert!(merged["databases"].is_array(), "{merged:#}");
    let rows = "select id::text, n::text, v, p_id::text, tags::text, doc::text from t where id in (1, 2, 8) order by id";
    let rows: Vec<Vec<String>> = support::rows(&scene.pair.old, rows)
        .into_iter()
        .map(|row| row.into_iter().map(|value| value.unwrap_or_else(|| "NULL".to_owned())).collect())
        .collect();
    let expected = [
        ["1", "1.50", "new 1", "1", "NULL", "{\"a\": \"b=c\"}"],
        ["2", "4.50", "old 2", "1", "{}", "{\"k\": [2]}"],
        ["8", "8.25", "new 8", "2", "{}", "{\"k\": [2]}"],
    ];
    assert_eq!(rows, expected);
}

fn review(scene: &Scene) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.arg("review").env_clear().current_dir(scene.home());
    command.env("HOME", scene.home()).env("TERM", "xterm").env("USER", "ada");
    command
}
