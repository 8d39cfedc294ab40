//! Rows that are picked by a file: what is written, filled in, and read again.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::show::Scene;

const STAMPS: &str = "created_at timestamptz default '2026-01-01', updated_at timestamptz default '2026-01-01'";

const CHANGED: &str = "update t set v = 'new', updated_at = '2026-01-14 12:00Z'";

/// Rows that NEW has changed, with keys of two columns that could be taken for something else.
fn scene(test: &str, mask: &str) -> Scene {
    let both = format!(
        "create table t (\"=k\" text, id int, v text, {STAMPS}, primary key (\"=k\", id));
         insert into t (\"=k\", id) values ('a', 1), ('', 2), ('NULL', 3), ('b,id=9', 4), (E'it''s\\nso', 5), ('-1', 6)"
    );
    Scene::made(test, [&both, &format!("{both}; {CHANGED}")], mask)
}

fn import(scene: &Scene, text: &str, code: i32) -> Value {
    std::fs::write(scene.file("rows.csv"), text).expect("a file");
    scene.document(code, &["decide", "--import", "rows.csv", "--by", "ada"])
}

#[test]
fn rows_are_written_filled_in_and_read_again() {
    let scene = scene("picks_round", "");
    let exported = scene.document(0, &["decide", "--export", "out.csv", "--table", "t"]);
    assert_eq!((&exported["rows"], &exported["left_out"]), (&json!(6), &json!(0)));
    let text = std::fs::read_to_string(scene.file("out.csv")).expect("a file");
    assert_eq!(std::fs::metadata(scene.file("out.csv")).expect("a file").permissions().mode() & 0o777, 0o600);
    let head = "database,table,key,class,resolution,columns,set,set_null,compute,why,by,at,fingerprint\r\n";
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains(",\"\"\"=k\"\"='b,id=9',id=4\",update,,,,,,,,"), "{text}");
    assert_eq!(scene.document(4, &["decide", "--export", "out.csv"])["error"]["kind"], "refused", "there is one");
    // As a person fills it in, and as a spreadsheet of another country writes it.
    let decided = text.replace(",update,,,,,,,,", ",update,keep_old,,,,,'=asked,,").replacen("keep_old", "", 1);
    let decided = decided.replacen("keep_old", "skip", 1);
    let semicolons = |line: &str| -> String {
        let (mut out, mut quoted) = (String::new(), false);
        for character in line.chars() {
            quoted ^= character == '"';
            out.push(if character == ',' && !quoted { ';' } else { character });
        }
        out
    };
    let imported = import(&scene, &semicolons(&decided), 0);
    let changes: Vec<_> =
        imported["changes"].as_array().expect("changes").iter().map(|one| (one["to"].clone(), one["rows"].clone())).collect();
    assert_eq!(changes, [(json!("keep_old"), json!(4)), (json!("skip"), json!(1))]);
    let toml = scene.text();
    assert_eq!((toml.matches("\n[[row]]\n").count(), toml.matches("why = \"=asked\"").count()), (5, 5), "{toml}");
    let again = import(&scene, &decided, 0);
    assert_eq!((&again["changes"], scene.text()), (&json!([]), toml), "to say it again says nothing");
    scene.document(0, &["plan"]);
    let planned = scene.document(0, &["show", "t", "--limit", "all"]);
    let actions: Vec<_> = planned["rows"].as_array().expect("rows").iter().map(|row| row["action"].clone()).collect();
    assert_eq!(actions.iter().filter(|action| *action == "keep_old").count(), 4);
    assert_eq!(actions.iter().filter(|action| *action == "update").count(), 1, "{actions:?}");
    scene.document(0, &["decide", "--export", "again.csv", "--table", "t", "--class", "update"]);
    let again = std::fs::read_to_string(scene.file("again.csv")).expect("a file");
    assert_eq!(again.matches(",update,keep_old,,,,,'=asked,ada,").count(), 4, "{again}");
    let journal = std::fs::read_to_string(scene.plan().with_file_name("journal.jsonl")).expect("a journal");
    assert!(journal.contains("4 rows of public.t keep_old") && !journal.contains("b,id=9"), "{journal}");
}

