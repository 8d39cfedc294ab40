//! What a command line tool owes its users: completions, a manual, words explained, a version that programs can read.

use serde_json::Value;

use crate::support::failback;

#[test]
fn completions_know_the_verbs_of_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = failback(&["completions", shell]);
        assert_eq!(output.code, 0, "{}", output.stderr);
        for verb in ["export", "merge", "undo", "runs"] {
            assert!(output.stdout.contains(verb), "{shell}: {verb}");
        }
    }
    assert_eq!(failback(&["completions", "tcsh"]).code, 2);
}

#[test]
fn the_manual_has_a_page_for_each_verb() {
    for (verb, text) in [(None, "failback"), (Some("merge"), "leave\\-held"), (Some("runs"), "prune")] {
        let output = failback(&["man"].into_iter().chain(verb).collect::<Vec<_>>());
        assert_eq!(output.code, 0, "{}", output.stderr);
        assert!(output.stdout.contains(".TH") && output.stdout.contains(text), "{verb:?}: {}", output.stdout);
    }
    let nothing = failback(&["man", "frobnicate"]);
    assert!(nothing.code == 2 && nothing.stderr.contains("frobnicate"), "{}", nothing.stderr);
}

#[test]
fn a_word_is_explained_with_its_page_and_a_typo_with_the_nearest() {
    let output = failback(&["explain", "update_origin_differs", "--width", "80"]);
    assert!(output.code == 0 && output.stdout.contains("docs/classes.md"), "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.lines().all(|line| line.chars().count() <= 80), "{}", output.stdout);
    let output = failback(&["explain", "partly_changed", "--json"]);
    let said: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!(said["lines"][0]["cells"][1], serde_json::json!(["exit code", "8"]));
    let typo = failback(&["explain", "update_origin_difers"]);
    assert!(typo.code == 2 && typo.stderr.contains("did you mean `update_origin_differs`?"), "{}", typo.stderr);
}

#[test]
fn programs_can_read_the_version() {
    let output = failback(&["--version", "--json"]);
    let said: Value = serde_json::from_str(&output.stdout).expect("JSON");
    assert_eq!((output.code, said["version"].as_str()), (0, Some(env!("CARGO_PKG_VERSION"))));
    assert!(said["run_format_version"].is_u64() && said["schema_version"].is_u64(), "{said}");
    assert!(failback(&["--version"]).stdout.starts_with("failback "));
}
