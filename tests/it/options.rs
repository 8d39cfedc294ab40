//! Each verb takes those options that it uses, and no others: a walk over all of them, by their own help.

use std::fs;
use std::path::Path;
use std::process::Command;

use failback::staging::{RunId, RunRecord};
use failback::store::LocalStore;

use crate::support::{Output, failback};

/// What verbs share, each with a value that cannot be right; nothing where it is a switch.
const SHARED: [(&str, Option<&str>); 8] = [
    ("--old", Some("mysql://h/d")),
    ("--new", Some("mysql://h/d")),
    ("--config", Some("/nowhere/failback.toml")),
    ("--env", Some("nowhere")),
    ("--run", Some("nothing")),
    ("--jobs", Some("0")),
    ("--json", None),
    ("--plain", None),
];

/// Verbs, each with its part where it has some, and with what it wants to be told.
fn verbs() -> Vec<Vec<String>> {
    let words = |text: &str, from: &str| -> Vec<String> {
        let (_, list) = text.split_once(from).expect("a list of verbs");
        let (list, _) = list.split_once("\nOptions:").expect("its end");
        let lines = list.lines().filter_map(|line| {
            // What is indented further is the rest of what was said of the one before.
            line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split_whitespace().next()
        });
        // A part that has parts itself is not walked.
        lines.filter(|word| !matches!(*word, "help" | "runbook")).map(str::to_owned).collect()
    };
    let mut found = Vec::new();
    for verb in words(&failback(&["--help"]).stdout, "\nLook:\n") {
        let help = failback(&[&verb, "--help"]).stdout;
        match verb.as_str() {
            "runs" | "config" | "rollback" | "restore" => {
                found.extend(words(&help, "\nCommands:\n").into_iter().map(|part| vec![verb.clone(), part]));
            }
            _ => found.push(vec![verb]),
        }
    }
    found
}

/// What a verb cannot be without.
fn wanted(verb: &str) -> &'static [&'static str] {
    match verb {
        "runs prune" => &["nothing"],
        "deny" => &["--as", "dba", "--comment", "no"],
        "explain" => &["public.t", "1"],
        "completions" => &["bash"],
        "restore list" | "restore check" | "restore run" => &["backups"],
        "restore dump" => &["--databases", "d", "--into", "last"],
        "restore fetch" => &["az://a/c", "--at", "2026-11-22T10:00:00Z", "--databases", "d", "--into", "backups"],
        "rollback run" => &["own.toml"],
        "rollback drill" => &["quick"],
        "rollback pause" | "rollback abort" | "rollback note" => &["why"],
        "rollback skip" => &["step", "--why", "it"],
        "rollback settle" => &["step", "done", "--why", "it"],
        "rollback approve" | "rollback deny" => &["step", "--as", "dba"],
        "rollback answer" => &["step", "item", "yes"],
        _ => &[],
    }
}

/// A folder with a configuration and a run that has nothing yet.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a home folder");
    let run = LocalStore::create(&home.path().join("run")).expect("a run's folder");
    RunRecord::make(&run, RunId::fresh()).expect("a run");
    home
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(arguments).env_clear().env("HOME", home).current_dir(home);
    for side in ["OLD", "NEW"] {
        let variables = [("PGHOST", "127.0.0.1"), ("PGPORT", "1"), ("PGUSER", "u"), ("PGDATABASE", "d")];
        command.envs(variables.map(|(name, value)| (format!("{side}_{name}"), value)));
    }
    let output = command.output().expect("the program");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What shows that an option was heeded.
fn is_heeded(home: &Path, option: &str, output: &Output) -> bool {
    let said = &output.stderr;
    match option {
        "--old" | "--new" => output.code == 2 && said.contains(&format!("correct {option}")),
        "--config" => said.contains("/nowhere/failback.toml"),
        "--env" => output.code == 2 && said.contains("nowhere"),
        // Who makes a run has made it; who needs one misses it.
        "--run" => home.join("nothing").is_dir() || said.contains("nothing"),
        "--jobs" => output.code == 2 && said.contains("a whole number from 1"),
        _ => true,
    }
}

