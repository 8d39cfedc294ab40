//! Every step writes the page, and its numbers are those of the steps.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::{grid, json, page, rows, tile};
use crate::show::Scene;
use crate::support;

/// The numbers of a table of the page by the first cell of each line; the last cell has the number.
fn numbers(page: &str, id: &str) -> Vec<(String, u64)> {
    let number = |text: &String| text.replace(',', "").parse().expect("a number");
    grid(page, id).iter().map(|line| (line[0].clone(), number(line.last().expect("a cell")))).collect()
}

fn counts(value: &Value) -> Vec<(String, u64)> {
    value.as_object().expect("counts").iter().map(|(word, rows)| (word.clone(), rows.as_u64().expect("a number"))).collect()
}

fn confirm(scene: &Scene) -> String {
    support::address(&scene.pair.old)
}

#[test]
fn an_undo_in_part_is_neither_a_merge_nor_taken_back() {
    let scene = Scene::new("report_undo_part", "");
    let merged = written(&json(&scene, 9, &["merge", "--leave-held", "--confirm", &confirm(&scene)]));
    json(&scene, 9, &["verify"]);
    support::sql(&scene.pair.old, "update app.people set note = 'later' where id = 5");
    let undone = written(&json(&scene, 9, &["undo", "--confirm", &confirm(&scene)]));
    assert_eq!(undone, merged - 1);
    let report = json(&scene, 0, &["report"]);
    let said = format!("taken back in part: {merged} rows were written, {undone} rows were taken back, and 1 row was left");
    assert_eq!(
        (report["state"].as_str(), report["verdict"].as_str().is_some_and(|verdict| verdict.contains(&said))),
        (Some("partly undone"), true),
        "{report}"
    );
    let runs = scene.run(&["runs", "list"]).stdout;
    assert!(runs.contains("undone_in_part"), "{runs}");
    support::sql(&scene.pair.old, "update app.people set note = null, tags = '{a,b}', updated_at = '2026-01-01Z' where id = 5");
    json(&scene, 0, &["undo", "--confirm", &confirm(&scene)]);
    assert_eq!(json(&scene, 0, &["report"])["state"], "undone");
    assert!(!scene.run(&["runs", "list"]).stdout.contains("undone_in_part"));
}

#[test]
fn rows_that_somebody_put_back_before_an_undo_stand_no_more() {
    let scene = Scene::new("report_put_back", "");
    let merged = written(&json(&scene, 9, &["merge", "--leave-held", "--confirm", &confirm(&scene)]));
    let meddled = "update app.people set note = 'later' where id = 5; delete from app.people where id = 31";
    support::sql(&scene.pair.old, meddled);
    let undo = json(&scene, 9, &["undo", "--confirm", &confirm(&scene)]);
    let back: u64 =
        undo["databases"][0]["taken_back"].as_array().expect("a list").iter().map(|one| one["rows"].as_u64().unwrap()).sum();
    assert_eq!((back, written(&undo)), (1, merged - 2), "{undo}");
    let report = json(&scene, 0, &["report"]);
    let said = format!("{merged} rows were written, {} rows were taken back, and 1 row was left", merged - 1);
    assert!(report["verdict"].as_str().is_some_and(|verdict| verdict.contains(&said)), "{report}");
    let page = page(&scene);
    assert_eq!((tile(&page, "applied"), tile(&page, "undone")), (1, merged - 1));
    // The way on is another run, and each step says so.
    for verb in [&["status"][..], &["decide", "insert_exists=keep_old", "--why", "late"]] {
        let told = scene.run(verb);
        let advice = told.stdout.lines().skip_while(|line| !line.starts_with("next:")).collect::<Vec<_>>().join("\n");
        assert!(advice.contains("failback export") && !advice.contains("failback export --run"), "{told:?}");
        assert!(!advice.contains("failback plan"), "{told:?}");
    }
}