#[test]
fn one_wrong_line_and_nothing_is_decided() {
    let scene = scene("picks_wrong", "");
    let head = "table,key,class,resolution\n";
    let good = "public.t,\"\"\"=k\"\"=a,id=1\",update,skip\n";
    let cases = [
        ("public.t,\"\"\"=k\"\"=a,id=9\",update,skip", "no row that differs is public.t: =k a, id 9"),
        ("public.u,id=1,,skip", "no row that differs is public.u: id 1"),
        ("public.t,id=1,,skip", "the key of public.t is =k, id, and the row is picked by id"),
        ("public.t,\"\"\"=k\"\"='',id=2\",insert,skip", "the row is `update`, and the line says `insert`"),
        ("public.t,\"\"\"=k\"\"='',id=2\",,last_update_win", "unknown resolution `last_update_win`"),
        (
            "public.t,\"\"\"=k\"\"='',id=2\",,last_update_wins",
            "`last_update_wins` makes no sense for the row, which is `update`",
        ),
        ("public.t,\"\"\"=k\"\"='a',id=1\",,hold", "it means the same row as line 2"),
        ("public.t,\"\"\"=k\"\"=NULL,id=3\",,hold", "`NULL` is no value; the text is written 'NULL', in quotes"),
    ];
    for (line, cause) in cases {
        let refused = import(&scene, &format!("{head}{good}{line}\n"), 2);
        let said = refused["error"]["cause"].to_string();
        assert!(said.contains(cause), "{line}: {said}");
        assert!(refused["error"]["where"].to_string().contains("rows.csv:3"), "{refused:#}");
        assert!(!scene.plan().with_file_name("decisions.toml").exists(), "{line}");
    }
    assert_eq!(import(&scene, &format!("{head}{good}"), 0)["changes"][0]["rows"], 1);
}

#[test]
fn thousands_of_picks_have_a_list_of_their_own_that_is_part_of_the_decisions() {
    let both =
        format!("create table t (id int primary key, v text, {STAMPS}); insert into t (id) select generate_series(1, 1500)");
    let scene = Scene::made("picks_many", [&both, &format!("{both}; {CHANGED}")], "");
    scene.document(
        0,
        &["decide", "--table", "public.t", "--database", &scene.pair.database, "--row", "id=7", "hold", "--why", "first"],
    );
    scene.document(0, &["decide", "--export", "out.csv", "--table", "t"]);
    let text = std::fs::read_to_string(scene.file("out.csv")).expect("a file");
    let decided: String =
        text.lines().map(|line| line.replace(",update,,", ",update,skip,").replace(",hold,", ",skip,") + "\n").collect();
    let imported = import(&scene, &decided, 0);
    assert_eq!((&imported["section"], &imported["changes"][0]["rows"]), (&json!("decisions.d/picks.csv"), &json!(1499)));
    let list = scene.plan().with_file_name("decisions.d").join("picks.csv");
    assert_eq!(std::fs::metadata(&list).expect("a list").permissions().mode() & 0o777, 0o600);
    assert_eq!(scene.text().matches("\n[[row]]\n").count(), 0, "what was picked by itself is history: {}", scene.text());
    assert!(scene.text().contains("why = \"first\"\nby ="), "{}", scene.text());
    assert_eq!(import(&scene, &decided, 0)["changes"], json!([]));
    assert_eq!(scene.document(0, &["plan"])["actions"]["skip"], 1500);
    // A pick in the file is stronger than the list.
    scene.document(0, &["decide", "--table", "public.t", "--row", "id=8", "apply_new", "--why", "asked again"]);
    assert_eq!(scene.document(0, &["plan"])["actions"], json!({"skip": 1499, "update": 1}));
    let edited = std::fs::read_to_string(&list).expect("a list").replacen("id=9,,skip", "id=9,,hold", 1);
    std::fs::write(&list, edited).expect("a list");
    let stale = scene.document(4, &["merge", "--leave-held", "--confirm", &scene.pair.database]);
    assert!(stale["error"].to_string().contains("list of picks"), "{stale:#}");
    assert_eq!(scene.document(0, &["plan"])["actions"], json!({"hold": 1, "skip": 1498, "update": 1}));
    std::fs::write(&list, "table,key,resolution\npublic.t,id=9,hodl\n").expect("a list");
    let broken = scene.document(2, &["plan"]);
    assert!(broken["error"]["where"].to_string().contains("decisions.d/picks.csv:2"), "{broken:#}");
}

