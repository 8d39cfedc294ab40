//! Secrets of steps: each kind of place, through a whole phase, whatever becomes of it. Nothing that is kept or printed holds
//! them, and no process shows them among its arguments.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Output as Ended, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::stage::Stage;
use crate::support::{Asked, Reply, Web};

/// What each place holds.
const CANARIES: [(&str, &str); 4] = [
    ("by-env", "Canary-env-4711"),
    ("by-file", "Canary-file/47 11"),
    ("by-command", "Canary-command\"4711"),
    ("by-vault", "Canary-vault@4711"),
];

/// Whatever a program could let slip: what it was given, as it is and coded, on both of its outputs, and who runs.
const PROBE: &str = "#!/bin/sh\necho $$ > pid\necho \"it is $SECRET\"; echo \"password $SECRET\" >&2\n\
    printf %s \"$SECRET\" | base64\ntr '\\0' ' ' < /proc/$$/cmdline >> ps; ps -eo args >> ps\n\
    printf '%s\\n' \"$SECRET\" >> seen\nprintf %s \"$SECRET\" > left\n[ -e hang ] && exec sleep 60\n[ ! -e fail ]\n";

const CONFIG: &str = "[environments.dev.secrets]\nby-env = { env = \"OF_FAILBACK\" }\nby-file = { file = \"kept\" }\n\
    by-command = { command = [\"./printer\"] }\nby-vault = { vault = \"safe\", secret = \"token\" }\n";

/// A phase of one step a place, and one that prints what they have left.
fn runbook(timeout: &str) -> String {
    let step = |name: &str| {
        format!(
            "[[step]]\nid = \"{name}\"\ntitle = \"{name}\"\nkind = \"command\"\neffect = \"read\"\ntimeout = \"{timeout}\"\n\
             run = [\"./probe\"]\nsecrets = {{ SECRET = \"{name}\" }}\n"
        )
    };
    let steps: String = CANARIES.iter().map(|(name, _)| step(name)).collect();
    let left = "[[step]]\nid = \"left\"\ntitle = \"left\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"cat\", \"left\"]\n";
    format!("runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Takes secrets.\"\n{steps}{left}")
}

fn program(stage: &Stage, name: &str, text: &str) {
    stage.write(name, text);
    std::fs::set_permissions(stage.path(name), PermissionsExt::from_mode(0o700)).expect("rights");
}

fn stage() -> Stage {
    let stage = Stage::new(None, "");
    program(&stage, "probe", PROBE);
    program(&stage, "printer", "#!/bin/sh\necho more >&2; cat printed\n");
    stage.write("printed", &format!("{}\nand more\n", CANARIES[2].1));
    stage.write("kept", &format!("{}\n", CANARIES[1].1));
    std::fs::set_permissions(stage.path("kept"), PermissionsExt::from_mode(0o600)).expect("rights");
    let mut world = stage.world();
    world["secrets"]["safe/token"] = json!(CANARIES[3].1);
    stage.set_world(&world);
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &format!("{config}{CONFIG}"));
    stage.write("own.toml", &runbook("1m"));
    stage
}

fn start(stage: &Stage, words: &[&str]) -> Child {
    let mut command = stage.command(words);
    command.env("OF_FAILBACK", CANARIES[0].1).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("failback")
}

/// Runs it, and expects that nothing of what it prints is a secret.
fn run(stage: &Stage, words: &[&str]) -> (i32, String) {
    let output = start(stage, words).wait_with_output().expect("an end");
    (output.status.code().unwrap_or(-1), said(&output, words))
}

/// The document that it prints.
fn document(stage: &Stage, words: &[&str]) -> (i32, Value) {
    let output = start(stage, words).wait_with_output().expect("an end");
    said(&output, words);
    let text = String::from_utf8_lossy(&output.stdout);
    let document = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (output.status.code().unwrap_or(-1), document)
}

fn said(output: &Ended, words: &[&str]) -> String {
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat();
    expect_none(&said, &words.join(" "));
    said
}

