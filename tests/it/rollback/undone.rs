//! What is said of a rollback that was taken back: all of it, or what stands by name, by every verb alike.

use super::stage::last;
use super::steps::{stage, step};

/// A step without an undo.
fn blind(id: &str) -> String {
    step(id, "").split_inclusive('\n').filter(|line| !line.starts_with("undo")).collect()
}

#[test]
fn what_cannot_be_taken_back_is_named_and_counted() {
    let stage = stage(&(step("a", "") + &blind("b") + &step("c", "")));
    assert_eq!(stage.run(&["run", "own.toml"]).code, 0);
    let would = stage.run(&["undo", "--dry-run"]).stdout;
    assert!(would.contains("  c (done): Step c") && would.contains("cannot be taken back:\n  b"), "{would}");
    let undone = stage.run(&["undo", "--confirm", "dev"]);
    assert_eq!(undone.code, 9, "{}{}", undone.stdout, undone.stderr);
    for said in ["2 of 3 steps", "Own: done, and partly taken back", "cannot be taken back:\n  b"] {
        assert!(undone.stdout.contains(said), "{said}: {}", undone.stdout);
    }
    let again = stage.run(&["undo", "--confirm", "dev", "--json"]);
    let (status, resumed) = (stage.run(&["status", "--json"]), stage.run(&["resume", "--json"]));
    assert_eq!((again.code, status.code, resumed.code), (9, 0, 9));
    for output in [again, status, resumed] {
        let document = last(&output.stdout);
        assert_eq!(document["state"], "done, and partly taken back", "{document:#}");
        assert_eq!(document["not_taken_back"][0]["step"], "b", "{document:#}");
        assert_eq!(document["not_taken_back"][0]["can_be"], false, "{document:#}");
    }
    for words in [["status"].as_slice(), &["resume"]] {
        let said = stage.run(words).stdout;
        assert!(said.contains("Own: done, and partly taken back") && said.contains("cannot be taken back:\n  b"), "{said}");
    }
    let written = stage.run(&["postmortem"]).stdout;
    assert!(written.contains("**Outcome**: done, and partly taken back (see below)"), "{written}");
    assert!(written.contains("- Step b: done, and cannot be taken back"), "{written}");
}

#[test]
fn one_step_that_is_taken_back_is_not_the_whole_rollback() {
    let stage = stage(&(blind("plan") + &step("deed", "")));
    assert_eq!(stage.run(&["run", "own.toml"]).code, 0);
    let undone = stage.run(&["undo", "deed", "--confirm", "dev"]);
    assert!(undone.code == 9 && undone.stdout.contains("1 of 1 step "), "{}{}", undone.stdout, undone.stderr);
    assert!(stage.run(&["status"]).stdout.contains("Own: done, and partly taken back"));
    let none = stage.run(&["undo", "plan", "--confirm", "dev"]);
    assert!(none.code == 2 && none.stderr.contains("`plan`"), "{}", none.stderr);
}

#[test]
fn where_nothing_can_be_taken_back_that_is_said() {
    let stage = stage(&blind("b"));
    assert_eq!(stage.run(&["run", "own.toml"]).code, 0);
    let undone = stage.run(&["undo", "--confirm", "dev"]);
    assert!(undone.code == 9 && undone.stdout.contains("0 of 1 step "), "{}{}", undone.stdout, undone.stderr);
    assert!(undone.stdout.contains("Own: done\n") && undone.stdout.contains("cannot be taken back:\n  b"), "{}", undone.stdout);
}

/// A merge is taken back by a person, who looks at rows that OLD has changed since: the command is said, ready to be typed.
#[test]
fn what_a_recovery_brought_is_taken_back_by_hand() {
    let recover = "[[step]]\nid = \"recover\"\ntitle = \"recover\"\nkind = \"engine\"\neffect = \"write\"\n\
                   run = [\"recover\", \"--run\", \"${rollback.folder}/recovery\", \"--confirm\", \"old:5432\"]\n";
    let stage = stage(&(step("a", "") + recover));
    let stopped = stage.run(&["run", "own.toml"]);
    assert_eq!(stopped.code, 8, "no server is known: {}", stopped.stdout);
    let undone = stage.run(&["undo", "--confirm", "dev", "--json"]);
    assert_eq!(undone.code, 9, "{}", undone.stdout);
    let document = last(&undone.stdout);
    let by_hand = document["not_taken_back"][0]["by_hand"].as_str().expect("a command");
    let expected = format!("failback undo --run '{}/recovery' --confirm old:5432 --config ", stage.rollback().display());
    assert!(by_hand.starts_with(&expected) && by_hand.ends_with("--env dev"), "{by_hand}");
}

/// While it is under way, or after somebody ended it, it is said as well; what is gone on with is done again.
#[test]
fn before_the_end_it_is_said_what_stands_too() {
    let fails = "[[step]]\nid = \"f\"\ntitle = \"f\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"false\"]\n";
    for (steps, code, so) in [(step("a", "") + &blind("b"), 9, "partly taken back"), (step("a", ""), 0, "taken back")] {
        let stage = stage(&(steps + fails));
        assert_eq!(stage.run(&["run", "own.toml"]).code, 8);
        let undone = stage.run(&["undo", "--confirm", "dev", "--json"]);
        assert_eq!(undone.code, code, "{}", undone.stdout);
        let expected = format!("under way, and {so}");
        assert_eq!(last(&undone.stdout)["state"], *expected);
        assert_eq!(last(&stage.run(&["status", "--json"]).stdout)["state"], *expected);
        assert!(stage.run(&["postmortem"]).stdout.contains(&format!("**Outcome**: still under way, and {so}")));
        assert_eq!(stage.run(&["abort", "enough", "--by", "ada"]).code, 0);
        let over = format!("ended by ada: enough, and {so}");
        assert_eq!(last(&stage.run(&["status", "--json"]).stdout)["state"], *over);
        let resumed = stage.run(&["resume"]);
        assert!(resumed.code == 4 && resumed.stdout.contains(&format!("ada ended it: enough, and {so}")), "{}", resumed.stdout);
        assert!(stage.run(&["postmortem"]).stdout.contains(&format!("**Outcome**: {over}")));
    }
}

/// What a step changed until it failed is nobody's to take back, and is not passed over.
#[test]
fn a_step_that_failed_may_have_changed_something() {
    let fails = blind("f").replace("echo f >> done", "echo half >> done; exit 1");
    let stage = stage(&(step("a", "") + &fails));
    assert_eq!(stage.run(&["run", "own.toml"]).code, 8);
    let undone = stage.run(&["undo", "--confirm", "dev"]);
    assert!(undone.code == 9 && undone.stdout.contains("1 of 2 steps"), "{}{}", undone.stdout, undone.stderr);
    assert!(undone.stdout.contains("  f (failed)"), "{}", undone.stdout);
}
