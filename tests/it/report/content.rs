//! What the page says, and what is in none of it.

use std::fs;

use base64::Engine as _;
use failback::config::{Mask, Quorum};
use failback::engine::{Caps, account};
use failback::report::page as page_of;
use failback::store::LocalStore;
use sha2::{Digest as _, Sha256};

use super::{data, json, page, rows};
use crate::show::Scene;
use crate::support;

const MASK: &str = "[mask]\n\"app.*\" = [\"email\"]\n";

#[test]
fn a_masked_value_is_in_none_of_it_and_a_value_that_is_not_is() {
    let masked = Scene::new("report_masked", MASK);
    let text = page(&masked);
    assert!(!text.contains("canary"), "the mask of failback.toml");
    assert!(text.contains("old name") && text.contains("production rows"));
    let bare = Scene::new("report_bare", "");
    assert!(page(&bare).contains("canary7f3a@example.org"), "the test would see it");
    let out = |name: &str| fs::read_to_string(bare.home().join(name)).expect("a page");
    for (name, redacted) in [("a.html", "app.*.email"), ("b.html", "*.*.em*"), ("c.html", "email")] {
        json(&bare, 0, &["report", "--redact", redacted, "--out", name]);
        assert!(!out(name).contains("canary") && out(name).contains("old name"), "{redacted}");
        assert!(out(name).contains(&format!("\"masked_by\":\"--redact {redacted}\"")), "{redacted}");
    }
    assert!(page(&bare).contains("canary"), "the run's own page is as it was");
    let typo = bare.run(&["report", "--redact", "app.people.emial", "--out", "typo.html"]);
    assert!(typo.stderr.contains("\"emial\" matches no column; did you mean `email`?"), "{}", typo.stderr);
    json(&bare, 0, &["report", "--no-values", "--out", "none.html"]);
    let none = out("none.html");
    assert!(!none.contains("canary") && !none.contains("old name") && !none.contains("12.50"), "no value");
    assert!(rows(&none).iter().any(|row| row["k"][0] == "3" && row.get("v").is_none()), "keys stay");
}

#[test]
fn rows_are_those_that_show_shows() {
    let scene = Scene::new("report_rows", MASK);
    let text = page(&scene);
    let row = rows(&text).into_iter().find(|row| row["k"][0] == "3").expect("the row");
    assert_eq!((&row["c"], &row["a"]), (&"update_origin_differs".into(), &"hold".into()));
    let about = data(&text, "about");
    let columns = about["tables"][0]["columns"].as_array().expect("columns");
    let place = |name: &str| columns.iter().position(|column| column["name"] == name).expect("a column");
    assert_eq!(row["v"][place("paid")], serde_json::json!(["12.50", "-1.10", "12.50"]));
    assert_eq!(row["v"][place("name")], serde_json::json!(["old name", "E'new\\nname \\u202E'", "old name"]));
    assert_eq!(row["v"][place("note")], serde_json::json!([null, "''", null]), "NULL is not empty");
    assert_eq!(row["v"][place("tags")], "{a,b}", "one for all where they are alike");
    let by = columns[place("email")]["masked_by"].as_str().expect("what hides it");
    assert!(by.starts_with("[mask] \"app.*\" = \"email\" (failback.toml:"), "{by}");
    assert_eq!(columns[place("name")]["masked_by"], serde_json::Value::Null);
}

#[test]
fn the_page_asks_for_nothing_and_runs_its_own_script_alone() {
    let scene = Scene::new("report_policy", "");
    let text = page(&scene);
    let between = |head: &str, tail: &str| {
        let (_, rest) = text.split_once(head).unwrap_or_else(|| panic!("no {head}"));
        rest.split_once(tail).expect("an end").0.to_owned()
    };
    let policy = between("http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    let digest = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
    let (style, script) = (between("<style>", "</style>"), between("<script>", "</script>"));
    assert_eq!(
        policy,
        format!(
            "default-src &#39;none&#39;; script-src &#39;sha256-{}&#39;; style-src &#39;sha256-{}&#39;; \
             base-uri &#39;none&#39;; form-action &#39;none&#39;",
            digest(&script),
            digest(&style)
        )
    );
    let addresses = ["http://", "https://", "src=", "<link", "<iframe", "<img", "@import", "url(", "fetch("];
    for foreign in addresses.into_iter().chain([" style=\"", " onclick"]) {
        assert!(!text.contains(foreign), "{foreign}");
    }
    assert_eq!(text.matches("<script>").count(), 1);
    assert!(!script.contains("innerHTML") && !script.contains("eval("), "texts are texts");
}

#[test]
fn hostile_names_and_values_are_texts() {
    let pair = support::pair("report_hostile");
    let table =
        "create table \"</script><b>\u{202e}\" (id text primary key, \"a<i>\" text, updated_at timestamptz default now())";
    for url in [&pair.old, &pair.new] {
        support::sql(url, table);
    }
    support::sql(
        &pair.new,
        "insert into \"</script><b>\u{202e}\" values (E'</script><script>alert(1)</script>\u{202e}\\x1b', '<img src=x>')",
    );
    let scene = Scene::of(pair, "").planned();
    let text = page(&scene);
    assert!(!text.contains(['\u{202e}', '\u{1b}']));
    assert!(!text.contains("<img") && !text.contains("<b>") && !text.contains("alert(1)</script>"), "markup");
    let row = rows(&text).pop().expect("a row");
    assert_eq!(row["k"][0], "E'</script><script>alert(1)</script>\\u202E\\u001B'");
    assert_eq!(row["r"][0], "</script><script>alert(1)</script>\u{202e}\u{1b}", "a decision names the key as it is");
}

#[test]
fn what_is_left_out_is_said_with_where_it_is() {
    let scene = Scene::new("report_caps", "");
    let store = LocalStore::open(&scene.folder()).expect("a run");
    let of = |caps: Caps| account(&store, &Mask::default(), &Quorum::default(), caps).expect("an account");
    let whole = of(Caps::default());
    let differing = whole.taken().rows;
    assert_eq!((whole.taken().left_out, differing > 6), (0, true));
    let few = of(Caps { rows: 2, ..Caps::default() });
    let text = page_of(&few);
    assert_eq!(few.taken().rows + few.taken().left_out, differing);
    let people = few.tables.iter().find(|table| table.table == "app.people").expect("the table");
    assert_eq!(people.rows.rows, 2);
    assert!(text.contains("app.people: 2 of 7 rows here; all in "), "where the rest is");
    assert!(text.contains("failback show app.people --limit all"));
    let classes: Vec<_> = rows(&text).iter().map(|row| row["c"].as_str().expect("a class").to_owned()).collect();
    assert!(classes.contains(&"update_origin_differs".to_owned()), "what waits comes first: {classes:?}");
    let small = of(Caps { bytes: 1_000, ..Caps::default() });
    let size: usize = small.tables.iter().map(|table| table.rows.json.len()).sum();
    assert!(size <= 1_010 && small.taken().left_out > 0, "{size}");
    assert_eq!(small.counts, whole.counts, "caps are about rows alone");
}

#[test]
fn a_run_without_a_diff_has_no_page() {
    let scene = Scene::of(support::pair("report_early"), "");
    let output = scene.run(&["export"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let output = scene.run(&["report"]);
    assert_eq!(output.code, 4, "{}", output.stderr);
    assert!(output.stderr.contains("run `failback diff` first"), "{}", output.stderr);
}
