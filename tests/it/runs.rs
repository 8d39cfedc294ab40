//! `failback runs`: what each run is, and that a run without its rows says so and proves what it can.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::show::{CANARY, Scene};
use crate::support;

fn run_of(scene: &Scene) -> String {
    scene.in_run("").display().to_string().trim_end_matches('/').to_owned()
}

fn listed(scene: &Scene) -> Value {
    let output = scene.run(&["runs", "list", "--json"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let found: Value = serde_json::from_str(&output.stdout).expect("JSON");
    found["runs"][0].clone()
}

fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).expect("a folder").flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            holds(&path, text)
        } else {
            String::from_utf8_lossy(&fs::read(&path).expect("a file")).contains(text)
        }
    })
}

/// Decides everything, merges and verifies.
fn finish(scene: &Scene) {
    for (verb, code) in [
        (&["decide", "delete=apply_new", "conflict=apply_new", "ambiguous=apply_new", "--why", "all of it"][..], 0),
        (&["decide", "--evidence", "delete=column", "--why", "all of it"], 0),
        (&["plan"], 0),
        (&["merge", "--confirm", &scene.pair.database], 0),
        (&["verify"], 9),
    ] {
        let output = scene.run(verb);
        assert_eq!(output.code, code, "{verb:?}: {}{}", output.stdout, output.stderr);
    }
}

#[test]
fn a_run_whose_rows_may_exist_nowhere_else_is_not_pruned() {
    let scene = Scene::new("runs_unmerged", "");
    let (run, id) = (run_of(&scene), listed(&scene)["id"].as_str().expect("an id").to_owned());
    assert_eq!(listed(&scene)["state"], "planned");
    let refused = scene.run(&["runs", "prune", &run, "--confirm", &id]);
    assert!(refused.code == 4 && refused.stderr.contains("nowhere else"), "{}", refused.stderr);
    // Merged, but for what waits.
    assert_eq!(scene.run(&["merge", "--leave-held", "--confirm", &scene.pair.database]).code, 9);
    assert_eq!(listed(&scene)["state"], "merged");
    assert_eq!(scene.run(&["verify"]).code, 9);
    let refused = scene.run(&["runs", "prune", &run, "--confirm", &id]);
    assert!(refused.code == 4 && refused.stderr.contains("held"), "{}", refused.stderr);
    assert!(scene.run(&["show", "people", "3"]).stdout.contains("old name"), "the rows are there");
}

#[test]
fn rows_go_and_the_proof_stays() {
    let scene = Scene::new("runs_pruned", "");
    finish(&scene);
    let (run, before) = (run_of(&scene), listed(&scene));
    let id = before["id"].as_str().expect("an id").to_owned();
    assert_eq!((&before["state"], &before["left"]), (&"verified_with_gaps".into(), &0.into()));
    let confirm = scene.run(&["runs", "prune", &run, "--confirm", "elsewhere"]);
    assert!(confirm.code == 4 && confirm.stderr.contains(&id), "{}", confirm.stderr);
    assert_eq!(scene.run(&["runs", "prune", &run, "--dry-run"]).code, 0);
    assert!(scene.in_run(&scene.pair.database).is_dir());
    let pruned = scene.run(&["runs", "prune", &run, "--confirm", &id]);
    assert_eq!(pruned.code, 0, "{}", pruned.stderr);
    assert!(!scene.in_run(&scene.pair.database).exists() && !holds(Path::new(&run), CANARY));
    let after = listed(&scene);
    for kept in ["id", "state", "staged", "differing", "cutover"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert_eq!((&after["bytes"], after["pruned"]["state"].as_str()), (&0.into(), Some("verified_with_gaps")));
    let status = scene.run(&["status"]);
    assert!(status.code == 0 && status.stdout.contains("rows removed by"), "{}{}", status.stdout, status.stderr);
    assert!(status.stdout.contains("failback export") && !status.stdout.contains("failback verify"), "{}", status.stdout);
    let old = || support::rows(&scene.pair.old, "select p::text from app.people p order by 1");
    let rows = old();
    for verb in [
        &["show", "people"][..],
        &["plan"],
        &["merge", "--confirm", &scene.pair.database],
        &["undo", "--confirm", &scene.pair.database],
    ] {
        let refused = scene.run(verb);
        if verb[0] == "merge" {
            // OLD's ledger says that it was done before.
            assert_eq!(refused.code, 0, "{}", refused.stderr);
            continue;
        }
        assert!(refused.code == 4 && refused.stderr.contains("runs prune"), "{verb:?}: {}{}", refused.stdout, refused.stderr);
    }
    assert_eq!(old(), rows);
    assert_eq!(scene.run(&["runs", "prune", &run, "--confirm", &id]).code, 0, "again is no error");
}

#[test]
fn what_nobody_needs_can_be_lost_on_purpose_and_damage_is_listed() {
    let scene = Scene::new("runs_lost", "");
    let (run, id) = (run_of(&scene), listed(&scene)["id"].as_str().expect("an id").to_owned());
    let pruned = scene.run(&["runs", "prune", &run, "--lose-rows", "--confirm", &id]);
    assert_eq!(pruned.code, 0, "{}", pruned.stderr);
    let planned = scene.run(&["merge", "--leave-held", "--confirm", &scene.pair.database]);
    assert!(planned.code == 4 && planned.stderr.contains("runs prune"), "{}", planned.stderr);
    assert!(scene.run(&["diff"]).stderr.contains("runs prune"));
    let manifest = scene.in_run("manifest.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, text.replacen("cutover", "cutovre", 1)).expect("a manifest");
    assert_eq!(listed(&scene)["state"], "damaged");
    let refused = scene.run(&["runs", "prune", &run, "--lose-rows", "--confirm", &id]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
}
