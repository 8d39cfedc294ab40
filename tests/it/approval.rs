//! `failback approve` and `failback deny`: who said what of a plan, and that a merge waits for it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::show::Scene;
use crate::support::{self, Output};

const ROLES: &str = "[approval]\nroles = [\"incident commander\", \"dba\"]\n";

fn merge(scene: &Scene) -> Output {
    scene.run(&["merge", "--leave-held", "--confirm", &scene.pair.database])
}

fn standing(scene: &Scene) -> Value {
    let output = scene.run(&["approve", "--json"]);
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", output.stdout, output.stderr))
}

fn approve(scene: &Scene, role: &str, by: &str) -> i32 {
    scene.run(&["approve", "--as", role, "--by", by]).code
}

/// Whether OLD has the row that the merge brings.
fn is_merged(scene: &Scene) -> bool {
    support::value(&scene.pair.old, "select count(*) from app.people where id = 31").as_deref() == Some("1")
}

#[test]
fn a_merge_waits_for_as_many_different_people_as_were_asked_for() {
    let scene = Scene::new("approval_waits", ROLES);
    assert_eq!(standing(&scene)["approvers"], 2);
    for (role, by, code) in [("incident commander", "ada", 4), ("dba", "Ada", 4)] {
        assert_eq!(approve(&scene, role, by), code, "{role} {by}");
        let refused = merge(&scene);
        assert_eq!(refused.code, 4, "{}", refused.stderr);
        assert!(
            refused.stderr.contains("1 of 2 different people") && refused.stderr.contains("OLD was not touched"),
            "{}",
            refused.stderr
        );
    }
    assert!(!is_merged(&scene));
    assert_eq!(scene.run(&["merge", "--leave-held", "--dry-run"]).code, 0, "a rehearsal writes nothing and needs no approval");
    assert_eq!(approve(&scene, "DBA", "bob"), 0);
    let merged = merge(&scene);
    assert_eq!(merged.code, 9, "{}", merged.stderr);
    assert!(is_merged(&scene));
    let status = scene.run(&["status"]).stdout;
    assert!(status.contains("approved by bob, as dba") && status.contains("is approved by 2 people"), "{status}");
}

#[test]
fn whatever_changes_the_plan_voids_what_was_said_of_it() {
    let scene = Scene::new("approval_void", ROLES);
    assert_eq!((approve(&scene, "incident commander", "ada"), approve(&scene, "dba", "bob")), (4, 0));
    assert_eq!(scene.run(&["decide", "delete=apply_new", "--why", "agreed"]).code, 0);
    let stale = scene.run(&["approve", "--as", "dba", "--by", "eve"]);
    assert!(stale.code == 4 && stale.stderr.contains("decisions.toml, or its list of picks, changed"), "{}", stale.stderr);
    assert_eq!(scene.run(&["plan"]).code, 0);
    let found = standing(&scene);
    assert_eq!((&found["approved"], &found["void"], &found["enough"]), (&0.into(), &2.into(), &false.into()));
    assert_eq!(merge(&scene).code, 4);
    // The same plan again is the plan that was approved.
    assert_eq!(scene.run(&["decide", "delete=hold", "--why", "no"]).code, 0);
    assert_eq!(scene.run(&["plan"]).code, 0);
    assert!(!is_merged(&scene));
}

