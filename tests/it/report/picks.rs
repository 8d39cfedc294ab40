//! Rows that are picked on the page are taken over by `failback decide`, as other picks are.

use std::fs;

use super::{data, json, page};
use crate::show::Scene;

/// A fragment as the page gives it out.
fn fragment(scene: &Scene, diff_blake3: &str, rows: &[(&str, &str)]) -> String {
    let database = &scene.pair.database;
    let row = |(id, resolution): &(&str, &str)| {
        format!(
            "\n[[row]]\ndatabase = \"{database}\"\ntable = \"app.people\"\nkey = {{ \"id\" = \"{id}\" }}\n\
             resolution = \"{resolution}\"\nwhy = \"asked\"\nby = \"ada\"\nat = \"2026-01-15T08:00:00Z\"\n"
        )
    };
    let rows: String = rows.iter().map(row).collect();
    format!("# Rows picked in the report\ndiff_blake3 = \"{diff_blake3}\"\n{rows}")
}

fn write(scene: &Scene, text: &str) {
    fs::write(scene.home().join("picks.toml"), text).expect("a file");
}

#[test]
fn picks_of_the_page_are_taken_over_all_or_none() {
    let scene = Scene::new("picks_page", "");
    let diff = data(&page(&scene), "about")["diff_blake3"].as_str().expect("a digest").to_owned();
    let decisions = scene.folder().join("decisions.toml");
    let before = fs::read_to_string(&decisions).unwrap_or_default();
    let refused = |text: &str, code: i32, cause: &str| {
        write(&scene, text);
        let output = scene.run(&["decide", "--import", "picks.toml"]);
        assert_eq!(output.code, code, "{}", output.stderr);
        assert!(output.stderr.contains(cause), "{}", output.stderr);
        assert_eq!(fs::read_to_string(&decisions).unwrap_or_default(), before, "nothing was decided");
    };
    refused(&fragment(&scene, "other", &[("3", "apply_new")]), 4, "the page of another diff");
    refused(&fragment(&scene, &diff, &[("3", "apply_new"), ("999", "skip")]), 2, "no row that differs is app.people: id 999");
    refused(&fragment(&scene, &diff, &[("31", "last_update_wins")]), 2, "makes no sense for the row");
    refused("[[row]]", 2, "");

    write(&scene, &fragment(&scene, &diff, &[("3", "apply_new"), ("4", "skip")]));
    json(&scene, 0, &["decide", "--import", "picks.toml", "--dry-run"]);
    assert_eq!(fs::read_to_string(&decisions).unwrap_or_default(), before, "it was tried alone");
    json(&scene, 0, &["decide", "--import", "picks.toml"]);
    let plan = json(&scene, 0, &["plan"]);
    assert_eq!(plan["actions"]["skip"], 1);
    let row = json(&scene, 0, &["show", "people", "3"]);
    assert_eq!(row["rows"][0]["action"], "update");
    let text = page(&scene);
    assert!(text.contains("app.people: id 3") && text.contains("ada") && text.contains("asked"), "who, when and why");
    let journal = fs::read_to_string(scene.folder().join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("1 row of app.people apply_new"), "{journal}");
}
