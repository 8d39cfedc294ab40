//! What a DBA has to do with an estate of twelve tables that differ in 5,040 rows, 58 of them in conflict: find them, decide
//! them by two rules and seven picks, have the plan approved by two people, merge, verify, report. What is typed is counted.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::report::{page, tile};
use crate::show::Scene;
use crate::support;
use crate::support::pty::Stage;

const TABLES: [&str; 12] = [
    "invoices",
    "users",
    "orders",
    "payments",
    "shipments",
    "refunds",
    "carts",
    "coupons",
    "reviews",
    "returns",
    "sessions",
    "stock",
];

const APPROVAL: &str = "[approval]\nroles = [\"incident commander\", \"dba\"]\n";

/// What OLD's address is in the documentation: how long it is on the test's servers is chance.
const OLD: &str = "old.db.internal:5432";

/// Both sides at the cutover: a thousand rows a table.
fn estate() -> String {
    let table = |name: &&str| {
        format!(
            "create table shop.{name} (id int primary key, status text, total numeric(10,2), email text, note text,
                 created_at timestamptz not null, updated_at timestamptz not null);
             insert into shop.{name} select n, 'open', n, 'a' || n || '@example.org', null, '2026-01-01Z', '2026-01-01Z'
                 from generate_series(1, 1000) n;"
        )
    };
    format!("create schema shop;{}", TABLES.iter().map(table).collect::<String>())
}

/// What NEW's users wrote: 300 rows of each table, and 120 more.
fn work_of_new() -> String {
    let table = |name: &&str| {
        format!(
            "update shop.{name} set note = 'by NEW', updated_at = '2026-01-14 11:00Z' where id <= 300;
             insert into shop.{name} select n, 'open', n, 'a' || n || '@example.org', null, '2026-01-14 11:00Z',
                 '2026-01-14 11:00Z' from generate_series(1001, 1120) n;"
        )
    };
    let conflicts = "update shop.invoices set status = 'void' where id <= 30;
         update shop.invoices set total = total + 1 where id between 31 and 37;
         update shop.users set email = 'new' || id || '@example.org' where id <= 21;";
    format!("{}{conflicts}", TABLES.iter().map(table).collect::<String>())
}

/// What OLD's users wrote to the same rows since: status of 30 invoices, totals of 7, addresses of 21 users, 5 of them later
/// than NEW's.
const WORK_OF_OLD: &str = "
    update shop.invoices set status = 'paid', updated_at = '2026-01-14 12:00Z' where id <= 30;
    update shop.invoices set total = total + 2, updated_at = '2026-01-14 12:00Z' where id between 31 and 37;
    update shop.users set email = 'old' || id || '@example.org',
        updated_at = case when id <= 5 then '2026-01-14 13:00Z' else '2026-01-14 10:30Z' end::timestamptz where id <= 21;";

/// Who sits at the keyboard.
struct Dba {
    scene: Scene,
    /// OLD's address, as it is confirmed.
    address: String,
    commands: usize,
    characters: usize,
    keys: usize,
    begun: Instant,
}

