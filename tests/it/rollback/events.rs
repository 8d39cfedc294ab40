//! What a program reads of a rollback: an event a line, in the journal's order, and a summary in the end.

use serde_json::Value;

use super::stage::{Stage, events, last};

const OWN: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"A runbook of the test's.\"\n\
    [[step]]\nid = \"look\"\ntitle = \"It is there\"\nkind = \"command\"\neffect = \"read\"\n\
    run = [\"sh\", \"-c\", \"echo said; test -e ready\", \"hunter2-of-old\"]\n\
    [[step]]\nid = \"make\"\ntitle = \"It is made\"\nkind = \"command\"\neffect = \"write\"\nrun = [\"touch\", \"made\"]\n\
    undo = [\"rm\", \"made\"]\napproval = { roles = [\"lead\"] }\n\
    [[notice]]\nid = \"told\"\non = \"declared\"\nto = [\"nowhere\"]\ntext = \"told\"\n";

fn stage() -> Stage {
    let stage = Stage::new(None, "");
    stage.write("own.toml", OWN);
    stage
}

/// The events without those that come when they like.
fn told(mut events: Vec<Value>) -> Vec<Value> {
    events.retain(|event| event["event"] != "notice");
    events
}

fn words(events: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |event: &Value| match &event["step"] {
        Value::Null => text(&event["event"]),
        step => format!("{} {}", text(&event["event"]), text(step)),
    };
    events.iter().map(of).collect()
}

fn run(stage: &Stage, words: &[&str]) -> (i32, Vec<Value>) {
    let mut command = stage.command(words);
    let output = command.arg("--json").env("OLD_PGPASSWORD", "hunter2-of-old").output().expect("failback");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(!said.contains("hunter2"), "{said}");
    (output.status.code().unwrap_or(-1), events(&said))
}

fn run_quietly(stage: &Stage, words: &[&str]) -> (i32, Vec<Value>) {
    let (code, events) = run(stage, words);
    // What is noted of OLD is no matter of this.
    (code, told(events).into_iter().filter(|event| event["event"] != "note").collect())
}

#[test]
fn an_event_is_a_line_and_the_last_one_is_the_summary() {
    let stage = stage();
    let (code, failed) = run_quietly(&stage, &["run", "own.toml", "--incident", "a \u{1b}[2J b"]);
    assert_eq!(
        (code, words(&failed)),
        (1, ["declared", "begun look", "running look", "ran look", "failed look", "summary"].map(str::to_owned).to_vec())
    );
    assert_eq!(failed[0]["incident"], "a \u{1b}[2J b");
    let begun = &failed[1];
    assert_eq!((&begun["kind"], &begun["number"], &begun["of"]), (&"command".into(), &1.into(), &2.into()));
    let argv = serde_json::json!(["sh", "-c", "echo said; test -e ready", "•••"]);
    assert_eq!((&failed[2]["argv"], &failed[3]["argv"], &failed[3]["exit"]), (&argv, &argv, &1.into()));
    assert!(failed[4]["cause"].as_str().is_some_and(|cause| cause.contains("exit code 1")), "{:#}", failed[4]);
    assert!(failed[..5].iter().all(|event| event["at"].as_str().is_some_and(|at| at.ends_with('Z'))));
    assert_eq!((&failed[5]["command"], &failed[5]["stopped_at"]), (&"rollback".into(), &"look".into()));
    assert_eq!(failed[5]["schema_version"], 1);

    stage.write("ready", "");
    let (code, waits) = run_quietly(&stage, &["resume"]);
    assert_eq!(
        (code, words(&waits)),
        (
            4,
            ["resumed", "begun look", "running look", "ran look", "done look", "waiting make", "summary"]
                .map(str::to_owned)
                .to_vec()
        )
    );
    assert_eq!(waits[5]["cause"], "nobody has approved as lead");
    assert_eq!(stage.run(&["approve", "make", "--as", "lead", "--by", "ada"]).code, 0);
    let (code, done) = run_quietly(&stage, &["resume"]);
    assert_eq!(
        (code, words(&done)),
        (
            0,
            ["resumed", "begun make", "running make", "ran make", "done make", "finished", "summary"]
                .map(str::to_owned)
                .to_vec()
        )
    );
}

#[test]
fn status_tells_all_that_the_journal_holds() {
    let stage = stage();
    run(&stage, &["run", "own.toml"]);
    assert_eq!(stage.run(&["note", "we wait"]).code, 0);
    assert_eq!(stage.run(&["skip", "look", "--why", "known", "--by", "ada"]).code, 0);
    let (code, all) = run(&stage, &["status"]);
    let without = told(all.clone());
    let expected = ["declared", "begun look", "ran look", "failed look", "note", "skipped look", "summary"];
    assert_eq!((code, words(&without)), (0, expected.map(str::to_owned).to_vec()));
    assert!(all.iter().any(|event| event["event"] == "notice" && event["sent"] == "failed"), "{all:#?}");
    let numbers: Vec<_> = all.iter().filter_map(|event| event["line"].as_u64()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let said = stage.run(&["note", "more", "--json"]);
    let document: Value = serde_json::from_str(&said.stdout).expect("what says something prints one document");
    assert_eq!((&document["command"], &document["event"]), (&"rollback".into(), &Value::Null));
}

#[test]
fn an_error_is_the_last_line() {
    let stage = stage();
    let (code, told) = run(&stage, &["status"]);
    assert_eq!((code, told.len(), &told[0]["event"], &told[0]["error"]["exit_code"]), (2, 1, &"error".into(), &2.into()));
    run(&stage, &["run", "own.toml"]);
    let journal = stage.rollback().join("journal.jsonl");
    let text = std::fs::read_to_string(&journal).expect("text");
    std::fs::write(&journal, text.replace("not stated", "as stated")).expect("written");
    let damaged = stage.run(&["resume", "--json"]);
    assert_eq!((damaged.code, &last(&damaged.stdout)["event"]), (7, &"error".into()), "{}", damaged.stdout);
}