/// Expects a text to hold no secret, as it is or in a form that programs print one in.
fn expect_none(text: &str, place: &str) {
    for (name, canary) in CANARIES {
        let quoted = json!(canary).to_string();
        let coded = ["Q2FuYXJ5LWVudi00", "Q2FuYXJ5LWZpbGUv", "Q2FuYXJ5LWNvbW1h", "Q2FuYXJ5LXZhdWx0"];
        for form in [canary, quoted.trim_matches('"')].into_iter().chain(coded) {
            assert!(!text.contains(form), "{place} holds {name}: {text}");
        }
    }
}

pub(super) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Expects no file of any run, no list of processes and no call of a program to hold a secret; and that programs had them.
fn expect_kept(stage: &Stage, seen: &[&str]) {
    let mut all = ["ps", "world.json.calls"].map(|name| stage.path(name)).to_vec();
    files(&stage.path("runs"), &mut all);
    assert!(all.len() > 5, "{all:?}");
    for path in all {
        let text = std::fs::read(&path).unwrap_or_default();
        expect_none(&String::from_utf8_lossy(&text), &path.display().to_string());
    }
    let had = std::fs::read_to_string(stage.path("seen")).unwrap_or_default();
    assert_eq!(had.lines().collect::<Vec<_>>(), seen);
}

fn canaries() -> Vec<&'static str> {
    CANARIES.iter().map(|(_, canary)| *canary).collect()
}

#[test]
fn a_plan_a_lint_and_a_drill_say_which_secret_from_where_and_never_its_value() {
    let stage = stage();
    for words in [&["run", "own.toml", "--dry-run"][..], &["runbook", "lint", "own.toml"]] {
        let (code, page) = run(&stage, words);
        assert_eq!(code, 0, "{page}");
        for line in [
            "takes by-env, as SECRET, from the variable OF_FAILBACK",
            "takes by-file, as SECRET, from the file kept",
            "takes by-command, as SECRET, from the command ./printer",
            "takes by-vault, as SECRET, from the Key Vault safe, secret token",
        ] {
            assert!(page.contains(line), "{line}: {page}");
        }
    }
    let (_, plan) = document(&stage, &["run", "own.toml", "--dry-run", "--json"]);
    assert_eq!(
        plan["steps"][3]["secrets"][0],
        json!({ "as": "SECRET", "name": "by-vault", "from": "the Key Vault safe, secret token" })
    );
    assert_eq!((stage.calls("keyvault"), stage.path("runs/rollback").exists()), (0, false), "none was asked for");

    stage.write("left", "");
    let (code, page) = run(&stage, &["drill", "own.toml"]);
    assert!(code == 0 && stage.calls("keyvault") == 1, "{page}");
    std::fs::remove_file(stage.path("kept")).expect("removed");
    stage.write("printed", "\n");
    let mut world = stage.world();
    world["secrets"] = json!({});
    stage.set_world(&world);
    let (code, report) = document(&stage, &["drill", "own.toml", "--json"]);
    let flaws = &report["flaws"];
    let told: Vec<_> =
        flaws.as_array().expect("flaws").iter().map(|flaw| (flaw["name"].clone(), flaw["cause"].to_string())).collect();
    assert_eq!((code, told.len()), (1, 3), "{flaws:#}");
    for ((name, cause), (flaw, why)) in told.iter().zip([
        ("by-command", "it is empty; by-command takes it"),
        ("by-file", "No such file"),
        ("by-vault", "(SecretNotFound)"),
    ]) {
        assert!(name == flaw && cause.contains(why), "{why}: {flaws:#}");
    }
}

