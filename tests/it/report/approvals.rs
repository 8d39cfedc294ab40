//! What the page says of approvals.

use super::{grid, json, page};
use crate::show::Scene;

const ROLES: &str = "[approval]\nroles = [\"dba\", \"lead\"]\n";

/// Who said what, and whether it counts.
fn said(page: &str) -> Vec<(String, String, String)> {
    let lines = grid(page, "approvals-table").into_iter();
    lines.map(|line| (line[0].clone(), line[2].clone(), line.last().expect("cells").clone())).collect()
}

#[test]
fn who_approved_what_is_on_the_page_and_why_a_word_does_not_count() {
    let scene = Scene::new("report_approvals", ROLES);
    assert!(page(&scene).contains("is approved by 0 of 2 people."), "nobody has spoken yet");
    json(&scene, 4, &["deny", "--as", "lead", "--by", "bob", "--comment", "refunded <b>by hand</b>"]);
    json(&scene, 4, &["approve", "--as", "dba", "--by", "ada", "--comment", "agreed at 03:10"]);
    json(&scene, 0, &["report"]);
    let denied = page(&scene);
    assert!(denied.contains("bob, as lead, denied it: refunded &lt;b&gt;by hand&lt;/b&gt;."), "the objection");
    assert!(denied.contains("<td>agreed at 03:10</td>") && denied.contains("<td>dba</td>"));
    // Another plan voids all of it.
    json(&scene, 0, &["decide", "delete=apply_new", "--why", "agreed"]);
    json(&scene, 0, &["plan"]);
    json(&scene, 4, &["approve", "--as", "lead", "--by", "bob"]);
    json(&scene, 0, &["approve", "--as", "dba", "--by", "ada"]);
    let merged = scene.run(&["merge", "--leave-held", "--confirm", &scene.pair.database]);
    assert_eq!(merged.code, 9, "{}", merged.stderr);
    let text = page(&scene);
    assert!(text.contains("is approved by 2 of 2 people."), "what the merge went by");
    let lines = said(&text);
    let words: Vec<_> = lines.iter().map(|(by, said, _)| (by.as_str(), said.as_str())).collect();
    assert_eq!(words, [("bob", "denied"), ("ada", "approved"), ("bob", "approved"), ("ada", "approved")]);
    let counts: Vec<_> = lines.iter().map(|(_, _, counts)| counts.split(", ").next().expect("a word")).collect();
    assert_eq!(counts, ["no: it is about another plan", "no: it is about another plan", "yes", "yes"]);
}
