//! Steps of one's own runbook: intents, kills, consent, what is taken back, what people say.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::stage::{Stage, last};
use crate::support;

pub(super) const HEAD: &str = "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"A runbook of the test's.\"\n";

/// A step that adds its name to a file, and can tell whether it has.
pub(super) fn step(id: &str, more: &str) -> String {
    format!(
        "[[step]]\nid = \"{id}\"\ntitle = \"Step {id}\"\nkind = \"command\"\neffect = \"write\"\n\
         run = [\"sh\", \"-c\", \"echo {id} >> done\"]\nprobe = [\"grep\", \"-qx\", \"{id}\", \"done\"]\n\
         undo = [\"sed\", \"-i\", \"/^{id}$/d\", \"done\"]\n{more}\n"
    )
}

pub(super) fn stage(steps: &str) -> Stage {
    let stage = Stage::new(None, "");
    stage.write("own.toml", &format!("{HEAD}{steps}"));
    stage.write("done", "");
    stage
}

fn done(stage: &Stage) -> Vec<String> {
    std::fs::read_to_string(stage.path("done")).expect("a file").lines().map(str::to_owned).collect()
}

#[test]
fn a_plan_is_shown_to_the_letter_and_nothing_is_begun() {
    let stage = stage(&step("a", ""));
    let shown = stage.run(&["run", "own.toml", "--dry-run"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    assert!(shown.stdout.contains("sh -c 'echo a >> done'") && shown.stdout.contains("nothing was begun"), "{}", shown.stdout);
    assert!(done(&stage).is_empty() && !stage.path("runs/rollback").exists());
    assert_eq!(stage.run(&["status"]).code, 2, "there is none");
}

#[test]
fn what_is_done_before_is_not_done_again() {
    let stage = stage(&(step("a", "") + &step("b", "needs = [\"a\"]")));
    stage.write("done", "a\n");
    let ran = stage.run(&["run", "own.toml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(done(&stage), ["a", "b"]);
    let states = stage.states();
    assert_eq!(states, [("a".into(), "already_done".into()), ("b".to_owned(), "done".to_owned())]);
    let again = stage.run(&["resume"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(done(&stage), ["a", "b"]);
    let written = stage.run(&["postmortem"]).stdout;
    assert!(written.contains("# Rollback post-mortem") && written.contains("Step b: done"), "{written}");
}

#[test]
fn a_failure_stops_and_what_was_done_can_be_taken_back() {
    let fails =
        "[[step]]\nid = \"c\"\ntitle = \"c\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"test\", \"-e\", \"ready\"]\n";
    let stage = stage(&(step("a", "") + &step("b", "") + fails));
    let stopped = stage.run(&["run", "own.toml"]);
    assert_eq!(stopped.code, 8, "{}{}", stopped.stdout, stopped.stderr);
    assert!(stopped.stdout.contains("stopped at c, which failed"), "{}", stopped.stdout);
    let other = stage.run(&["run", "own.toml"]);
    assert!(other.code == 4 && other.stderr.contains("is under way"), "{}", other.stderr);
    let undone = stage.run(&["undo", "--confirm", "dev"]);
    assert_eq!(undone.code, 0, "{}", undone.stderr);
    assert!(done(&stage).is_empty());
    assert_eq!(stage.state("b"), "undone");
    stage.write("ready", "");
    let on = stage.run(&["resume"]);
    assert_eq!(on.code, 0, "{}{}", on.stdout, on.stderr);
    assert_eq!(done(&stage), ["a", "b"], "what was taken back is done again");
}

#[test]
fn one_is_left_out_with_a_reason_and_the_end_says_so() {
    let fails = "[[step]]\nid = \"c\"\ntitle = \"c\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"false\"]\n";
    let stage = stage(&(fails.to_owned() + &step("a", "")));
    let stopped = stage.run(&["run", "own.toml"]);
    assert_eq!(stopped.code, 1, "nothing was changed by then: {}", stopped.stdout);
    assert_eq!(stage.run(&["skip", "c", "--why", "known to be broken", "--by", "ada"]).code, 0);
    let on = stage.run(&["resume"]);
    assert_eq!(on.code, 9, "{}", on.stdout);
    assert!(stage.run(&["postmortem"]).stdout.contains("c was left out by ada: known to be broken"));
    assert_eq!(stage.run(&["skip", "a", "--why", "late"]).code, 4, "it has ended");
}

#[test]
fn consent_is_waited_for_and_one_person_is_one() {
    let more = "approval = { roles = [\"commander\", \"lead\"] }";
    let stage = stage(&step("a", more));
    let waits = stage.run(&["run", "own.toml"]);
    assert_eq!(waits.code, 4, "{}", waits.stderr);
    assert!(waits.stdout.contains("nobody has approved as commander, lead") && done(&stage).is_empty(), "{}", waits.stdout);
    assert_eq!(stage.state("a"), "waiting");
    let status = stage.run(&["status"]).stdout;
    assert!(status.contains("nobody has approved as commander, lead"), "{status}");
    let approve = |role: &str, by: &str| stage.run(&["approve", "a", "--as", role, "--by", by]).code;
    assert_eq!((approve("commander", "ada"), approve("lead", "Ada")), (0, 0));
    assert_eq!(stage.run(&["resume"]).code, 4, "one person in two roles");
    assert_eq!(stage.run(&["deny", "a", "--as", "lead", "--by", "bob"]).code, 0);
    assert!(stage.run(&["resume"]).stdout.contains("bob denied it as lead"));
    assert_eq!((approve("lead", "bob"), approve("owner", "eve")), (0, 4));
    assert_eq!(stage.run(&["resume"]).code, 0);
    assert_eq!(done(&stage), ["a"]);
}

#[test]
fn a_checklist_waits_for_people_and_looks_for_itself() {
    let list = "[[step]]\nid = \"list\"\ntitle = \"list\"\nkind = \"checklist\"\n\
                [[step.item]]\nid = \"file\"\ntext = \"the file is there\"\n\
                check = { kind = \"command\", run = [\"test\", \"-e\", \"ready\"], effect = \"read\" }\n\
                [[step.item]]\nid = \"users\"\ntext = \"users are content\"\n";
    let stage = stage(list);
    let stopped = stage.run(&["run", "own.toml"]);
    assert!(stopped.code == 1 && stopped.stdout.contains("not as it has to be: file"), "{}", stopped.stdout);
    stage.write("ready", "");
    let waits = stage.run(&["resume"]);
    assert!(waits.code == 4 && waits.stdout.contains("nobody has answered users"), "{}", waits.stdout);
    let status = stage.run(&["status"]).stdout;
    assert!(stage.state("list") == "waiting" && status.contains("nobody has answered users"), "{status}");
    assert_eq!(stage.run(&["answer", "list", "file", "yes"]).code, 4, "it is looked at, not answered");
    assert_eq!(stage.run(&["answer", "list", "users", "no"]).code, 0);
    assert!(stage.run(&["resume"]).stdout.contains("a person said no"));
    assert_eq!(stage.run(&["answer", "list", "users", "yes"]).code, 0);
    assert_eq!(stage.run(&["resume"]).code, 0);
}

#[test]
fn an_altered_plan_journal_or_configuration_is_not_gone_on_with() {
    let fails = "[[step]]\nid = \"c\"\ntitle = \"c\"\nkind = \"command\"\neffect = \"read\"\nrun = [\"false\"]\n";
    let stage = stage(&(fails.to_owned() + &step("a", "")));
    assert_eq!(stage.run(&["run", "own.toml"]).code, 1);
    for (file, from, to, code) in [
        (stage.rollback().join("plan.json"), "echo a", "echo b", 7),
        (stage.rollback().join("journal.jsonl"), "not stated", "as stated", 7),
        (stage.rollback().join("journal.jsonl"), "\"verdict\":\"failed\"", "\"verdict\":\"done\"", 7),
        (stage.path("failback.toml"), "dns-rg", "dns-gr", 4),
    ] {
        let text = std::fs::read_to_string(&file).expect("text");
        std::fs::write(&file, text.replace(from, to)).expect("written");
        let resumed = stage.run(&["resume"]);
        assert_eq!(resumed.code, code, "{}: {}{}", file.display(), resumed.stdout, resumed.stderr);
        std::fs::write(&file, text).expect("written");
    }
    assert!(done(&stage).is_empty());
    assert_eq!(stage.run(&["resume"]).code, 1);
}

/// Passwords of the servers are for failback's own verbs: no other program sees them, and nothing that is kept has them.
#[test]
fn other_programs_do_not_see_how_the_servers_are_reached() {
    let step = "[[step]]\nid = \"env\"\ntitle = \"env\"\nkind = \"command\"\neffect = \"read\"\n\
                run = [\"sh\", \"-c\", \"env > seen; \
                echo hunter2-of-old hunter2-of-url postgresql://u:hunter2-x@h/d hunter2-token\"]\n";
    let stage = stage(step);
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    let config = config.replace("[\"AZ_WORLD\"]", "[\"AZ_WORLD\", \"MY_TOKEN\"]");
    stage.write("failback.toml", &format!("new = {{ url = \"postgresql://u:hunter2-of-url@127.0.0.1:1/x\" }}\n{config}"));
    let mut command = stage.command(&["run", "own.toml"]);
    command.env("OLD_PGPASSWORD", "hunter2-of-old").env("MY_TOKEN", "hunter2-token").env("UNKNOWN", "1");
    let ran = command.output().expect("failback");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let seen = std::fs::read_to_string(stage.path("seen")).expect("a file");
    assert!(!seen.contains("PGPASSWORD") && !seen.contains("UNKNOWN") && seen.contains("AZ_WORLD"), "{seen}");
    let evidence = stage.rollback().join("evidence");
    for file in std::fs::read_dir(evidence).expect("evidence") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        assert!(text.contains("•••") && !text.contains("hunter2"), "{text}");
    }
}

/// Steps run in processes of their own: who is stopped among them does not know what they wrote.
#[test]
fn who_is_interrupted_among_steps_does_not_say_that_old_was_not_touched() {
    let stage = stage(&step("a", "").replace("echo", "touch begun; sleep 60; echo"));
    let child = stage.command(&["run", "own.toml"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("failback");
    let deadline = Instant::now() + Duration::from_mins(1);
    while !stage.path("begun").exists() {
        assert!(Instant::now() < deadline, "the step does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let process = rustix::process::Pid::from_raw(child.id().cast_signed()).expect("a process");
    rustix::process::kill_process(process, rustix::process::Signal::INT).expect("a signal");
    let ended = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("may have written to OLD") && !said.contains("not touched"), "{said}");
}

/// A process that is killed at any moment leaves a journal from which another one ends in the same world, with nothing done
/// twice.
#[test]
fn a_kill_at_any_moment_changes_nothing_of_the_end() {
    let steps: String = ["a", "b", "c", "d"].iter().map(|id| step(id, "").replace("echo", "sleep 0.05; echo")).collect();
    let mut moment = Duration::from_millis(5);
    let mut kills = 0;
    while kills < 14 {
        let stage = stage(&steps);
        let mut command = stage.command(&["run", "own.toml"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("failback");
        std::thread::sleep(moment);
        child.kill().expect("a kill");
        child.wait().expect("an end");
        kills += 1;
        moment += Duration::from_millis(35);
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            // A kill before the plan was written has begun nothing.
            let began = stage.run(&["status"]).code == 0;
            let on = stage.run(if began { &["resume"] } else { &["run", "own.toml"] });
            if on.code == 0 {
                break;
            }
            assert!(Instant::now() < deadline, "{}{}", on.stdout, on.stderr);
        }
        assert_eq!(done(&stage), ["a", "b", "c", "d"], "killed after {moment:?}");
    }
}

/// What is taken back and killed in the middle is looked for, too, and not done twice on a guess.
#[test]
fn taking_back_that_a_crash_interrupted_is_not_done_twice() {
    let slow = "undo = [\"sh\", \"-c\", \"echo U >> log; sleep 1; sed -i /^a$/d done\"]";
    let without = |text: &str, key: &str| text.split_inclusive('\n').filter(|line| !line.starts_with(key)).collect::<String>();
    let plain = without(&step("a", ""), "undo");
    let blind = without(&plain, "probe");
    for (text, can_look) in [(plain + slow + "\n", true), (blind + slow + "\n", false)] {
        let stage = stage(&text);
        assert_eq!(stage.run(&["run", "own.toml"]).code, 0);
        let mut undo = stage.command(&["undo", "--confirm", "dev"]);
        let mut child = undo.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("failback");
        let deadline = Instant::now() + Duration::from_mins(1);
        while !stage.path("log").exists() {
            assert!(Instant::now() < deadline, "taking back does not begin");
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill().expect("a kill");
        child.wait().expect("an end");
        let said = stage.run(&["status"]).stdout;
        assert!(said.contains("nobody can tell whether a was taken back"), "{said}");
        let on = stage.run(&["resume", "--confirm", "dev"]);
        let again = stage.run(&["undo", "--confirm", "dev"]);
        let log = std::fs::read_to_string(stage.path("log")).expect("a log");
        if can_look {
            assert!(on.code == 9 && on.stdout.contains("Own: taken back"), "{}{}", on.stdout, on.stderr);
            assert_eq!((stage.state("a").as_str(), log.as_str(), again.code), ("undone", "U\n", 0), "{}", again.stdout);
            continue;
        }
        assert!(on.code == 8 && on.stdout.contains("`undone` or `done`"), "{}{}", on.stdout, on.stderr);
        assert!(again.code == 8 && log == "U\n", "{}", again.stdout);
        assert_eq!(stage.run(&["settle", "a", "failed", "--why", "seen"]).code, 4, "done or undone, it says");
        assert_eq!(stage.run(&["settle", "a", "undone", "--why", "seen"]).code, 0);
        assert_eq!(stage.run(&["resume"]).code, 9);
    }
}

#[test]
fn a_rollback_that_was_taken_back_is_not_called_done() {
    let stage = stage(&(step("a", "") + &step("b", "needs = [\"a\"]")));
    assert_eq!(stage.run(&["run", "own.toml"]).code, 0);
    let would = stage.run(&["undo", "--dry-run"]);
    assert!(would.code == 0 && would.stdout.contains("b (done): Step b"), "{}{}", would.stdout, would.stderr);
    assert_eq!(done(&stage), ["a", "b"], "nothing was changed");
    let undone = stage.run(&["undo", "a", "--confirm", "dev"]);
    assert!(undone.stdout.contains("done still, and in need of what was taken back:\n  b"), "{}", undone.stdout);
    let partly = stage.run(&["resume"]);
    assert!(partly.code == 9 && partly.stdout.contains("Own: done, and partly taken back"), "{}", partly.stdout);
    assert_eq!(stage.run(&["undo", "--confirm", "dev"]).code, 0);
    assert!(stage.run(&["status"]).stdout.contains("Own: taken back"));
    assert!(stage.run(&["postmortem"]).stdout.contains("**Outcome**: taken back (see below)"));
}

/// Two machines have two folders of runs, and one OLD.
#[test]
fn one_environment_is_rolled_back_from_one_machine_at_a_time() {
    let pair = support::pair("rollback_claim");
    let steps = step("a", "").replace("echo", "touch begun; sleep 2; echo");
    let stages = [(); 2].map(|()| {
        let stage = Stage::new(Some(&pair), "");
        stage.write("own.toml", &format!("{HEAD}{steps}"));
        stage.write("done", "");
        stage
    });
    let mut first =
        stages[0].command(&["run", "own.toml"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("failback");
    let deadline = Instant::now() + Duration::from_mins(1);
    while !stages[0].path("begun").exists() {
        assert!(Instant::now() < deadline, "the step does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = stages[1].run(&["run", "own.toml"]);
    assert!(
        second.code == 4 && second.stderr.contains("another failback carries out a rollback of dev: session"),
        "{}",
        second.stderr
    );
    assert!(second.stderr.contains("state: OLD was not touched"), "{}", second.stderr);
    assert!(done(&stages[1]).is_empty());
    let status = stages[1].run(&["status"]);
    assert!(status.code != 0 && !status.stdout.contains("under way"), "it was not declared: {status:?}");
    assert!(first.wait().expect("an end").success());
    assert_eq!(stages[1].run(&["run", "own.toml"]).code, 0);
    assert_eq!(done(&stages[1]), ["a"]);
}

#[test]
fn where_old_does_not_answer_it_is_said_that_nobody_was_asked() {
    let stage = stage(&step("a", ""));
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &format!("old = {{ url = \"postgresql://u@127.0.0.1:1/x\" }}\n{config}"));
    let ran = stage.run(&["run", "own.toml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let written = stage.run(&["postmortem"]).stdout;
    assert!(written.contains("OLD cannot be asked whether somebody carries out a rollback from another machine"), "{written}");
}

#[test]
fn whose_word_is_missing_is_told_with_how_they_are_reached() {
    let people = "contacts = { Ada = { roles = [\"commander\"], reach = \"+49 30 1\" }, Grace = { reach = \"pager 4711\" } }\n\
                  roles = { on_call = [\"grace\"] }\n";
    let stage = Stage::new(None, people);
    let asks = step("a", "approval = { roles = [\"commander\", \"on-call\", \"dba\"] }");
    stage.write("own.toml", &format!("{HEAD}{asks}"));
    stage.write("done", "");
    let all = ["commander: Ada, +49 30 1", "on-call: Grace, pager 4711", "dba: nobody is named"];
    let shown = stage.run(&["run", "own.toml", "--dry-run"]).stdout;
    assert!(all.iter().all(|line| shown.contains(line)), "{shown}");
    let waits = stage.run(&["run", "own.toml"]);
    assert!(waits.code == 4 && all.iter().all(|line| waits.stdout.contains(line)), "{waits:?}");
    assert_eq!(stage.run(&["approve", "a", "--as", "commander", "--by", "ada"]).code, 0);
    let status = stage.run(&["status"]).stdout;
    assert!(status.contains("who is waited for:") && all[1..].iter().all(|line| status.contains(line)), "{status}");
    assert!(!status.contains(all[0]), "{status}");
    let document = last(&stage.run(&["status", "--json"]).stdout);
    assert_eq!(document["awaited"][0]["name"], "Grace", "{document:#}");
    assert_eq!(document["awaited"][0]["reach"], "pager 4711", "{document:#}");
    let written = stage.run(&["postmortem"]).stdout;
    assert!(written.contains("| commander | Ada | +49 30 1 |") && written.contains("Emergency contacts"), "{written}");
}
