//! Recovery that is put off to a stated time: the rest goes on, nothing is destroyed until then, and it is said everywhere.

use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

use super::parts::stage as stage_of_phases;
use super::stage::{Stage, last};

/// A phase whose recovery is put off; what comes before and after does not hang on it, but for one step.
fn runbook(at: &str) -> String {
    let step = |id: &str, rest: &str| {
        format!("[[step]]\nid = \"{id}\"\ntitle = \"{id}\"\nkind = \"command\"\nrun = [\"touch\", \"{id}\"]\n{rest}\n")
    };
    [
        "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Recovers later.\"\n",
        &step("flip", "effect = \"write\""),
        &step("recover", &format!("effect = \"write\"\nnot_before = \"{at}\"")),
        &step("verify", "effect = \"write\"\nneeds = [\"recover\"]"),
        &step("observe", "effect = \"write\"\nneeds = [\"flip\"]"),
        &step("destroy", "effect = \"destructive\"\nneeds = [\"flip\"]\napproval = { roles = [\"commander\"] }"),
    ]
    .concat()
}

fn there(stage: &Stage) -> Vec<&'static str> {
    let all = ["flip", "recover", "verify", "observe", "destroy"];
    all.into_iter().filter(|name| stage.path(name).exists()).collect()
}

#[test]
fn what_is_put_off_waits_and_the_rest_goes_on_and_nothing_is_destroyed() {
    let stage = Stage::new(None, "");
    let at = Timestamp::now() + 15.seconds();
    let text = at.strftime("%Y-%m-%dT%H:%M:%S[UTC]").to_string();
    stage.write("own.toml", &runbook(&text));
    let shown = stage.run(&["run", "own.toml", "--dry-run"]);
    assert!(shown.code == 0 && shown.stdout.contains(&format!("not before {text}")), "{shown:?}");
    let plan: Value = serde_json::from_str(&stage.run(&["runbook", "lint", "own.toml", "--json"]).stdout).expect("a document");
    assert_eq!(plan["steps"][1]["not_before"], text.as_str());

    let waits = stage.run(&["run", "own.toml", "--confirm", "dev", "--json"]);
    let summary = last(&waits.stdout);
    assert_eq!((waits.code, summary["stopped_at"].as_str()), (4, Some("recover")), "{waits:?}");
    assert!(
        summary["cause"].as_str().is_some_and(|cause| cause.contains(&text) && cause.contains("nothing of NEW is destroyed"))
    );
    assert_eq!(there(&stage), ["flip", "observe"]);
    // Neither consent nor another phase brings it forward.
    assert_eq!(stage.run(&["approve", "destroy", "--as", "commander", "--by", "ada"]).code, 0);
    let again = stage.run(&["resume", "--confirm", "dev"]);
    assert!(again.code == 4 && again.stdout.contains("put off until") && again.stdout.contains("resume"), "{again:?}");
    assert_eq!(there(&stage), ["flip", "observe"]);
    let another = stage.run(&["run", "own.toml", "--confirm", "dev"]);
    assert!(another.code == 4 && another.stderr.contains("under way"), "{another:?}");
    let status = stage.run(&["status", "--json"]);
    let now = |step: usize| last(&status.stdout)["steps"][step]["state"].clone();
    assert_eq!((now(1), now(2), now(3), now(4)), ("waiting".into(), "waiting".into(), "done".into(), "waiting".into()));
    let written = stage.run(&["postmortem"]).stdout;
    assert!(written.contains(&format!("**Put off**: recover, until {text}")) && written.contains(": not begun"), "{written}");

    while Timestamp::now() < at + 1.seconds() {
        std::thread::sleep(Duration::from_millis(100));
    }
    let done = stage.run(&["resume", "--confirm", "dev"]);
    assert_eq!((done.code, there(&stage).len()), (0, 5), "{done:?}");
    let written = stage.run(&["postmortem"]).stdout;
    assert!(written.contains("**Put off**: recover") && written.contains(", done"), "{written}");
}

#[test]
fn a_phase_puts_recovery_off_by_an_option() {
    let stage = stage_of_phases();
    let later = "2999-11-23T02:00[Europe/Berlin]";
    let phases: [(&[&str], &str); 3] = [
        (&["quick"], "recover"),
        (&["evaluated", "--option", "partial"], "recover"),
        (&["long-term", "--option", "partial"], "recover"),
    ];
    for (phase, step) in phases {
        let shown = stage.run(&[phase, &["--dry-run", "--json", "--recover-at", later]].concat());
        let plan: Value = serde_json::from_str(&shown.stdout).unwrap_or_else(|error| panic!("{error}: {shown:?}"));
        let steps = plan["steps"].as_array().expect("steps").iter();
        let put_off: Vec<_> = steps.filter(|step| step["not_before"] == later).map(|step| step["id"].clone()).collect();
        assert_eq!(put_off, [step], "{phase:?}");
    }
    for (words, why) in [
        (&["quick", "--recover-at", "2999-11-23T02:00"][..], "no moment with its zone"),
        (&["quick", "--recover-at", "2020-11-23T02:00:00Z"], "is past"),
        (&["evaluated", "--option", "full-sync", "--recover-at", later], "no step of evaluated is put off by it"),
    ] {
        let wrong = stage.run(&[words, &["--dry-run"]].concat());
        assert!(wrong.code == 2 && wrong.stderr.contains(why), "{why}: {wrong:?}");
    }
}
