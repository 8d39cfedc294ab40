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

#[test]
fn a_configuration_is_shown_without_its_passwords_and_checked_with_its_environments() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("f.toml");
    let text = "cutover = 2026-11-22T10:00:00+02:00\nold.url = \"postgres://ada:s3cret@old.example.com/shop\"\n\
                [environments.prod]\njobs = 2\n";
    std::fs::write(&file, text).expect("a configuration");
    let path = file.display().to_string();
    let output = failback(&["config", "show", "--config", &path, "--env", "prod", "--json"]);
    let said: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let value = |name: &str| {
        let settings = said["settings"].as_array().expect("settings");
        let one = settings.iter().find(|one| one["name"] == name).expect(name);
        (one["value"].as_str().expect("text").to_owned(), one["from"].as_str().expect("text").to_owned())
    };
    assert_eq!(value("OLD"), ("ada@old.example.com:5432/shop".to_owned(), "the file".to_owned()));
    assert_eq!(value("jobs"), ("2".to_owned(), "the file".to_owned()));
    assert_eq!(value("NEW").1, "nowhere");
    assert_eq!(value("overlap"), ("300s".to_owned(), "built in".to_owned()));
    assert!(!output.stdout.contains("s3cret") && !output.stderr.contains("s3cret"));
    assert_eq!(failback(&["config", "validate", "--config", &path]).code, 0);
    std::fs::write(&file, format!("{text}jbos = 3\n")).expect("a configuration");
    let wrong = failback(&["config", "validate", "--config", &path]);
    assert!(wrong.code == 2 && wrong.stderr.contains("f.toml:5:1") && wrong.stderr.contains("`jobs`"), "{}", wrong.stderr);
}

#[test]
fn the_schema_of_the_configuration_knows_every_key() {
    use failback::config::Config;

    let schema: Value = serde_json::from_str(&failback(&["config", "schema"]).stdout).expect("JSON");
    // What the reader takes, by its own errors.
    let told = |text: &str| -> Vec<String> {
        let error = Config::parse(text, "f").expect_err("an unknown key");
        let known = error.causes().join("; ");
        let known = known.split_once("known are ").expect("the known keys").1;
        let mut known: Vec<_> = known.split(", ").map(str::to_owned).collect();
        known.sort();
        known
    };
    let keys = |place: &str| {
        let mut keys: Vec<_> = schema.pointer(place).and_then(Value::as_object).expect(place).keys().cloned().collect();
        keys.sort();
        keys
    };
    for (text, place) in [
        ("zzzzzzzz = 1", "/properties"),
        ("[environments.dev]\nzzzzzzzz = 1", "/properties/environments/additionalProperties/properties"),
        ("[approval]\nzzzzzzzz = 1", "/properties/approval/properties"),
        ("[slot]\nzzzzzzzz = 1", "/properties/slot/properties"),
        ("[old]\nzzzzzzzz = 1", "/$defs/server/properties"),
        ("[tables.\"a.b\"]\nzzzzzzzz = 1", "/$defs/table/properties"),
    ] {
        assert_eq!(keys(place), told(text), "{text}");
    }
}
