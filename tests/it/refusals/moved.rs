//! A run whose folder is renamed or moved between two steps.

use super::{Scene, fingerprint};
use crate::support;

impl Scene {
    /// Gives the run's folder another name or place.
    fn move_run(&mut self, to: &str) {
        let from = self.run();
        self.run = to.into();
        let to = self.run();
        std::fs::create_dir_all(to.parent().expect("a folder above it")).expect("a folder");
        std::fs::rename(from, to).expect("a run that moves");
    }
}

#[test]
fn a_run_that_moves_is_the_same_run() {
    let mut scene = Scene::planned("r_moved_run");
    let before = fingerprint(&scene.pair.old);
    let record = std::fs::read_to_string(scene.run().join("run.json")).expect("the run's record");
    let record: serde_json::Value = serde_json::from_str(&record).expect("a document");
    scene.move_run("friday");
    scene.expect_merge();
    let in_ledger = support::value(&scene.pair.old, "select run_id from failback.ledger");
    assert_eq!(in_ledger.as_deref(), record["id"].as_str(), "OLD knows the run by its id");
    scene.move_run("kept/elsewhere");
    scene.expect_verified();
    let output = scene.refuse(4, &["diff"]);
    assert!(output.stderr.contains("this run is merged"), "{}", output.stderr);
    let again = scene.succeed(&["merge", "--json", "--confirm", &scene.confirm]).stdout;
    let again: serde_json::Value = serde_json::from_str(&again).expect("a document");
    assert_eq!(again["databases"][0]["outcome"], "done_before", "{again:#}");
    scene.succeed(&["undo", "--confirm", &scene.confirm]);
    assert_eq!(fingerprint(&scene.pair.old), before, "the merge is taken back");
}