/// Five rows whose columns differ between the sides, in types whose texts a list could spoil.
fn columns_scene(test: &str, mask: &str) -> Scene {
    let both = format!(
        "create table t (id int primary key, v text, \"=f\" text, n numeric(8,2), tags text[], day date, {STAMPS});
         insert into t (id, v, \"=f\", n, tags, day) select i, 'old ' || i, 'f', i, '{{a}}', '2026-01-01'
             from generate_series(1, 5) i"
    );
    let changed = "update t set v = 'new ' || id, \"=f\" = 'g', n = -id, tags = null, day = 'infinity',
        updated_at = '2026-01-14 12:00Z'";
    Scene::made(test, [&both, &format!("{both}; {changed}")], mask)
}

/// What the plan comes to: of each row its action, and of each column the result.
fn results(scene: &Scene) -> Vec<(String, String, Value)> {
    scene.document(0, &["plan"]);
    let shown = scene.document(0, &["show", "t", "--limit", "all"]);
    let mut found = Vec::new();
    for row in shown["rows"].as_array().expect("rows") {
        for column in row["columns"].as_array().expect("columns").iter().filter(|column| column["is_key"] == false) {
            let place = format!("{} {}", row["key"]["id"].as_str().expect("a key"), column["name"].as_str().expect("a name"));
            found.push((place, row["action"].as_str().expect("an action").to_owned(), column["result"].clone()));
        }
    }
    found
}

#[test]
fn picks_by_column_go_through_a_spreadsheet_and_come_to_the_same_plan() {
    let scene = columns_scene("picks_columns", "");
    scene.document(0, &["decide", "--export", "out.csv", "--table", "t"]);
    let text = std::fs::read_to_string(scene.file("out.csv")).expect("a file");
    // As a person fills it in: sides, texts that look like formulas, NULL, the empty text and the text of four letters.
    let filled = [
        ("id=1", "apply_new,\"v=old,n=base\",\"\"\"=f\"\"='=1+1, so'\",tags,,asked,,"),
        ("id=2", "apply_new,,\"v='',\"\"=f\"\"='NULL',n=-0.50\",\"day,tags\",,,,"),
        ("id=3", "keep_old,v=new,,,,,,"),
        ("id=4", "apply_new,,\"tags='{\"\"x,y\"\",NULL}',v='two\nlines; ''quoted''\"\"'\",\"\"\"=f\"\"\",,,,"),
        ("id=5", "skip,,,,,,,"),
    ];
    let mut edited = text.clone();
    for (key, said) in filled {
        edited = edited.replace(&format!(",{key},update,,,,,,,,,"), &format!(",{key},update,{said},"));
    }
    let imported = import(&scene, &edited, 0);
    let rows: u64 = imported["changes"].as_array().expect("changes").iter().filter_map(|one| one["rows"].as_u64()).sum();
    assert_eq!(rows, 5, "{imported:#}");
    let toml = scene.text();
    for part in [
        "columns = { n = \"base\", v = \"old\" }\nset = { \"=f\" = \"=1+1, so\" }\nset_null = [\"tags\"]\n",
        "set = { \"=f\" = \"NULL\", n = \"-0.50\", v = \"\" }\nset_null = [\"day\", \"tags\"]\n",
        "resolution = \"keep_old\"\ncolumns = { v = \"new\" }\n",
    ] {
        assert!(toml.contains(part), "{part}: {toml}");
    }
    let planned = results(&scene);
    let of = |place: &str| planned.iter().find(|(known, ..)| known == place).expect("a column").2.clone();
    let expected = [
        ("1 v", json!("old 1")),
        ("1 n", json!("1.00")),
        ("1 =f", json!("=1+1, so")),
        ("1 tags", json!(null)),
        ("1 day", json!("infinity")),
        ("2 v", json!("")),
        ("2 =f", json!("NULL")),
        ("2 n", json!("-0.50")),
        ("2 day", json!(null)),
        ("3 v", json!("new 3")),
        ("3 n", json!("3.00")),
        ("4 tags", json!("{\"x,y\",NULL}")),
        ("4 v", json!("two\nlines; 'quoted'\"")),
        ("4 =f", json!(null)),
        ("5 v", json!("old 5")),
    ];
    for (place, value) in expected {
        assert_eq!(of(place), value, "{place}");
    }
    // What is written again says the same, to this run and to one without decisions.
    assert_eq!(import(&scene, &edited, 0)["changes"], json!([]));
    scene.document(0, &["decide", "--export", "again.csv", "--table", "t"]);
    let again = std::fs::read_to_string(scene.file("again.csv")).expect("a file");
    assert_eq!((import(&scene, &again, 0)["changes"].clone(), scene.text()), (json!([]), toml.clone()));
    std::fs::remove_file(scene.in_run("decisions.toml")).expect("decisions");
    import(&scene, &again, 0);
    assert_eq!(results(&scene), planned, "{again}");
    // A list without the columns says nothing of them; one with empty cells takes them away.
    let line = |rest: &str| format!("{},public.t,id=1,apply_new,{rest}\n", scene.pair.database);
    import(&scene, &format!("database,table,key,resolution,why\n{}", line("asked again")), 0);
    assert!(scene.text().contains("set_null = [\"tags\"]\nfingerprint = \""), "{}", scene.text());
    assert_eq!(results(&scene), planned);
    import(&scene, &format!("database,table,key,resolution,columns\n{}", line("")), 0);
    let fewer = results(&scene);
    assert_eq!(fewer.iter().find(|(place, ..)| place == "1 v").expect("a column").2, json!("new 1"));
}

#[test]
fn a_column_that_is_none_is_told_with_its_line_and_nothing_is_decided() {
    let scene = columns_scene("picks_no_column", "");
    let head = "table,key,resolution,columns,set,set_null\npublic.t,id=1,apply_new,v=old,,\n";
    let cases = [
        ("public.t,id=2,apply_new,vv=old,,", "no column `vv`; did you mean `v`?"),
        ("public.t,id=2,apply_new,,id=3,", "`id` is of the key"),
        ("public.t,id=2,apply_new,,,dayy", "no column `dayy`; did you mean `day`?"),
        ("public.t,id=2,hold,v=old,,", "`columns` goes with apply_new, keep_old, column_merge or coalesce"),
        ("public.t,id=2,,v=old,,", "its `columns` says what columns get, and its `resolution` nothing"),
        ("public.t,id=2,apply_new,v=old,v=x,", "`v` gets a value twice"),
        ("public.t,id=2,apply_new,v=mine,,", "`mine` is no side; use old, new, base or delta"),
        ("public.t,id=2,apply_new,,v=NULL,", "`NULL` is no value; the text is written 'NULL', in quotes"),
    ];
    for (line, cause) in cases {
        let error = import(&scene, &format!("{head}{line}\n"), 2)["error"].clone();
        assert!(error["cause"].to_string().contains(cause), "{line}: {error:#}");
        assert!(error["where"].to_string().contains("rows.csv:3"), "{error:#}");
        assert!(error["next"].to_string().contains("nothing was decided"), "{error:#}");
        for part in ["what", "where", "cause", "state", "next"] {
            assert!(!error[part].is_null(), "{part}: {error:#}");
        }
        assert!(!scene.in_run("decisions.toml").exists(), "{line}");
    }
    std::fs::write(scene.file("rows.csv"), head.replace("set_null", "set_nul")).expect("a file");
    let error = scene.document(2, &["decide", "--import", "rows.csv"])["error"].clone();
    assert!(error["cause"].to_string().contains("unknown column `set_nul`; did you mean `set_null`?"), "{error:#}");
    assert!(error["where"].to_string().contains("rows.csv:1"), "{error:#}");
    // What OLD's type does not take is found by the plan, with the line of decisions.toml.
    import(&scene, "table,key,resolution,set\npublic.t,id=1,apply_new,n=ten\n", 0);
    let error = scene.document(2, &["plan"])["error"].clone();
    assert!(error["where"].to_string().contains("decisions.toml:"), "{error:#}");
}

#[test]
fn a_list_of_thousands_keeps_what_single_columns_get() {
    let both = format!(
        "create table t (id int primary key, v text, w text, {STAMPS});
         insert into t (id, v) select generate_series(1, 1100), 'old'"
    );
    let changed = "update t set v = 'new', w = 'new', updated_at = '2026-01-14 12:00Z'";
    let scene = Scene::made("picks_columns_many", [&both, &format!("{both}; {changed}")], "");
    scene.document(0, &["decide", "--export", "out.csv", "--table", "t"]);
    let text = std::fs::read_to_string(scene.file("out.csv")).expect("a file");
    let decided = text.replace(",update,,,,,", ",update,apply_new,v=old,w='',,");
    let imported = import(&scene, &decided, 0);
    assert_eq!((&imported["section"], &imported["changes"][0]["rows"]), (&json!("decisions.d/picks.csv"), &json!(1100)));
    assert_eq!(import(&scene, &decided, 0)["changes"], json!([]));
    let planned = results(&scene);
    let all = |column: &str, value: &str| {
        planned.iter().filter(|(place, _, result)| place.ends_with(column) && *result == json!(value)).count()
    };
    assert_eq!((all(" v", "old"), all(" w", "")), (1100, 1100));
    let list = scene.in_run("decisions.d").join("picks.csv");
    let edited = std::fs::read_to_string(&list).expect("a list").replacen("v=old", "vv=old", 1);
    std::fs::write(&list, edited).expect("a list");
    let error = scene.document(2, &["plan"])["error"].clone();
    assert!(error["where"].to_string().contains("decisions.d/picks.csv:2"), "{error:#}");
}

#[test]
fn a_text_for_a_masked_column_is_in_no_file() {
    let scene = columns_scene("picks_masked_column", "[mask]\n\"public.t\" = [\"v\"]\n");
    scene.document(0, &["decide", "--table", "public.t", "--row", "id=1", "apply_new", "--set", "v=canary"]);
    scene.document(0, &["decide", "--table", "public.t", "--row", "id=2", "apply_new", "--column", "v=old"]);
    let exported = scene.document(0, &["decide", "--export", "out.csv"]);
    assert_eq!((&exported["rows"], &exported["left_out"]), (&json!(4), &json!(1)));
    let text = std::fs::read_to_string(scene.file("out.csv")).expect("a file");
    assert!(text.contains(",id=2,update,apply_new,v=old,,,,") && !text.contains("canary"), "{text}");
}

#[test]
fn a_masked_key_is_in_no_file() {
    let scene = scene("picks_masked", "[mask]\n\"public.t\" = [\"=k\"]\n");
    let exported = scene.document(0, &["decide", "--export", "out.csv"]);
    assert_eq!((&exported["rows"], &exported["left_out"]), (&json!(0), &json!(6)));
}
