//! A phase is rehearsed: everything is looked at, nothing is done, and all that is missing is told in one go.

use serde_json::Value;

use super::stage::{NEW, Stage};
use crate::support;

const HEAD: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"A runbook of the test's.\"\n";

const STEPS: &str = "[[step]]\nid = \"declare\"\ntitle = \"declare\"\nkind = \"approval\"\nquestion = \"?\"\n\
    approval = { roles = [\"commander\"] }\n\
    [[step]]\nid = \"look\"\ntitle = \"look\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"test\", \"-e\", \"ready\"]\n\
    [[step]]\nid = \"make\"\ntitle = \"make\"\nkind = \"command\"\neffect = \"write\"\nrun = [\"touch\", \"made\"]\n\
    probe = [\"test\", \"-e\", \"made\"]\nneeds = [\"look\"]\n\
    [[step]]\nid = \"after\"\ntitle = \"after\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"test\", \"-e\", \"made\"]\n\
    needs = [\"make\"]\n\
    [[step]]\nid = \"later\"\ntitle = \"later\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"test\", \"-e\", \"made\"]\n\
    needs = [\"after\"]\n\
    [[step]]\nid = \"rest\"\ntitle = \"rest\"\nkind = \"wait\"\nfor = \"2h\"\n";

fn stage(steps: &str) -> Stage {
    let stage = Stage::new(None, "");
    stage.write("own.toml", &format!("{HEAD}{steps}"));
    stage
}

fn drill(stage: &Stage, words: &[&str]) -> (i32, Value) {
    let ran = stage.run(&[&["drill"], words, &["--json"]].concat());
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr));
    (ran.code, report)
}

fn findings(report: &Value) -> Vec<(&str, &str)> {
    let steps = report["steps"].as_array().expect("steps");
    steps.iter().map(|step| (step["id"].as_str().expect("an id"), step["finding"].as_str().expect("a finding"))).collect()
}

#[test]
fn what_would_change_something_is_left_alone_and_the_rest_is_looked_at() {
    let stage = stage(STEPS);
    let (code, report) = drill(&stage, &["own.toml"]);
    let expected = [
        ("declare", "not_looked"),
        ("look", "not_ready"),
        ("make", "left_alone"),
        ("after", "not_yet"),
        ("later", "not_yet"),
        ("rest", "not_looked"),
    ];
    assert_eq!((code, findings(&report)), (1, expected.to_vec()), "{report:#}");
    stage.write("ready", "");
    let (code, report) = drill(&stage, &["own.toml"]);
    assert_eq!((code, &report["ready"], &report["carried_out"]), (0, &true.into(), &false.into()), "{report:#}");
    let make = &report["steps"][2];
    assert_eq!(make["looked_at"], serde_json::json!(["test -e made"]), "its probe");
    assert_eq!(make["left_alone"][1], "touch made");
    assert!(report["steps"][1]["milliseconds"].is_u64() && !stage.path("made").exists());
    stage.write("made", "");
    let (_, report) = drill(&stage, &["own.toml"]);
    let now: Vec<_> = findings(&report).into_iter().skip(2).take(3).map(|(_, finding)| finding).collect();
    assert_eq!(now, ["already_done", "ready", "ready"]);
    let page = stage.run(&["drill", "own.toml"]);
    for line in ["6 steps were looked at", "none was carried out", "looked at   test -e ready", "left alone  touch made"] {
        assert!(page.stdout.contains(line), "{line}: {}", page.stdout);
    }
}

/// A drill is no rollback: it has a journal of its own, and neither status nor the next rollback knows of it.
#[test]
fn a_drill_is_kept_apart_and_never_counts() {
    let stage = stage(STEPS);
    stage.write("ready", "");
    let (_, report) = drill(&stage, &["own.toml"]);
    assert_eq!(stage.run(&["status"]).code, 2, "none has begun");
    assert!(!stage.path("runs/rollback").exists());
    let folder = std::path::PathBuf::from(report["folder"].as_str().expect("a folder"));
    assert!(folder.starts_with(stage.path("runs/drills/dev")), "{}", folder.display());
    let journal = std::fs::read_to_string(folder.join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("\"purpose\":\"drill\"") && !journal.contains("declared"), "{journal}");
    let waits = stage.run(&["run", "own.toml"]);
    assert!(waits.code == 4 && waits.stdout.contains("waits at declare"), "{}", waits.stdout);
    let (code, _) = drill(&stage, &["own.toml"]);
    assert_eq!(code, 0, "beside a rollback that is under way");
    assert_eq!(stage.state("declare"), "waiting");
}

