//! `failback review` on a terminal: a whole walk, and how it ends.

use std::process::Command;

use failback::config::Config;
use failback::delta::Class;
use failback::engine::{Filter, Review, ShownRow, Window};
use failback::policy::{Glob, Selector};
use failback::store::LocalStore;

use crate::show::Scene;
use crate::support::pty::Stage;

const MASK: &str = "[mask]\n\"app.*\" = [\"email\"]\n";

/// The program in the folder of a scene, which holds nothing of the developer's.
fn review(scene: &Scene, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.arg("review").args(arguments).env_clear().current_dir(scene.home.path());
    command.env("HOME", scene.home.path()).env("TERM", "xterm").env("USER", "ada");
    command
}

#[test]
fn a_walk_from_the_tables_to_a_value_and_back() {
    let scene = Scene::new("review_walk", MASK);
    let mut stage = Stage::start(80, 24, review(&scene, &[]));
    let tables = stage.wait_for("app.people");
    assert!(tables.contains("to decide 3 of 8 rows"), "{tables}");
    stage.press("\r");
    let rows = stage.wait_for("1 of 7");
    assert!(rows.contains("old name") && !rows.contains("canary"), "{rows}");
    stage.press("\r");
    let row = stage.wait_for("RESULT");
    assert!(row.contains("(masked)") && row.contains("\\u202E") && !row.contains("canary"), "{row}");
    stage.press("?");
    stage.wait_for("these keys");
    stage.press("q");
    stage.wait_for("RESULT");
    stage.press("hn");
    let next = stage.wait_for("delete: hold (builtin)");
    assert!(next.contains("▸● delete"), "{next}");
    stage.press("q");
    assert_eq!(stage.end(), Some(0));
    assert!(!stage.is_taken() && stage.is_as_it_was(), "{}", stage.text());
    assert!(!stage.written().contains("canary"), "a masked value went to the terminal");
}

/// What was decided on the screen is what `decide` would have written, and the plan goes by it.
#[test]
fn decisions_are_written_at_once_and_taken_back() {
    let scene = Scene::new("review_decides", MASK);
    let file = scene.plan().with_file_name("decisions.toml");
    let written = || std::fs::read_to_string(&file).unwrap_or_default();
    std::fs::write(&file, "# what we agreed on\n").expect("decisions");
    let mut stage = Stage::start(100, 30, review(&scene, &["--why", "asked"]));
    stage.wait_for("app.people");
    stage.press("\r");
    stage.wait_for("1 of 7");
    stage.press("2");
    stage.wait_for("written: ");
    let once = written();
    assert!(once.contains("# what we agreed on") && once.contains("key = { id = \"3\" }"), "{once}");
    for part in ["resolution = \"keep_old\"", "why = \"asked\"", "by = \"ada\"", "at = \"20"] {
        assert!(once.contains(part), "{part}: {once}");
    }
    stage.press("2");
    stage.wait_for("already keep_old");
    assert_eq!(written(), once, "a key that is pressed twice decides once");
    stage.press("u");
    stage.wait_for("undone");
    assert_eq!(written(), "# what we agreed on\n");
    stage.press("U");
    stage.wait_for("decided again");
    assert_eq!(written(), once);
    stage.press("/");
    stage.wait_for("filter:");
    stage.press("class=update changed=note");
    stage.wait_for("means 4 rows");
    stage.press("\r");
    stage.wait_for("1 of 4");
    stage.press("A");
    stage.wait_for("4 rows: 2 keep_old");
    stage.press("s");
    let asked = stage.wait_for("It means 4 rows");
    assert!(asked.contains("id 4"), "{asked}");
    stage.press("\r");
    stage.wait_for("nothing is written");
    assert_eq!(written(), once);
    stage.press("A");
    stage.wait_for("4 rows: 2 keep_old");
    stage.press("s");
    stage.wait_for("It means 4 rows");
    stage.press("y");
    stage.wait_for("written: rule for 4 rows");
    let both = written();
    assert!(both.contains("[[rule]]") && both.contains("expect = 4") && both.contains("changed = \"note\""), "{both}");
    let second = Stage::start(80, 24, review(&scene, &[]));
    second.wait_for("read-only: process");
    second.press("\r");
    second.wait_for("update_origin_differs: keep_old");
    second.press("3");
    second.press("q");
    std::fs::write(&file, format!("{both}# by hand\n")).expect("decisions");
    stage.press("u");
    stage.wait_for("written by others");
    stage.press("q");
    assert_eq!(stage.end(), Some(0));
    assert_eq!(written(), format!("{both}# by hand\n"));
    let planned: serde_json::Value = serde_json::from_str(&scene.run(&["plan", "--json"]).stdout).expect("JSON");
    let shown: serde_json::Value = serde_json::from_str(&scene.run(&["show", "people", "--json"]).stdout).expect("JSON");
    let actions: Vec<_> =
        shown["rows"].as_array().expect("rows").iter().map(|row| (&row["key"]["id"], &row["action"])).collect();
    assert!(planned["digest"].is_string(), "{planned}");
    for (key, action) in [("3", "keep_old"), ("4", "hold"), ("7", "hold"), ("31", "insert")] {
        assert!(actions.contains(&(&key.into(), &action.into())), "{key} {action}: {actions:?}");
    }
}

