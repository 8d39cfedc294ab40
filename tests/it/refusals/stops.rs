//! Being told to stop, by Ctrl-C or SIGTERM: until the first COMMIT is sent nothing stays; after it, what stands is said.

use std::process::{Child, Stdio};

use super::broken::signal;
use super::{Scene, expect_untouched, said, wait_for};
use crate::recovery::fingerprint;
use crate::support::{self, Output};

/// Both are heeded alike.
const SIGNALS: [&str; 2] = ["-INT", "-TERM"];

/// A session of failback's that waits, by what it waits for.
fn waiting(scene: &Scene, which: &str) -> Option<()> {
    let query = format!(
        "select count(*) from pg_stat_activity where application_name = 'failback' and datname = current_database() and {which}"
    );
    (support::value(&scene.pair.old, &query)? != "0").then_some(())
}

/// Starts a verb.
fn start(scene: &Scene, arguments: &[&str]) -> Child {
    scene.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("failback")
}

fn end(child: Child) -> Output {
    said(&child.wait_with_output().expect("failback"))
}

/// Until failback has heard a signal: its threads take turns, and the signal is one of them.
fn expect_heard(scene: &Scene) {
    let heard = || std::fs::read_to_string(scene.folder.path().join("log")).is_ok_and(|log| log.contains("interrupted"));
    wait_for("the signal is heard", || heard().then_some(()));
    std::fs::remove_file(scene.folder.path().join("log")).expect("the log");
}

/// Starts a verb that waits for what somebody on OLD holds, and tells it to stop: it must be refused with OLD untouched.
fn stopped_while_waiting(scene: &Scene, holds: &str, verb: &[&str], name: &str) -> Output {
    let holder = support::block_on(async {
        let client = support::connect(&scene.pair.old).await;
        client.batch_execute(&format!("begin; {holds}")).await.expect("a lock");
        client
    });
    let child = start(scene, verb);
    wait_for("it waits", || waiting(scene, "wait_event_type = 'Lock'"));
    signal(&child, name);
    expect_heard(scene);
    drop(holder);
    let output = end(child);
    scene.expect_refusal(130, &output);
    expect_untouched(&output);
    output
}

#[test]
fn a_merge_that_is_told_to_stop_leaves_old_as_it_was_and_is_made_by_the_same_command() {
    let scene = Scene::planned("s_merge");
    let before = fingerprint(&scene.pair.old);
    for name in SIGNALS {
        let holds = "select 1 from items where id = 1 for update";
        let output = stopped_while_waiting(&scene, holds, &["merge", "--confirm", &scene.confirm, "--log-file", "log"], name);
        assert!(output.stderr.contains("next:  run the same command again"), "{}", output.stderr);
        assert_eq!(fingerprint(&scene.pair.old), before, "{name}");
    }
    scene.expect_merge();
}

#[test]
fn steps_that_read_are_stopped_by_either_signal_and_made_again() {
    let scene = Scene::new("s_export");
    for name in SIGNALS {
        let holds = "lock table items in access exclusive mode";
        stopped_while_waiting(&scene, holds, &["export", "--log-file", "log"], name);
        assert!(scene.files("", "manifest.json").is_empty(), "no manifest of half an export");
    }
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    scene.expect_merge();
}

/// COMMIT waits for as long as the gate is shut.
const GATE: &str = "create table public.gate (shut bool);
     create function public.gate() returns trigger language plpgsql as $$ begin
         while exists (select from public.gate) loop perform pg_sleep(0.02); end loop;
         return null;
     end $$;
     create constraint trigger gate after insert on failback.ledger initially deferred for each row
         execute function public.gate();
     alter table failback.ledger enable always trigger gate";

#[test]
fn a_stop_that_comes_while_old_commits_changes_nothing_and_what_stands_is_said() {
    let scene = Scene::planned("s_late");
    support::sql(&scene.pair.old, include_str!("../../../sql/ledger/create_schema.sql"));
    support::sql(&scene.pair.old, include_str!("../../../sql/ledger/create.sql"));
    support::sql(&scene.pair.old, GATE);
    for (verb, name) in ["merge", "undo"].into_iter().zip(SIGNALS) {
        support::sql(&scene.pair.old, "insert into public.gate values (true)");
        let child = start(&scene, &[verb, "--confirm", &scene.confirm, "--log-file", "log"]);
        wait_for("it commits", || waiting(&scene, "query = 'select; commit' and state = 'active'"));
        signal(&child, name);
        expect_heard(&scene);
        support::sql(&scene.pair.old, "delete from public.gate");
        let output = end(child);
        assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
        let stands = format!(
            "note: the stop came when COMMIT was under way, and the {verb} stands: OLD has the {verb} of 8 rows in database \
             {}, committed and recorded in its ledger\n",
            scene.pair.database
        );
        assert!(output.stderr.ends_with(&stands), "{}", output.stderr);
        let items = support::value(&scene.pair.old, "select count(*) from items");
        assert_eq!(items.as_deref(), Some(if verb == "merge" { "26" } else { "20" }));
    }
}
