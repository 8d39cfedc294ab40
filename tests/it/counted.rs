//! Every view of a run counts its rows alike: `diff --json`, what `diff`, `show` and `decide` print, the screen of `review`,
//! the page, and the files as DuckDB, pyarrow and pandas read them.

use std::collections::BTreeMap;
use std::process::Command;

use failback::delta::Class;
use failback::words::Word as _;
use serde_json::Value;

use crate::readable::look;
use crate::recovery::play;
use crate::report::{grid, page, tile};
use crate::show::Scene;
use crate::support;
use crate::support::pty::Stage;

/// Rows by table and class.
type Counted = BTreeMap<(String, String), u64>;

/// Reads a number as people see it.
fn number(text: &str) -> Option<u64> {
    text.replace(',', "").parse().ok()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn json(scene: &Scene, arguments: &[&str]) -> Value {
    let output = scene.run(&[arguments, &["--json", "-q"]].concat());
    assert_eq!(output.code, 0, "{arguments:?}: {}{}", output.stdout, output.stderr);
    serde_json::from_str(&output.stdout).expect("one JSON document")
}

fn is_settled(class: &str) -> bool {
    Class::read(class).expect("a class").is_settled()
}

/// What a report counts by table; what stands in no file is left out.
fn by_table(report: &Value) -> Counted {
    let mut found = Counted::new();
    for table in report["tables"].as_array().expect("tables") {
        for (class, rows) in table["counts"].as_object().expect("counts") {
            found.insert((text(&table["table"]), class.clone()), rows.as_u64().expect("a number"));
        }
    }
    found.retain(|(_, class), _| !is_settled(class));
    found
}

/// What a table on a terminal counts: its cells are a database, a table, a class and a number.
fn on_a_terminal(scene: &Scene, arguments: &[&str]) -> Counted {
    let mut found = Counted::new();
    for line in scene.run(arguments).stdout.lines() {
        // A table's name may have a blank in it.
        let cells: Vec<_> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        if let [_, table, class, rows] = cells[..]
            && let (Ok(_), Some(rows)) = (Class::read(class), number(rows))
        {
            found.insert((table.to_owned(), class.to_owned()), rows);
        }
    }
    found.retain(|(_, class), _| !is_settled(class));
    found
}

/// What a list of database, table, class and rows counts.
fn listed(list: &Value) -> Counted {
    let rows = list.as_array().expect("a list").iter();
    rows.map(|row| ((text(&row[1]), text(&row[2])), row[3].as_u64().expect("a number"))).collect()
}

/// What the first screen of `review` counts: inserts, updates, deletes, conflicts, others, and rows to decide, by table.
fn on_the_screen(scene: &Scene, tables: usize) -> (BTreeMap<String, [u64; 6]>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(["review", "--read-only"]).env_clear().current_dir(scene.home());
    command.env("HOME", scene.home()).env("TERM", "xterm");
    let mut stage = Stage::start(120, 40, command);
    stage.wait_for(&format!("{tables} of {tables} tables"));
    // What waits is counted beside the screen.
    while stage.text().contains('…') {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let shown = stage.text();
    stage.press("q");
    assert_eq!(stage.end(), Some(0));
    let mut found = BTreeMap::new();
    for line in shown.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let numbers: Vec<_> = words.iter().rev().map_while(|word| number(word)).take(6).collect();
        if let [waiting, other, conflict, delete, update, insert] = numbers[..] {
            let name = words[1..words.len() - 6].join(" ");
            found.insert(name, [insert, update, delete, conflict, other, waiting]);
        }
    }
    (found, shown)
}

/// The same of a report by table.
fn as_on_the_screen(counted: &Counted, waiting: &BTreeMap<String, u64>) -> BTreeMap<String, [u64; 6]> {
    let mut found = BTreeMap::new();
    for ((table, class), rows) in counted {
        let class = Class::read(class).expect("a class");
        let place = match class {
            Class::Insert => 0,
            Class::Update => 1,
            Class::Delete => 2,
            _ if class.is_conflict() => 3,
            _ => 4,
        };
        let line: &mut [u64; 6] = found.entry(table.clone()).or_default();
        line[place] += rows;
        line[5] = waiting.get(table).copied().unwrap_or(0);
    }
    found
}

/// How many rows of each table are held by the decisions alone.
fn waiting(decided: &Value) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for one in decided["resolutions"].as_array().expect("resolutions").iter().filter(|one| one["resolution"] == "hold") {
        *found.entry(text(&one["table"])).or_insert(0) += one["rows"].as_u64().expect("a number");
    }
    found
}

/// The numbers of a table of the page by the first cell of each line; the last cell has the number.
fn of_page(page: &str, id: &str) -> BTreeMap<String, u64> {
    let of = |line: &Vec<String>| (line[0].clone(), number(line.last().expect("cells")).expect("a number"));
    grid(page, id).iter().map(of).collect()
}