#[test]
fn a_name_that_nothing_is_kept_under_is_told_with_the_nearest() {
    let stage = stage();
    stage.write("own.toml", &runbook("1m").replace("SECRET = \"by-vault\"", "SECRET = \"by-vautl\""));
    let (code, told) = run(&stage, &["runbook", "lint", "own.toml"]);
    let expected = "no secret is called `by-vautl`; did you mean `by-vault`?";
    assert!(code == 2 && told.contains("own.toml:") && told.contains(expected), "{told}");
    for (key, wrong, why) in [
        ("secrets", "{ \"A B\" = \"by-vault\" }", "no name of a variable"),
        ("secrets", "\"by-vault\"", "must be a table"),
        ("password_secret", "\"by-vault\"", "unknown key"),
    ] {
        let step = format!(
            "[[step]]\nid = \"a\"\ntitle = \"a\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"a\"]\n{key} = {wrong}\n"
        );
        stage.write("own.toml", &format!("runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Wrong.\"\n{step}"));
        let (code, told) = run(&stage, &["runbook", "lint", "own.toml"]);
        assert!(code == 2 && told.contains(why), "{why}: {told}");
    }
    let (code, told) = run(&stage, &["runbook", "lint", "wait.toml"]);
    assert!(code == 2, "{told}");
}

#[test]
fn a_phase_takes_them_from_everywhere_and_shows_none() {
    let stage = stage();
    let (code, told) = run(&stage, &["run", "own.toml", "--json"]);
    assert_eq!(code, 0, "{told}");
    for words in [&["status"][..], &["status", "--json"], &["postmortem"], &["postmortem", "--json"]] {
        assert_eq!(run(&stage, words).0, 0, "{words:?}");
    }
    expect_kept(&stage, &canaries());
    let evidence = std::fs::read_dir(stage.rollback().join("evidence")).expect("evidence").count();
    assert_eq!(evidence, 9, "what both outputs of each said is kept");
    assert!(told.contains("it is •••") || stage_says(&stage, "it is •••"), "it is hidden, and not left out");
}

fn stage_says(stage: &Stage, text: &str) -> bool {
    let mut all = Vec::new();
    files(&stage.rollback(), &mut all);
    all.iter().any(|path| std::fs::read_to_string(path).is_ok_and(|found| found.contains(text)))
}

#[test]
fn a_step_that_fails_or_is_late_shows_none() {
    let stage = stage();
    stage.write("own.toml", &runbook("2s"));
    for (trouble, why) in [("fail", "exit code 1"), ("hang", "did not end in time")] {
        stage.write(trouble, "");
        let (code, told) = run(&stage, &["run", "own.toml"]);
        assert!(code == 1 && told.contains(why), "{why}: {told}");
        for (name, _) in CANARIES {
            let (_, told) = run(&stage, &["skip", name, "--why", "it is known"]);
            let (code, more) = run(&stage, &["resume", "--json"]);
            assert!(matches!(code, 1 | 9), "{told}{more}");
        }
        assert_eq!(run(&stage, &["postmortem"]).0, 0);
        expect_kept(&stage, &canaries());
        std::fs::remove_file(stage.path(trouble)).expect("removed");
        std::fs::remove_file(stage.path("seen")).expect("removed");
    }
}

#[test]
fn a_process_that_is_killed_leaves_none_and_the_next_one_hides_what_is_left() {
    let stage = stage();
    stage.write("hang", "");
    let mut seen: Vec<&str> = Vec::new();
    for (number, canary) in canaries().into_iter().enumerate() {
        let words: &[&str] = if number == 0 { &["run", "own.toml"] } else { &["resume"] };
        let mut child = start(&stage, words);
        let (deadline, mut had) = (Instant::now() + Duration::from_mins(1), String::new());
        while !had.contains(canary) {
            assert!(Instant::now() < deadline, "{canary}: {had}");
            if child.try_wait().expect("a process").is_some() {
                let told = said(&child.wait_with_output().expect("an end"), words);
                // What was just started when its parent was killed holds what the parent had open for a moment.
                assert!(told.contains("at work"), "{canary}: {told}");
                child = start(&stage, words);
            }
            std::thread::sleep(Duration::from_millis(20));
            had = std::fs::read_to_string(stage.path("seen")).unwrap_or_default();
        }
        child.kill().expect("a kill");
        said(&child.wait_with_output().expect("an end"), words);
        end_of_probe(&stage);
        seen.push(canary);
        expect_kept(&stage, &seen);
        assert_eq!(run(&stage, &["settle", CANARIES[number].0, "done", "--why", "it was killed"]).0, 0);
    }
    // The file that the last one left is printed by a process that was never given its secret.
    let (code, told) = run(&stage, &["resume", "--json"]);
    assert_eq!(code, 0, "{told}");
    expect_kept(&stage, &seen);
    assert!(stage_says(&stage, "•••"));
}

