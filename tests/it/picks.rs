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
    assert!(text.starts_with("database,table,key,class,resolution,why,by,at\r\n"), "{text}");
    assert!(text.contains(",\"\"\"=k\"\"='b,id=9',id=4\",update,,,,\r\n"), "{text}");
    assert_eq!(scene.document(4, &["decide", "--export", "out.csv"])["error"]["kind"], "refused", "there is one");
    // As a person fills it in, and as a spreadsheet of another country writes it.
    let decided = text.replace(",update,,,,", ",update,keep_old,'=asked,,").replacen("keep_old", "", 1);
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
    assert_eq!(again.matches(",update,keep_old,'=asked,ada,").count(), 4, "{again}");
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

#[test]
fn a_masked_key_is_in_no_file() {
    let scene = scene("picks_masked", "[mask]\n\"public.t\" = [\"=k\"]\n");
    let exported = scene.document(0, &["decide", "--export", "out.csv"]);
    assert_eq!((&exported["rows"], &exported["left_out"]), (&json!(0), &json!(6)));
}
