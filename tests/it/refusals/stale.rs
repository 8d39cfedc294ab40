//! What changed behind our back: staged files, the plan, decisions, OLD's rows and tables.

use std::path::Path;

use super::{Scene, expect_untouched};
use crate::recovery::fingerprint;
use crate::support;

fn flip_a_byte(path: &Path) {
    let mut bytes = std::fs::read(path).expect("a file of the run");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("a file of the run");
}

#[test]
fn a_damaged_or_missing_stage_stops_the_diff() {
    let scene = Scene::new("r_stage");
    scene.succeed(&["export"]);
    let staged = scene.files("/stage/", ".parquet").remove(0);
    let whole = std::fs::read(&staged).expect("a staged file");
    flip_a_byte(&staged);
    let output = scene.refuse(7, &["diff"]);
    assert!(output.stderr.contains(".parquet"), "the file is named: {}", output.stderr);
    std::fs::write(&staged, &whole[..whole.len() - 1]).expect("a staged file");
    scene.refuse(7, &["diff"]);
    std::fs::remove_file(&staged).expect("a staged file");
    scene.refuse(7, &["diff"]);
    std::fs::write(&staged, whole).expect("a staged file");
    scene.succeed(&["diff"]);
}

#[test]
fn a_damaged_or_missing_diff_stops_the_merge() {
    let scene = Scene::planned("r_diff");
    for folder in ["/diff/", "/plan/"] {
        for path in scene.files(folder, ".parquet") {
            let whole = std::fs::read(&path).expect("a file of the diff");
            flip_a_byte(&path);
            scene.refuse_merge(7);
            std::fs::remove_file(&path).expect("a file of the diff");
            scene.refuse_merge(7);
            std::fs::write(&path, whole).expect("a file of the diff");
        }
    }
    scene.expect_merge();
}

#[test]
fn a_damaged_or_missing_file_stops_the_plan_the_verification_and_the_undo() {
    let scene = Scene::new("r_files");
    scene.succeed(&["export"]);
    scene.succeed(&["diff"]);
    let damaged = |path: &Path, arguments: &[&[&str]]| {
        let whole = std::fs::read(path).expect("a file of the run");
        for gone in [false, true] {
            flip_a_byte(path);
            if gone {
                std::fs::remove_file(path).expect("a file of the run");
            }
            for arguments in arguments {
                let output = scene.refuse(7, arguments);
                assert!(output.stderr.contains(".parquet"), "the file is named: {}", output.stderr);
            }
            std::fs::write(path, &whole).expect("a file of the run");
        }
    };
    for path in scene.files("/diff/", ".parquet") {
        damaged(&path, &[&["plan"]]);
    }
    scene.succeed(&["plan"]);
    scene.expect_merge();
    for folder in ["/diff/", "/plan/"] {
        for path in scene.files(folder, ".parquet") {
            damaged(&path, &[&["verify"], &["undo", "--confirm", &scene.confirm]]);
        }
    }
    scene.expect_verified();
    scene.succeed(&["undo", "--confirm", &scene.confirm]);
}

/// Indexes are read by what only writes down a decision too, and by an export into a folder that is there.
#[test]
fn a_flipped_bit_of_an_index_stops_what_reads_no_server_too() {
    let scene = Scene::planned("r_bits");
    let cases: [(&str, &[&[&str]]); 3] = [
        ("manifest.json", &[&["decide"], &["decide", "--table", "public.items", "delete=hold"]]),
        ("diff.json", &[&["decide"], &["decide", "delete=hold"]]),
        ("run.json", &[&["export"]]),
    ];
    let mut dice = support::Dice::seeded(7);
    for (name, verbs) in cases {
        let path = scene.run().join(name);
        let whole = std::fs::read(&path).expect("an index");
        for verb in verbs {
            for _ in 0..10 {
                let (at, bit) = (dice.below(whole.len()), dice.below(8));
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                std::fs::write(&path, bytes).expect("an index");
                let output = scene.failback(verb);
                assert_eq!(output.code, 7, "{verb:?}: bit {bit} of byte {at} of {name}: {output:?}");
                expect_untouched(&output);
            }
        }
        std::fs::write(&path, whole).expect("an index");
    }
    assert!(!scene.run().join("decisions.toml").exists(), "nothing was decided");
    scene.expect_merge();
}

#[test]
fn a_plan_that_was_edited_is_refused() {
    let scene = Scene::planned("r_plan");
    let path = scene.run().join("plan.json");
    let whole = std::fs::read_to_string(&path).expect("a plan");
    let edited = whole.replacen("\"insert\"", "\"delete\"", 1);
    assert_ne!(edited, whole);
    std::fs::write(&path, edited).expect("a plan");
    let output = scene.refuse_merge(7);
    assert!(output.stderr.contains("edited or damaged"), "{}", output.stderr);
    std::fs::write(&path, &whole).expect("a plan");
    support::edit_index(&path, |text| text.replacen("\"insert\"", "\"delete\"", 1));
    let output = scene.refuse_merge(4);
    assert!(output.stderr.contains("edited or damaged"), "{}", output.stderr);
    std::fs::write(&path, whole).expect("a plan");
    scene.expect_merge();
}

#[test]
fn decisions_that_changed_make_the_plan_stale() {
    let scene = Scene::planned("r_decisions");
    scene.succeed(&["decide", "--table", "public.items", "update=keep_old", "--why", "a test", "--by", "ada"]);
    let output = scene.refuse_merge(4);
    assert!(output.stderr.contains("decisions.toml, or its list of picks, changed"), "{}", output.stderr);
    scene.succeed(&["plan"]);
    scene.expect_merge();
    let note = support::value(&scene.pair.old, "select note from items where id = 1");
    assert_eq!(note.as_deref(), Some("item 1"), "the new decision was carried out");
}