/// How many rows of each table differ, and how many of them wait, as the page's table of tables says.
fn tables_of_page(page: &str) -> BTreeMap<String, [u64; 2]> {
    let names = page.split(" data-table=\"").skip(1).filter_map(|rest| rest.split_once('>')?.1.split_once('<'));
    let lines = grid(page, "tables-table").into_iter().map(|line| [1, 2].map(|cell| number(&line[cell]).expect("a number")));
    names.map(|(name, _)| name.to_owned()).zip(lines).collect()
}

#[test]
fn every_view_has_its_numbers_from_one_tally() {
    let pair = support::pair("counted");
    play(&pair, "chain_db", "2026-01-14T10:00:00Z".parse().expect("an instant"));
    let scene = Scene::of(pair, "");
    json(&scene, &["export"]);
    let diff = json(&scene, &["diff"]);
    let counted = by_table(&diff);
    let rows: u64 = counted.values().sum();
    assert!(counted.len() > 9 && rows > 100, "{counted:#?}");

    // The terminal.
    assert_eq!(on_a_terminal(&scene, &["diff"]), counted, "diff");
    assert_eq!(on_a_terminal(&scene, &["show"]), counted, "show");
    assert_eq!(by_table(&json(&scene, &["show"])), counted, "show --json");
    let decided = json(&scene, &["decide"]);
    let waiting = waiting(&decided);
    let waits = decided["waiting"].as_array().expect("classes").iter().map(|one| one["rows"].as_u64().expect("a number"));
    assert_eq!(waits.sum::<u64>(), waiting.values().sum::<u64>());
    let expected = as_on_the_screen(&counted, &waiting);
    let (seen, shown) = on_the_screen(&scene, expected.len());
    assert_eq!(seen, expected, "{shown}");

    // The page.
    let compared = page(&scene);
    assert_eq!((tile(&compared, "rows differ"), tile(&compared, "wait for a decision")), (rows, waiting.values().sum()));
    let all = diff["counts"].as_object().expect("counts").iter();
    let all: BTreeMap<_, _> = all.map(|(class, rows)| (class.clone(), rows.as_u64().expect("a number"))).collect();
    assert_eq!(of_page(&compared, "classes"), all);
    let lines = expected.iter().map(|(table, line)| (table.clone(), [line[..5].iter().sum(), line[5]]));
    assert_eq!(tables_of_page(&compared), lines.collect::<BTreeMap<_, _>>());

    // The files.
    let run = scene.folder().display().to_string();
    let read = look(&["counts", &run]);
    for reader in ["duckdb", "pyarrow", "pandas"] {
        assert_eq!(listed(&read[reader]), counted, "{reader}");
    }
    assert_eq!(read["listed"], read["of_views"], "a view has the rows of its table");
    assert_eq!(read["actions"], serde_json::json!([[null, rows]]), "nothing is planned yet");

    // What is to be done with them.
    let plan = json(&scene, &["plan"]);
    let actions: BTreeMap<_, _> = plan["actions"]
        .as_object()
        .expect("actions")
        .iter()
        .map(|(action, rows)| (action.clone(), rows.as_u64().unwrap()))
        .collect();
    let read = look(&["counts", &run]);
    let viewed = read["actions"].as_array().expect("actions").iter();
    assert_eq!(viewed.map(|one| (text(&one[0]), one[1].as_u64().unwrap())).collect::<BTreeMap<_, _>>(), actions);
    let planned = page(&scene);
    assert_eq!(of_page(&planned, "actions"), actions);
    assert_eq!(Some(tile(&planned, "wait for a decision")), plan["held"].as_u64());
    let held = json(&scene, &["show", "*", "--held", "--limit", "1"]);
    assert_eq!(
        (held["found"].as_u64(), json(&scene, &["status"])["actions"]["hold"].as_u64()),
        (plan["held"].as_u64(), plan["held"].as_u64())
    );

    // A plan's rows are those of the diff by their keys, as they are by their places.
    let (by_place, by_key) = (read["beside"].as_array().expect("rows"), read["joined"].as_array().expect("rows"));
    assert!(by_key.len() > 9 && by_key.iter().all(|row| by_place.contains(row)), "{by_key:#?}\n{by_place:#?}");
    let keyed: Vec<_> = by_key.iter().map(|row| &row[0]).collect();
    assert_eq!(by_place.iter().filter(|row| keyed.contains(&&row[0])).count(), by_key.len());

    // A key stands by its name, and an instant has its zone.
    let types = &read["types"][format!("{}.public.tokens", scene.pair.database)];
    let of = |name: &str| types.as_array().expect("columns").iter().find(|one| one[0] == name).map(|one| text(&one[1]));
    let types = [of("id"), of("fb_written_new")].map(|of| of.expect("a column"));
    assert_eq!(types, ["INTEGER", "TIMESTAMP WITH TIME ZONE"]);
}
