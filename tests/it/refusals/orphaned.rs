//! A merge that is at work, or whose failback is gone: who it is can be seen, its locks do not outlive it, and of several at
//! the same time one carries the plan out.

use std::process::Stdio;

use super::*;
use crate::support::block_on;

const WAITING: &str = "select pid::text from pg_stat_activity where application_name = 'failback'
     and datname = current_database() and wait_event_type = 'Lock'";

const PATIENT: &str = "[old]\nlock_timeout = \"10m\"\nlock_wait = \"10m\"\n";

#[test]
fn a_merge_at_work_is_seen_by_status_and_ends_with_its_failback_whatever_it_waits_for() {
    let scene = Scene::planned("o_kill");
    std::fs::write(scene.folder.path().join("failback.toml"), PATIENT).expect("a file");
    let before = fingerprint(&scene.pair.old);
    let at_work = || {
        let status: serde_json::Value = serde_json::from_str(&scene.succeed(&["status", "--json"]).stdout).expect("a document");
        status["at_work"].clone()
    };
    for verb in ["merge", "undo"] {
        if verb == "undo" {
            scene.expect_merge();
        }
        assert_eq!(at_work(), serde_json::json!({}), "nobody is at work");
        let holder = block_on(async {
            let client = support::connect(&scene.pair.old).await;
            client.batch_execute("begin; select 1 from items where id = 1 for update").await.expect("a lock");
            client
        });
        let mut command = scene.command(&[verb, "--confirm", &scene.confirm]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("failback");
        let pid = wait_for("it waits", || support::rows(&scene.pair.old, WAITING).pop()?.pop()?);
        let said = at_work()[&scene.pair.database].as_str().unwrap_or_default().to_owned();
        assert!(said.starts_with(&format!("session {pid} of ")) && said.contains(" since 2"), "{said}");
        let shown = scene.succeed(&["status"]).stdout;
        let line = format!("{}: a merge or undo is at work: session {pid} of ", scene.pair.database);
        assert!(shown.contains(&line), "{shown}");
        child.kill().expect("a kill");
        child.wait().expect("an end");
        // It waits for ten minutes, and for a lock that nobody lets go of; only that we are gone can end it.
        wait_for("OLD ends the session", || support::rows(&scene.pair.old, WAITING).is_empty().then_some(()));
        wait_for("OLD's lock is free", || (at_work() == serde_json::json!({})).then_some(()));
        block_on(async { holder.batch_execute("rollback").await.expect("the end") });
        if verb == "merge" {
            assert_eq!(fingerprint(&scene.pair.old), before);
        } else {
            scene.succeed(&["undo", "--confirm", &scene.confirm]);
            assert_eq!(fingerprint(&scene.pair.old), before);
        }
    }
}

/// Whoever loses the race hears that it is done, or that another one is at work: never that OLD has moved.
#[test]
fn of_several_merges_at_the_same_time_one_is_made_and_the_others_say_so() {
    let scene = Scene::planned("o_race");
    // Copies of the run's folder, as the lock on the folder itself keeps a second process out.
    let copies: Vec<_> = (0..6)
        .map(|number| {
            let copy = scene.folder.path().join(format!("copy{number}"));
            let status = Command::new("cp").arg("-a").args([&scene.run(), &copy]).status().expect("cp");
            assert!(status.success());
            copy
        })
        .collect();
    for verb in ["merge", "undo", "merge"] {
        let rows = if verb == "merge" { "26" } else { "20" };
        let children: Vec<_> = copies
            .iter()
            .map(|copy| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
                command.args([verb, "--confirm", &scene.confirm, "--old", &scene.given.old]);
                command.arg("--run").arg(copy);
                seal(&mut command, &scene.folder);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("failback")
            })
            .collect();
        let outputs: Vec<_> = children.into_iter().map(|child| said(&child.wait_with_output().expect("failback"))).collect();
        let made = |output: &&Output| output.code == 0 && !output.stdout.contains("it was done before");
        assert_eq!(outputs.iter().filter(made).count(), 1, "{outputs:#?}");
        for output in &outputs {
            let is_told = output.code == 0 || output.code == 4 && output.stderr.contains("another merge or undo is at work");
            assert!(is_told, "{verb}: {output:?}");
        }
        assert_eq!(support::value(&scene.pair.old, "select count(*) from items").as_deref(), Some(rows));
    }
    assert_eq!(support::value(&scene.pair.old, "select count(*) from failback.ledger").as_deref(), Some("3"));
}