#[test]
fn the_terminal_is_given_back_whatever_ends_the_review() {
    let scene = Scene::new("review_ends", "");
    for (how, code) in [("\u{3}", 0), ("TERM", 130), ("INT", 130)] {
        let mut stage = Stage::start(80, 24, review(&scene, &[]));
        stage.wait_for("app.people");
        assert!(stage.is_taken());
        if how == "\u{3}" {
            stage.press(how);
        } else {
            let process = stage.child.id().to_string();
            assert!(Command::new("kill").args(["-s", how, &process]).status().expect("kill").success());
        }
        assert_eq!(stage.end(), Some(code), "{how}");
        assert!(!stage.is_taken() && stage.is_as_it_was(), "{how}: {}", stage.text());
    }
}

#[test]
fn without_a_terminal_it_says_what_does_without() {
    let scene = Scene::new("review_pipe", "");
    let output = scene.run(&["review"]);
    assert_eq!(output.code, 2);
    assert!(output.stderr.contains("failback show") && output.stderr.contains("failback decide"), "{}", output.stderr);
    assert_eq!(scene.run(&["review", "--json"]).code, 2);
}

/// A table that is held open has the rows that are read over in order, whichever of them are asked for, and counts them alike.
#[test]
fn any_row_is_the_one_that_stands_there() {
    let scene = Scene::new("review_windows", MASK);
    let run = scene.plan();
    let store = LocalStore::open(run.parent().expect("a folder")).expect("a run");
    let config = std::fs::read_to_string(scene.home.path().join("failback.toml")).expect("a configuration");
    let config = Config::parse(&config, "failback.toml").expect("a configuration");
    let review = Review::open(&store, config.mask()).expect("a review");
    let all = Window { offset: 0, limit: None };
    let json = |row: &ShownRow| serde_json::to_value(row).expect("JSON");
    let mut tables = 0;
    for counted in review.counts(&Filter::default()).expect("counts") {
        tables += 1;
        let of = |filter: Filter| {
            let tables = vec![Glob::new(&counted.table)];
            Filter { selector: Selector { tables, ..filter.selector }, ..filter }
        };
        let mut rows = Vec::new();
        let keep = |rows: &mut Vec<_>, filter: Filter| {
            let found = review.rows(&of(filter), all, &mut |row| {
                rows.push(json(&row));
                Ok(())
            });
            found.expect("rows")
        };
        keep(&mut rows, Filter::default());
        let table = review.open_table(&counted.database, &counted.table).expect("a table");
        assert_eq!(table.rows(), rows.len() as u64);
        for places in [0..rows.len(), rows.len() - 1..rows.len(), 0..1, rows.len() / 2..rows.len()] {
            let positions: Vec<_> = places.clone().map(|place| place as u64).collect();
            let read: Vec<_> = table.read(&positions).expect("rows").iter().map(|seen| json(&seen.row)).collect();
            assert_eq!(read, rows[places]);
            assert!(table.is_at_hand(&positions));
        }
        let kinds = table.kinds(&mut |_| true).expect("kinds").expect("all of them");
        assert!(table.kinds(&mut |_| false).expect("no kinds").is_none());
        for class in Class::ALL {
            let selector = Selector { classes: vec![*class], ..Selector::default() };
            for held in [false, true] {
                let filter = Filter { selector: selector.clone(), held, ..Filter::default() };
                let mut expected = Vec::new();
                let found = keep(&mut expected, filter.clone());
                let chosen = kinds.choose(|kind| kind.is_asked(&filter));
                let positions: Vec<_> = (0..chosen.rows()).filter_map(|place| kinds.find(&chosen, place)).collect();
                let read: Vec<_> = table.read(&positions).expect("rows").iter().map(|seen| json(&seen.row)).collect();
                assert_eq!((chosen.rows(), read), (found, expected), "{class} {held}");
            }
        }
    }
    assert_eq!(tables, 2);
}