/// What was approved can be held against what is to be approved now.
#[test]
fn a_plan_says_what_moved_since_the_one_before() {
    let scene = Scene::new("approval_moved", "");
    let planned = |arguments: &[&str]| -> Value {
        let output = scene.run(&[&["plan", "--json"], arguments].concat());
        serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", output.stderr))
    };
    let again = planned(&[])["moves"].clone();
    assert_eq!((&again["same"], again["moved"].as_array().map(Vec::len)), (&true.into(), Some(0)));
    assert_eq!(scene.run(&["decide", "conflict=apply_new", "--why", "agreed"]).code, 0);
    let copy = scene.home().join("before");
    std::fs::create_dir(&copy).expect("a folder");
    std::fs::copy(scene.in_run("plan.json"), copy.join("plan.json")).expect("the plan of before");
    let moves = planned(&[])["moves"].clone();
    let rows_of = |what: &str| {
        let rows = moves["moved"].as_array().expect("moved rows");
        let one = rows.iter().find(|row| row["what"].as_str().is_some_and(|text| text.starts_with(what))).expect(what);
        (one["table"].as_str().expect("a table").to_owned(), one["before"].as_u64(), one["now"].as_u64())
    };
    assert_eq!(rows_of("update_origin_differs"), ("app.people".to_owned(), Some(1), Some(0)));
    let (table, before, now) = rows_of("update");
    assert_eq!((table.as_str(), now.unwrap_or(0).abs_diff(before.unwrap_or(0))), ("app.people", 1));
    let named = planned(&["--against", &copy.display().to_string()])["moves"].clone();
    assert_eq!((&named["moved"], &named["before"]), (&moves["moved"], &moves["before"]));
    let shown = scene.run(&["plan", "--against", &copy.display().to_string(), "--width", "80"]).stdout;
    assert!(shown.contains("moved since plan") && shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}

#[test]
fn a_denial_stops_a_merge_whoever_approves() {
    let scene = Scene::new("approval_denied", ROLES);
    assert_eq!((approve(&scene, "incident commander", "ada"), approve(&scene, "dba", "bob")), (4, 0));
    let bare = scene.run(&["deny", "--as", "dba", "--by", "eve"]);
    assert!(bare.code == 2 && bare.stderr.contains("--comment"), "{}", bare.stderr);
    assert_eq!(scene.run(&["deny", "--as", "dba", "--by", "eve", "--comment", "not on a Friday"]).code, 4);
    let refused = merge(&scene);
    assert!(refused.code == 4 && refused.stderr.contains("not on a Friday"), "{}", refused.stderr);
    assert!(!is_merged(&scene));
    assert_eq!(approve(&scene, "dba", "eve"), 0);
    assert_eq!(merge(&scene).code, 9);
}

#[test]
fn a_role_that_nobody_asked_for_is_an_error_with_the_nearest_name() {
    let scene = Scene::new("approval_role", ROLES);
    let output = scene.run(&["approve", "--as", "incident comander", "--by", "ada"]);
    assert!(output.code == 2 && output.stderr.contains("did you mean `incident commander`?"), "{}", output.stderr);
    assert!(standing(&scene)["votes"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn a_line_that_was_altered_is_damage_and_not_one_word_less() {
    let scene = Scene::new("approval_altered", ROLES);
    assert_eq!(scene.run(&["deny", "--as", "dba", "--by", "eve", "--comment", "no"]).code, 4);
    assert_eq!((approve(&scene, "incident commander", "ada"), approve(&scene, "dba", "bob")), (4, 4));
    let file = scene.in_run("approvals.jsonl");
    let text = std::fs::read_to_string(&file).expect("approvals");
    std::fs::write(&file, text.replacen("denied", "denies", 1)).expect("approvals");
    let refused = merge(&scene);
    assert!(refused.code == 7 && refused.stderr.contains("approvals.jsonl"), "{}", refused.stderr);
    assert!(!is_merged(&scene));
}

fn make_key(folder: &Path, name: &str) -> String {
    let file = folder.join(name);
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&file).status();
    assert!(made.expect("ssh-keygen, of Debian's openssh-client").success());
    file.display().to_string()
}

#[test]
fn where_keys_are_listed_only_their_owners_signatures_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ada, eve) = (make_key(folder.path(), "ada"), make_key(folder.path(), "eve"));
    let public = std::fs::read_to_string(format!("{ada}.pub")).expect("a public key");
    let signers = folder.path().join("signers");
    std::fs::write(&signers, format!("ada {public}")).expect("signers");
    let scene = Scene::new("approval_signed", &format!("[approval]\napprovers = 1\nsigners = \"{}\"\n", signers.display()));
    for (by, key, said) in
        [("ada", None, "not signed"), ("ada", Some(&eve), "does not hold"), ("eve", Some(&eve), "does not hold")]
    {
        let mut arguments = vec!["approve", "--as", "dba", "--by", by];
        arguments.extend(key.into_iter().flat_map(|key| ["--key", key.as_str()]));
        let output = scene.run(&arguments);
        assert!(output.code == 6 && output.stderr.contains(said), "{by}: {}", output.stderr);
    }
    assert_eq!(merge(&scene).code, 4);
    let output = scene.run(&["approve", "--as", "dba", "--by", "ada", "--key", &ada]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    // Ada's key is taken from the list: what it signed counts no more.
    std::fs::write(&signers, "").expect("signers");
    let refused = merge(&scene);
    assert!(refused.code == 4 && standing(&scene)["votes"][0]["void"].as_str().is_some(), "{}", refused.stderr);
    std::fs::write(&signers, format!("ada {public}")).expect("signers");
    assert_eq!(merge(&scene).code, 9);
    assert!(is_merged(&scene));
}

#[test]
fn recover_stops_for_approvals() {
    let scene = Scene::new("approval_recover", ROLES);
    let output = scene.run(&["recover", "--leave-held", "--confirm", &scene.pair.database]);
    assert_eq!(output.code, 3, "{}", output.stderr);
    assert!(
        output.stdout.contains("failback approve") && output.stdout.contains("--as 'incident commander'"),
        "{}",
        output.stdout
    );
    assert!(!is_merged(&scene));
}

#[test]
fn what_an_environment_asked_of_a_run_is_asked_by_whoever_forgets_to_name_it() {
    let asked =
        "[environments.prod.approval]\nroles = [\"dba\", \"lead\"]\n[environments.prod.mask]\n\"app.*\" = [\"email\"]\n";
    let scene = Scene::new("approval_env", asked);
    assert_eq!(scene.run(&["plan", "--env", "prod"]).code, 0);
    let folder = scene.folder().display().to_string();
    let nowhere = tempfile::tempdir().expect("another folder");
    let bare = nowhere.path().join("failback.toml");
    let servers = format!("[old]\nurl = \"{}\"\n[new]\nurl = \"{}\"\n", scene.pair.old, scene.pair.new);
    std::fs::write(&bare, servers).expect("a configuration of another folder");
    let bare = bare.display().to_string();
    for elsewhere in [&[][..], &["--config", &bare, "--run", &folder][..]] {
        let call = |arguments: &[&str]| scene.run(&[arguments, elsewhere].concat());
        let refused = call(&["merge", "--leave-held", "--confirm", &scene.pair.database]);
        assert!(refused.code == 4 && refused.stderr.contains("0 of 2 different people"), "{}", refused.stderr);
        assert!(refused.stderr.contains("environment prod, under which this run was made"), "{}", refused.stderr);
        let status = call(&["status"]).stdout;
        assert!(status.contains("failback approve") && status.contains("environment prod"), "{status}");
        let shown = call(&["show", "app.people"]);
        assert!(!shown.stdout.contains(crate::show::CANARY) && shown.stdout.contains("(masked)"), "{}", shown.stdout);
        assert!(shown.stderr.contains("columns are masked as environment prod"), "{}", shown.stderr);
        let by = "masked: email, by [mask] \"app.*\" = \"email\" (environment prod, under which this run was made)";
        assert!(shown.stdout.contains(by), "{}", shown.stdout);
        assert_eq!(call(&["report"]).code, 0);
        let page = std::fs::read_to_string(scene.in_run("report.html")).expect("a page");
        assert!(!page.contains(crate::show::CANARY), "a masked value is on the page");
    }
    let named = scene.run(&["show", "app.people", "--env", "prod"]).stdout;
    assert!(named.contains("masked: email, by [environments.prod.mask] \"app.*\" = \"email\" (failback.toml:"), "{named}");
    // Who takes the file away asks for everybody anew, and not for nobody.
    let (demands, aside) = (scene.in_run("demands.json"), scene.home().join("demands.json"));
    std::fs::rename(&demands, &aside).expect("to take it away");
    for arguments in [&["merge", "--leave-held", "--confirm", &scene.pair.database][..], &["show", "app.people"], &["plan"]] {
        let missed = scene.run(&[arguments, &["--config", &bare, "--run", &folder]].concat());
        assert!(missed.code == 7 && missed.stderr.contains("demands.json"), "{}", missed.stderr);
        assert!(!missed.stdout.contains(crate::show::CANARY) && !is_merged(&scene), "{}", missed.stdout);
    }
    std::fs::rename(&aside, &demands).expect("to put it back");
    // A plan that is made without the environment is asked the same.
    assert_eq!(scene.run(&["plan"]).code, 0);
    assert_eq!((merge(&scene).code, is_merged(&scene)), (4, false));
    assert_eq!((approve(&scene, "dba", "ada"), approve(&scene, "lead", "bob")), (4, 0));
    let next = scene.run(&["approve"]).stdout;
    assert!(next.contains("merge --leave-held"), "rows are held: {next}");
    assert_eq!((merge(&scene).code, is_merged(&scene)), (9, true));
}