#[test]
fn a_diff_or_an_export_that_changed_makes_the_plan_stale() {
    let scene = Scene::planned("r_replaced");
    for name in ["manifest.json", "diff.json"] {
        let path = scene.run().join(name);
        let whole = std::fs::read_to_string(&path).expect("a file of the run");
        std::fs::write(&path, format!("{whole} ")).expect("a file of the run");
        scene.refuse_merge(7);
        std::fs::write(&path, &whole).expect("a file of the run");
        support::edit_index(&path, |text| text.replacen('\n', "\n ", 1));
        scene.refuse_merge(4);
        std::fs::write(&path, whole).expect("a file of the run");
    }
    scene.expect_merge();
}

#[test]
fn old_that_was_written_since_is_classified_anew() {
    let scene = Scene::planned("r_moved");
    // The same row as NEW's: no conflict, but not what was planned for.
    support::sql(&scene.pair.old, "insert into items values (102, 1, 'item 102', '2026-01-14 12:00Z', '2026-01-14 12:00Z')");
    let output = scene.refuse_merge(4);
    assert!(output.stderr.contains("1 row is no longer as classified"), "{}", output.stderr);
    support::sql(&scene.pair.old, "delete from items where id = 102; update items set note = 'elsewhere' where id = 1");
    scene.refuse_merge(4);
    support::sql(&scene.pair.old, "delete from items where id = 1");
    scene.refuse_merge(4);
    support::sql(&scene.pair.old, "insert into items values (1, 2, 'changed', '2026-01-01Z', '2026-01-14 13:00Z')");
    scene.refuse_merge(4);
    scene.succeed(&["diff"]);
    scene.refuse_merge(4);
    scene.succeed(&["plan"]);
    scene.expect_merge();
}

#[test]
fn a_table_that_was_altered_or_dropped_is_refused() {
    let scene = Scene::planned("r_altered");
    for (there, back) in [
        ("alter table items add column extra int", "alter table items drop column extra"),
        ("alter table items alter note set not null", "alter table items alter note drop not null"),
        ("alter table items rename to things", "alter table things rename to items"),
        ("alter table items alter note type varchar(200)", "alter table items alter note type text"),
    ] {
        support::sql(&scene.pair.old, there);
        let output = scene.refuse_merge(4);
        assert!(output.stderr.contains("public.items"), "{there}: {}", output.stderr);
        support::sql(&scene.pair.old, back);
    }
    support::sql(&scene.pair.old, "drop table items");
    let output = scene.refuse_merge(4);
    assert!(output.stderr.contains("no longer exists"), "{}", output.stderr);
}

#[test]
fn a_parent_that_went_away_holds_its_children_back() {
    let scene = Scene::planned("r_parent");
    // Item 104's owner; no row of the plan refers to it on OLD.
    support::sql(&scene.pair.old, "delete from items where owner = 3; delete from owners where id = 3");
    let output = scene.refuse_merge(4);
    assert!(output.stderr.contains("fk_parent_missing"), "{}", output.stderr);
    assert!(output.stderr.contains("rolled back"), "{}", output.stderr);
    assert_eq!(support::value(&scene.pair.old, "select to_regclass('failback.ledger')"), None, "nothing is recorded");
}

#[test]
fn of_two_databases_the_one_that_was_committed_is_named_and_not_done_twice() {
    let (scene, other) = (Scene::new("r_two"), Scene::new("r_two"));
    let both = format!("{},{}", scene.pair.database, other.pair.database);
    scene.succeed(&["export", "--databases", &both]);
    scene.succeed(&["diff"]);
    scene.succeed(&["plan"]);
    support::sql(&other.pair.old, "delete from items where id = 1");
    let before = fingerprint(&scene.pair.old);
    scene.expect_refusal(4, &scene.merge());
    assert_eq!(fingerprint(&scene.pair.old), before, "none is written before all are ready");
    support::sql(&other.pair.old, "insert into items values (1, 2, 'item 1', '2026-01-01Z', '2026-01-01Z')");
    support::object_to_ledger(&other.pair.old);
    let before = fingerprint(&other.pair.old);
    let output = scene.merge();
    scene.expect_refusal(8, &output);
    let state = format!("state: OLD has the merge of 8 rows in database {}, committed", scene.pair.database);
    assert!(output.stderr.contains(&state), "{}", output.stderr);
    assert_eq!(fingerprint(&other.pair.old), before, "the second database is as it was");
    // The run's journal has the merge that stands, and that the other one does not.
    let status: serde_json::Value = serde_json::from_str(&scene.succeed(&["status", "--json"]).stdout).expect("a document");
    let ends = status["journal"]["entries"].as_array().expect("entries").iter();
    let ends = ends.filter(|entry| ["merged", "merge_failed"].contains(&entry["record"].as_str().unwrap_or_default()));
    let ends: Vec<_> = ends.map(|entry| (entry["record"].as_str(), entry["database"].as_str())).collect();
    let [first, second] = [&scene, &other].map(|one| Some(one.pair.database.as_str()));
    // The first attempt, which found that the second one had moved, came to no COMMIT.
    assert_eq!(ends, [(Some("merged"), first), (Some("merge_failed"), second)], "{status:#}");
    assert_eq!(status["unended"], serde_json::json!([]), "{status:#}");
    assert_eq!(fingerprint(&scene.pair.old), fingerprint(&scene.pair.new), "the first is home");
    support::sql(&other.pair.old, "drop trigger object on failback.ledger");
    scene.expect_merge();
    assert_eq!(fingerprint(&other.pair.old), fingerprint(&other.pair.new));
}