#[test]
fn every_step_writes_the_page_and_its_numbers_are_those_of_the_step() {
    let scene = Scene::new("report_steps", "");
    let path = scene.folder().join("report.html");
    fs::remove_file(&path).expect("a plan wrote it");
    let diff = json(&scene, 0, &["diff"]);
    let compared = page(&scene);
    assert_eq!(fs::metadata(&path).expect("a page").permissions().mode() & 0o777, 0o600);
    assert_eq!(numbers(&compared, "classes"), counts(&diff["counts"]));
    assert!(compared.contains("wait for a decision. Nothing has been written to OLD."), "the verdict");
    assert!(!compared.contains("id=\"actions\""), "the plan is of another diff");
    let all = json(&scene, 0, &["show", "*", "--limit", "all"]);
    assert_eq!(Some(rows(&compared).len() as u64), all["found"].as_u64());

    let plan = json(&scene, 0, &["plan"]);
    let planned = page(&scene);
    assert_eq!(numbers(&planned, "actions"), counts(&plan["actions"]));
    assert_eq!(Some(tile(&planned, "wait for a decision")), plan["held"].as_u64());
    let status = json(&scene, 0, &["status"]);
    assert_eq!(numbers(&planned, "actions"), counts(&status["actions"]));
    assert!(planned.contains(plan["digest"].as_str().expect("a digest")), "the plan's digest");

    let merged = json(&scene, 9, &["merge", "--leave-held", "--confirm", &confirm(&scene)]);
    let page_of_merge = page(&scene);
    assert_eq!(tile(&page_of_merge, "applied"), written(&merged));
    assert_eq!((tile(&page_of_merge, "failed"), tile(&page_of_merge, "undone")), (0, 0));
    assert_eq!(Some(tile(&page_of_merge, "wait for a decision")), merged["held"].as_u64());
    assert!(page_of_merge.contains("have not been read back yet"));

    let verified = json(&scene, 9, &["verify"]);
    let page_of_verify = page(&scene);
    assert!(page_of_verify.contains("Verified, with "), "{}", verified["state"]);
    assert_eq!(Some(tile(&page_of_verify, "applied")), verified["outcomes"]["applied"].as_u64());

    let undone = json(&scene, 0, &["undo", "--confirm", &confirm(&scene)]);
    let page_of_undo = page(&scene);
    assert_eq!((tile(&page_of_undo, "applied"), tile(&page_of_undo, "undone")), (0, written(&undone)));
    assert!(page_of_undo.contains("The merge was taken back"), "the verdict");
}

fn written(report: &Value) -> u64 {
    let tables =
        report["databases"].as_array().expect("databases").iter().flat_map(|one| one["tables"].as_array().expect("tables"));
    tables.flat_map(|table| table[1].as_object().expect("counts").values()).map(|rows| rows.as_u64().expect("a number")).sum()
}

#[test]
fn a_merge_stands_although_the_page_cannot_be_written() {
    let scene = Scene::new("report_full", "");
    let path = scene.folder().join("report.html");
    fs::remove_file(&path).expect("a plan wrote it");
    fs::create_dir_all(path.join("in the way")).expect("a folder");
    let output = scene.run(&["merge", "--leave-held", "--confirm", &confirm(&scene)]);
    assert_eq!(output.code, 9, "{}", output.stderr);
    assert!(output.stderr.contains("report.html was not written anew"), "{}", output.stderr);
    assert!(output.stderr.contains("`failback report` tries again"), "{}", output.stderr);
    let output = scene.run(&["report"]);
    assert_eq!(output.code, 1, "asked for by itself it is an error: {}", output.stderr);
}

#[test]
fn a_merge_that_was_not_committed_is_told_as_failed() {
    let scene = Scene::new("report_failed", "");
    let statement = "create function app.no() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
        create constraint trigger no after insert or update or delete on app.people deferrable initially deferred
            for each row execute function app.no();
        alter table app.people enable always trigger no";
    support::sql(&scene.pair.old, statement);
    json(&scene, 0, &["diff"]);
    let plan = json(&scene, 0, &["plan"]);
    let output = scene.run(&["merge", "--leave-held", "--confirm", &confirm(&scene)]);
    assert_ne!(output.code, 9, "{}", output.stderr);
    let page = page(&scene);
    let journal = fs::read_to_string(scene.folder().join("journal.jsonl")).expect("a journal");
    if journal.contains("merge_failed") {
        assert!(page.contains("was not committed: nothing of the plan is on OLD"), "{journal}");
        let would: u64 = counts(&plan["actions"])
            .iter()
            .filter(|(word, _)| !["hold", "keep_old"].contains(&word.as_str()))
            .map(|(_, rows)| rows)
            .sum();
        assert_eq!(tile(&page, "failed"), would);
    } else {
        assert!(page.contains("A merge would write"), "nothing came as far as COMMIT: {journal}");
    }
}