#[test]
fn every_verb_heeds_the_options_that_it_lists_and_refuses_those_of_others() {
    let (mut heeded, mut refused) = (0, 0);
    for verb in verbs() {
        let name = verb.join(" ");
        let words: Vec<_> = verb.iter().map(String::as_str).collect();
        let help = failback(&[words.as_slice(), &["--help"]].concat()).stdout;
        let lists = |option: &str| help.lines().any(|line| line.trim_start().split([' ', ',']).any(|word| word == option));
        for (option, value) in SHARED {
            let home = home();
            let mut arguments = [words.as_slice(), wanted(&name), &[option]].concat();
            arguments.extend(value);
            if !lists(option) {
                let output = run(home.path(), &arguments);
                let is_told = output.code == 2 && output.stderr.contains(&format!("it takes no {option}: "));
                assert!(is_told && output.stderr.contains("next:"), "{arguments:?}: {}{}", output.stdout, output.stderr);
                refused += 1;
                continue;
            }
            // It asks OLD where rules have conditions alone; a rollback wants to know the environment before the servers.
            let asks_first = name.starts_with("rollback ") && matches!(option, "--old" | "--new");
            if value.is_none() || (name == "decide" && option == "--old") || asks_first {
                continue;
            }
            if name == "status" && option == "--new" {
                arguments.extend(["--baseline", "armed"]);
            } else if option != "--run" && lists("--run") {
                arguments.extend(["--run", "run"]);
            }
            let output = run(home.path(), &arguments);
            assert!(is_heeded(home.path(), option, &output), "{arguments:?}: {}{}", output.stdout, output.stderr);
            heeded += 1;
        }
    }
    assert!(heeded > 70 && refused > 70, "{heeded} heeded, {refused} refused");
}

/// Whether a step's own files say something.
fn says(step: &str, words: &[&str]) -> bool {
    let folder = Path::new("src/engine").join(step);
    let mut files = fs::read_dir(folder).expect("a step").map(|entry| entry.expect("an entry").path());
    files.any(|file| {
        let text = fs::read_to_string(file).expect("a source");
        words.iter().any(|word| text.contains(word))
    })
}

#[test]
fn connections_and_progress_are_options_of_the_steps_that_have_them() {
    for verb in ["discover", "export", "diff", "plan", "merge", "verify", "undo", "arm", "mark", "grants", "preflight"] {
        let step = if verb == "undo" { "merge" } else { verb };
        let help = failback(&[verb, "--help"]).stdout;
        for (option, words) in [("--jobs", &["limits().jobs()"][..]), ("--plain", &[".tell_rows(", "Event::Rows"])] {
            let lists = help.lines().any(|line| line.trim_start().starts_with(option));
            assert_eq!(lists, says(step, words), "{verb} {option}");
        }
    }
}

/// Where options are declared decides who takes them: a verb's own file repeats none.
#[test]
fn what_verbs_share_is_declared_once() {
    let (mut seen, mut found) = (0, Vec::new());
    for entry in fs::read_dir("src/cli").expect("the command line") {
        let path = entry.expect("an entry").path();
        let is_there = path.ends_with("options.rs");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let is_option = |before: &str| before.trim_start().starts_with("#[arg(");
        for (before, line) in text.lines().zip(text.lines().skip(1)) {
            let Some((name, _)) = line.trim_start().trim_start_matches("pub(super) ").split_once(": ") else { continue };
            let option = format!("--{}", name.replace('_', "-"));
            if is_option(before) && SHARED.iter().any(|(shared, _)| *shared == option) {
                seen += 1;
                if !is_there {
                    found.push(format!("{}: {option}", path.display()));
                }
            }
        }
    }
    // The run's folder is one of two: that there is, or that is made; and JSON is one document, or a line an event.
    assert!(found.is_empty() && seen == SHARED.len() + 2, "{seen}: {found:?}");
}