impl Dba {
    /// Types a line into a shell, as it is, and waits for its end.
    fn types(&mut self, code: i32, line: &str) -> String {
        self.count(line);
        let bin = Path::new(env!("CARGO_BIN_EXE_failback")).parent().expect("a folder").display().to_string();
        let mut shell = Command::new("sh");
        shell.args(["-c", &line.replace(OLD, &self.address)]).env_clear().current_dir(self.scene.home());
        shell.env("PATH", format!("{bin}:/usr/bin:/bin")).env("HOME", self.scene.home());
        let begun = Instant::now();
        let output = shell.output().expect("a shell");
        let _ = writeln!(std::io::stderr(), "{:6.1} s  {line}", begun.elapsed().as_secs_f64());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{line}\n{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    fn count(&mut self, line: &str) {
        self.commands += 1;
        // With the key that ends it.
        self.characters += line.chars().count() + 1;
    }

    /// Picks the rows that no rule decides, on the screen: the next that waits becomes NEW's, so many times.
    fn picks(&mut self, rows: usize) {
        self.count("failback review --why 'the customer was asked'");
        let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
        command.args(["review", "--why", "the customer was asked"]).env_clear().current_dir(self.scene.home());
        command.env("HOME", self.scene.home()).env("TERM", "xterm").env("USER", "ada");
        let mut stage = Stage::start(80, 24, command);
        stage.wait_for(&format!("to decide {rows} of 5,040 rows"));
        let decisions = self.scene.folder().join("decisions.toml");
        let text = || std::fs::read_to_string(&decisions).unwrap_or_default();
        let picked = || text().lines().filter(|line| *line == "[[row]]").count();
        let mut press = |keys: &str| {
            self.keys += keys.chars().count();
            stage.press(keys);
        };
        press("\r");
        stage.wait_for("1 of 420");
        // What the rows have in common is counted beside the screen; what waits is gone to once it is.
        stage.wait_for("420 │");
        for row in 1..=rows {
            press("n");
            // The row that is chosen waits for a decision.
            stage.wait_for("▸●");
            press("3");
            let begun = Instant::now();
            while picked() < row {
                assert!(begun.elapsed() < Duration::from_mins(1), "row {row} is not decided");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        press("q");
        assert_eq!(stage.end(), Some(0));
        assert_eq!(picked(), rows);
    }
}

fn number(scene: &Scene, query: &str) -> u64 {
    support::value(&scene.pair.old, query).and_then(|text| text.parse().ok()).expect("a number")
}

#[test]
fn fifty_eight_conflicts_of_5040_rows_are_found_decided_approved_merged_and_reported() {
    let pair = support::pair("tasks");
    for url in [&pair.old, &pair.new] {
        support::sql(url, &estate());
    }
    support::sql(&pair.new, &work_of_new());
    support::sql(&pair.old, WORK_OF_OLD);
    let address = support::address(&pair.old);
    let scene = Scene::of(pair, APPROVAL);
    assert_eq!(scene.run(&["export"]).code, 0);
    let mut dba = Dba { scene, address, commands: 0, characters: 0, keys: 0, begun: Instant::now() };

    // Find them.
    let compared = dba.types(0, "failback diff");
    assert!(compared.contains("58 rows in 2 tables: update_origin_differs"), "{compared}");
    let found = dba.types(0, "failback show --class conflict");
    assert!(found.contains("in all") && found.contains("58") && found.contains("37") && found.contains("21"), "{found}");

    // Decide 51 of them by two rules, each looked at before it is written.
    dba.types(0, "failback show shop.invoices --class conflict --changed status");
    let rehearsed = dba.types(0, "failback decide --table shop.invoices --changed status conflict=keep_old --expect --dry-run");
    assert!(rehearsed.contains("30 rows"), "{rehearsed}");
    dba.types(
        0,
        "failback decide --table shop.invoices --changed status conflict=keep_old --expect --why 'finance has booked them'",
    );
    dba.types(0, "failback show shop.users --class conflict");
    dba.types(
        0,
        "failback decide --table shop.users --changed email update_origin_differs=last_update_wins --expect \
         --why 'the later address counts'",
    );
    // And 7 by row.
    dba.picks(7);

    // Two people approve the plan, and it is carried out.
    let plan = dba.types(0, "failback plan");
    assert!(!plan.contains("rows held"), "{plan}");
    dba.types(4, "failback approve --as 'incident commander' --by ada");
    dba.types(0, "failback approve --as dba --by bob");
    dba.types(0, &format!("failback merge --confirm {OLD}"));
    dba.types(9, "failback verify");
    dba.types(0, "failback report");
    let seconds = dba.begun.elapsed().as_secs_f64();

    // It came to what was decided.
    let scene = &dba.scene;
    assert_eq!(number(scene, "select count(*) from shop.invoices where status = 'paid' and note is null"), 30);
    assert_eq!(number(scene, "select count(*) from shop.invoices where id between 31 and 37 and total = id + 1"), 7);
    assert_eq!(number(scene, "select count(*) from shop.users where email like 'old%'"), 5);
    assert_eq!(number(scene, "select count(*) from shop.users where email like 'new%'"), 16);
    let brought = |name: &&str| {
        let query = format!("select count(*) from shop.{name} where note = 'by NEW' or id > 1000");
        number(scene, &query)
    };
    assert_eq!(TABLES.iter().map(brought).sum::<u64>(), 5_005);
    let text = page(scene);
    let tiles = ["rows differ", "conflicts", "wait for a decision", "applied"].map(|name| tile(&text, name));
    assert_eq!(tiles, [5_040, 58, 0, 5_005]);
    assert!(text.contains("is approved by 2 of 2 people."));
    let decided: Value = serde_json::from_str(&scene.run(&["decide", "--json"]).stdout).expect("JSON");
    let rules: Vec<_> = decided["rules"].as_array().expect("rules").iter().map(|rule| rule["decides"].as_u64()).collect();
    assert_eq!(rules, [Some(30), Some(21)]);

    let Dba { commands, characters, keys, .. } = dba;
    let typed = format!("{commands} commands, {characters} characters and {keys} keys");
    let _ = writeln!(std::io::stderr(), "the DBA's tasks: {typed}, {seconds:.1} s");
    expect_documented(&typed);
    expect_documented(&at_the_keyboard(characters + keys));
    let (typed, characters) = ace();
    expect_documented(&typed);
    expect_documented(&at_the_keyboard(characters));
}

/// Whether the documentation has the figures that were counted.
fn expect_documented(said: &str) {
    let documented = include_str!("../../docs/review.md");
    assert!(documented.contains(said), "docs/review.md lacks: {said}");
}

/// How long it takes to type so much at five keys a second, which is an assumption and no measurement.
fn at_the_keyboard(keys: usize) -> String {
    format!("{} s", keys.div_ceil(5))
}

/// What is to be typed for the same with ACE, by its documentation: a comparison of each table, a repair file, and a repair of
/// each.
fn ace() -> (String, usize) {
    let diff = |table: &&str| format!("./ace table-diff shop shop.{table} -o html\n");
    let repair = |table: &&str| {
        let files = format!("--diff-file=shop_{table}_diffs-20261122120353.json --repair-file=repair.yaml");
        format!("./ace table-repair shop shop.{table} {files}\n")
    };
    let all = |line: &dyn Fn(&&str) -> String| TABLES.iter().map(line).collect::<String>();
    let typed = [all(&diff), REPAIR_FILE.to_owned(), all(&repair)];
    let characters: usize = typed.iter().map(|text| text.chars().count()).sum();
    (format!("{} commands, {characters} characters", TABLES.len() * 2), characters)
}

/// As its documentation of repair files says; who wrote a row is told by both sides' stamps, of which its report says nothing.
const REPAIR_FILE: &str = "version: 1
default_action:
  type: keep_n2
tables:
  shop.invoices:
    rules:
      - name: paid
        columns_changed: [status]
        when: \"n1.updated_at > '2026-01-14T10:00:00Z' AND n2.updated_at > '2026-01-14T10:00:00Z'\"
        action:
          type: keep_n1
    row_overrides:
      - pk: { id: 31 }
        action: { type: keep_n2 }
      - pk: { id: 32 }
        action: { type: keep_n2 }
      - pk: { id: 33 }
        action: { type: keep_n2 }
      - pk: { id: 34 }
        action: { type: keep_n2 }
      - pk: { id: 35 }
        action: { type: keep_n2 }
      - pk: { id: 36 }
        action: { type: keep_n2 }
      - pk: { id: 37 }
        action: { type: keep_n2 }
  shop.users:
    rules:
      - name: later
        columns_changed: [email]
        action:
          type: custom
          helpers:
            pick_freshest: { key: updated_at, tie: n1 }
";