/// Ends what a killed process has left behind, so that the next one does not wait for it.
fn end_of_probe(stage: &Stage) {
    let process = std::fs::read_to_string(stage.path("pid")).expect("a process's number");
    assert!(std::process::Command::new("kill").arg(process.trim()).status().expect("kill").success());
}

#[test]
fn a_page_is_asked_with_a_token_and_a_key() {
    let asked: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
    let heard = Arc::clone(&asked);
    let web = Web::plain(move |asked: &Asked| {
        heard.lock().expect("a list").push(asked.headers.clone());
        let measured = json!({ "status": "success", "data": { "resultType": "scalar", "result": [1, "1"] } });
        Reply::text(200, &measured.to_string())
    });
    let stage = stage();
    let url = web.url("/health");
    let text = format!(
        "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Asks.\"\n\
         [[step]]\nid = \"page\"\ntitle = \"page\"\nkind = \"http\"\nurl = \"{url}\"\ntoken_secret = \"by-vault\"\n\
         header_secrets = {{ X-Key = \"by-file\" }}\n\
         [[step]]\nid = \"list\"\ntitle = \"list\"\nkind = \"checklist\"\n[[step.item]]\nid = \"figure\"\ntext = \"figure\"\n\
         check = {{ kind = \"prometheus\", url = \"{url}\", query = \"up\", above = 0, token_secret = \"by-env\" }}\n"
    );
    stage.write("own.toml", &text);
    let (_, page) = run(&stage, &["runbook", "lint", "own.toml"]);
    assert!(page.contains("takes by-file, as X-Key, from the file kept"), "{page}");
    assert!(page.contains("takes by-env, as token, from the variable OF_FAILBACK"), "{page}");
    let (code, told) = run(&stage, &["run", "own.toml", "--json"]);
    assert_eq!(code, 0, "{told}");
    let all = asked.lock().expect("a list").clone();
    let has = |at: usize, line: &str| all[at].iter().any(|header| header.eq_ignore_ascii_case(line));
    assert!(has(0, &format!("authorization: Bearer {}", CANARIES[3].1)), "{all:?}");
    assert!(
        has(0, &format!("x-key: {}", CANARIES[1].1)) && has(1, &format!("authorization: Bearer {}", CANARIES[0].1)),
        "{all:?}"
    );
    let mut kept = Vec::new();
    files(&stage.path("runs"), &mut kept);
    for path in kept {
        expect_none(&std::fs::read_to_string(&path).unwrap_or_default(), &path.display().to_string());
    }
    // One that others can read is not sent.
    std::fs::set_permissions(stage.path("kept"), PermissionsExt::from_mode(0o644)).expect("rights");
    let (code, told) = run(&stage, &["run", "own.toml"]);
    assert!(code == 1 && told.contains("chmod 0600"), "{told}");
    assert_eq!(asked.lock().expect("a list").len(), 2);
}

#[test]
fn a_program_sees_no_secret_that_its_step_does_not_name() {
    let stage = stage();
    let text = runbook("1m").replace("secrets = { SECRET = \"by-env\" }\n", "");
    stage.write("own.toml", &text);
    let (code, told) = run(&stage, &["run", "own.toml", "--json"]);
    assert_eq!(code, 0, "{told}");
    let had = std::fs::read_to_string(stage.path("seen")).expect("text");
    assert_eq!(had.lines().next(), Some(""), "{had}");
}