/// What a program complains plays no tricks on a terminal.
#[test]
fn what_programs_say_is_spelt_out() {
    let step = "[[step]]\nid = \"a\"\ntitle = \"a\"\nkind = \"command\"\neffect = \"read\"\n\
        run = [\"sh\", \"-c\", \"printf 'no \\\\033[2J such\\\\n' >&2; exit 1\"]\n";
    let stage = stage(step);
    for words in [&["drill", "own.toml"][..], &["run", "own.toml"]] {
        let said = stage.run(words);
        assert!(said.code == 1 && said.stdout.contains("no \\u{1b}[2J such"), "{}", said.stdout);
        assert!(!format!("{}{}", said.stdout, said.stderr).contains('\u{1b}'));
    }
}

#[test]
fn all_that_is_missing_is_told_in_one_go() {
    let steps = "[[step]]\nid = \"a\"\ntitle = \"a\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"no-such-program\"]\n\
        [[step]]\nid = \"b\"\ntitle = \"b\"\nkind = \"redis\"\naddress = \"${cache}\"\n\
        [[step]]\nid = \"c\"\ntitle = \"c\"\nkind = \"dns\"\ndo = \"settled\"\nname = \"${subdomain}\"\nzone = \"${zone}\"\n\
        to = \"192.0.2.10\"\nservers = [\"${dns_servers}\"]\n\
        [[step]]\nid = \"d\"\ntitle = \"d\"\nkind = \"dns\"\ndo = \"settled\"\nname = \"nowhere\"\nzone = \"${zone}\"\n\
        to = \"192.0.2.10\"\nservers = [\"${dns_servers}\"]\n\
        [[step]]\nid = \"e\"\ntitle = \"e\"\nkind = \"azure\"\ndo = \"account\"\nsubscription = \"another\"\n\
        [[notice]]\nid = \"n\"\non = \"declared\"\nto = [\"pager\"]\ntext = \"n\"\n";
    let stage = stage(steps);
    let (code, report) = drill(&stage, &["own.toml"]);
    assert_eq!(code, 1);
    let flaws = report["flaws"].as_array().expect("flaws");
    let named: Vec<_> = flaws.iter().map(|flaw| format!("{} {}", flaw["about"], flaw["name"]).replace('"', "")).collect();
    assert_eq!(named, ["variable cache", "variable subdomain", "channel pager", "program no-such-program"], "{report:#}");
    let expected = [("a", "cannot_look"), ("b", "cannot_look"), ("c", "cannot_look"), ("d", "not_ready"), ("e", "not_ready")];
    assert_eq!(findings(&report), expected);
    let causes: Vec<_> = report["steps"].as_array().expect("steps").iter().map(|step| step["cause"].to_string()).collect();
    for (number, cause) in [(0, "no-such-program"), (1, "cache"), (3, "has no address"), (4, "and another is meant")] {
        assert!(causes[number].contains(cause), "{cause}: {causes:#?}");
    }
}

#[test]
fn a_phase_is_rehearsed_and_nothing_moves() {
    let pair = support::pair("rollback_drill");
    let stage = Stage::new(Some(&pair), &format!("databases = [\"{}\"]\ncutover = 2026-11-22T10:00:00Z", pair.database));
    let (code, report) = drill(&stage, &["quick"]);
    assert_eq!(code, 1, "the stage has no cluster");
    let names: Vec<_> =
        report["flaws"].as_array().expect("flaws").iter().map(|flaw| flaw["name"].as_str().unwrap_or("")).collect();
    for name in ["namespace", "ingress", "old_group", "old_cluster"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let of = |id: &str| {
        let steps = report["steps"].as_array().expect("steps");
        steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("{id}: {report:#}")).clone()
    };
    assert_eq!(of("databases")["finding"], "ready");
    assert_eq!(of("sequences")["finding"], "left_alone");
    assert!(of("sequences")["looked_at"][0].as_str().is_some_and(|line| line.starts_with("failback sequences --config")));
    assert_eq!(stage.leads("chain"), NEW);
    assert_eq!(stage.calls("record-set a update"), 0);
    let limit = format!("select datconnlimit from pg_database where datname = '{}'", pair.database);
    assert_eq!(support::value(&pair.new, &limit).as_deref(), Some("-1"), "NEW is not fenced");
    assert_eq!(stage.run(&["drill", "qiuck"]).code, 2);
    assert_eq!(stage.run(&["drill", "evaluated"]).code, 2, "which way?");
}
