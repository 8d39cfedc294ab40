//! The list of what has to be so after a rollback: looked at with evidence, or answered by people, without a rollback.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::stage::Stage;
use crate::support::{Asked, Reply, Web};

const LIST: &str = "runbook = \"own\"\ntitle = \"Own list\"\nsummary = \"A list of the test's.\"\n\
    [[step]]\nid = \"list\"\ntitle = \"list\"\nkind = \"checklist\"\n\
    [[step.item]]\nid = \"file\"\ntext = \"the file is there\"\n\
    check = { kind = \"command\", run = [\"sh\", \"-c\", \"ls ready\"], effect = \"read\" }\n\
    [[step.item]]\nid = \"errors\"\ntext = \"few errors\"\nif_set = [\"prometheus\", \"errors_below\"]\n\
    check = { kind = \"prometheus\", url = \"${prometheus}\", query = \"rate\", below = \"${errors_below}\" }\n\
    [[step.item]]\nid = \"services\"\ntext = \"all services answer\"\n\
    check = { kind = \"command\", for_each = \"services\", effect = \"read\", \
    run = [\"test\", \"!\", \"-e\", \"${each}.down\"] }\n\
    [[step.item]]\nid = \"on-call\"\ntext = \"on call knows\"\n";

fn validate(stage: &Stage, words: &[&str]) -> (i32, Value) {
    let ran = stage.run(&[&["validate", "--file", "own.toml"], words, &["--json"]].concat());
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
    (ran.code, report)
}

fn finding(report: &Value, item: &str) -> (String, String) {
    let items = report["items"].as_array().expect("items");
    let one = items.iter().find(|one| one["id"] == item).expect("an item of that name");
    let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
    (text("finding"), text("cause"))
}

#[test]
fn each_item_is_looked_at_with_evidence_or_answered_by_somebody() {
    let stage = Stage::new(None, "");
    stage.write("own.toml", LIST);
    let (code, report) = validate(&stage, &[]);
    assert_eq!((code, &report["valid"]), (5, &false.into()));
    assert!(finding(&report, "file").1.contains("exit code"), "{report:#}");
    stage.write("ready", "");
    let (code, report) = validate(&stage, &[]);
    assert_eq!(code, 4, "people are asked: {report:#}");
    assert_eq!((finding(&report, "file").0.as_str(), finding(&report, "errors").0.as_str()), ("ready", "not_looked"));
    let folder = std::path::PathBuf::from(report["folder"].as_str().expect("a folder"));
    assert!(folder.starts_with(stage.path("runs/validations/dev")), "{}", folder.display());
    let evidence = report["items"][0]["evidence"].as_object().expect("evidence").keys().next().expect("a file").clone();
    assert_eq!(std::fs::read_to_string(folder.join(evidence)).expect("text"), "ready\n");
    let page = stage.run(&["validate", "--file", "own.toml"]);
    assert!(page.stdout.contains("--answer errors=yes --answer on-call=yes"), "{}", page.stdout);
    let answers = ["--answer", "errors=yes,on-call=yes", "--by", "ada"];
    let (code, report) = validate(&stage, &answers);
    assert_eq!((code, &report["valid"], &report["items"][3]["by"]), (0, &true.into(), &"ada".into()), "{report:#}");
    let journal = std::path::PathBuf::from(report["folder"].as_str().expect("a folder")).join("journal.jsonl");
    let journal = std::fs::read_to_string(journal).expect("text");
    assert!(journal.contains("\"purpose\":\"validation\"") && journal.contains("\"by\":\"ada\""), "{journal}");
    stage.write("chain.down", "");
    let (code, report) = validate(&stage, &answers);
    assert_eq!(code, 5);
    assert!(finding(&report, "services").1.starts_with("chain: test ended"), "{report:#}");
    let (code, report) = validate(&stage, &["--answer", "on-call=no"]);
    assert_eq!((code, finding(&report, "on-call").0.as_str()), (5, "not_ready"));
    assert_eq!(stage.run(&["status"]).code, 2, "no rollback has begun");
}

#[test]
fn a_figure_is_measured_where_somebody_said_how() {
    let value = Arc::new(Mutex::new("0.02"));
    let now = Arc::clone(&value);
    let web = Web::plain(move |_: &Asked| {
        let value = now.lock().expect("a value");
        let sample = format!(r#"{{"metric":{{}},"value":[1,"{value}"]}}"#);
        Reply::text(200, &format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{sample}]}}}}"#))
    });
    let stage = Stage::new(None, "");
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &format!("{config}prometheus = \"{}\"\nerrors_below = \"0.05\"\n", web.url("")));
    stage.write("own.toml", LIST);
    stage.write("ready", "");
    let (code, report) = validate(&stage, &["--answer", "on-call=yes"]);
    assert_eq!((code, &report["items"][1]["facts"]["value"]), (0, &"0.02".into()), "{report:#}");
    *value.lock().expect("a value") = "0.2";
    let (code, report) = validate(&stage, &["--answer", "on-call=yes"]);
    assert_eq!((code, finding(&report, "errors").1.as_str()), (5, "it is 0.2, and has to be below 0.05"));
    let refused = stage.run(&["validate", "--file", "own.toml", "--answer", "errors=yes"]);
    assert!(refused.code == 2 && refused.stderr.contains("people answer on-call"), "it is measured: {}", refused.stderr);
}

/// Who was killed at it has not seen that it is not so.
#[test]
fn a_check_that_was_killed_has_looked_at_nothing() {
    let stage = Stage::new(None, "");
    stage.write("own.toml", &LIST.replace("ls ready", "kill -9 $$"));
    let (code, report) = validate(&stage, &["--answer", "errors=yes,on-call=yes"]);
    assert_eq!((code, finding(&report, "file").0.as_str()), (9, "cannot_look"), "{report:#}");
    assert!(finding(&report, "file").1.contains("ended by a signal"), "{report:#}");
}

#[test]
fn a_list_that_does_more_than_to_look_is_none() {
    let stage = Stage::new(None, "");
    let step = "[[step]]\nid = \"w\"\ntitle = \"w\"\nkind = \"command\"\neffect = \"write\"\nrun = [\"touch\", \"made\"]\n";
    stage.write("own.toml", &format!("{LIST}{step}"));
    let refused = stage.run(&["validate", "--file", "own.toml"]);
    assert!(refused.code == 2 && refused.stderr.contains("does more than to look"), "{}", refused.stderr);
    assert!(!stage.path("made").exists() && !stage.path("runs").exists());
    let unset = stage.run(&["validate"]);
    assert_eq!(unset.code, 2);
    for name in ["namespace", "ingress", "old_group", "old_cluster"] {
        assert!(unset.stderr.contains(name), "all at once: {}", unset.stderr);
    }
}
