//! What breaks on the way: servers, connections, the disk, our own process.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use failback::demo::{Cluster, ClusterOptions};
use failback::name::Side;

use super::{Scene, expect_no_secret, expect_untouched, password_in, said, seal, wait_for};
use crate::support::{self, Output};

/// So many rows that a copy of them can be caught in the act.
const ROWS: u64 = 150_000;

/// A wide table whose rows all came after the cutover.
const WIDE: &str =
    "create table wide (id int primary key, note text, created_at timestamptz not null, updated_at timestamptz not null)";

fn fill() -> String {
    format!(
        "insert into wide select n, repeat(md5(n::text), 12), '2026-01-14 12:00Z', '2026-01-14 12:00Z' \
         from generate_series(1, {ROWS}) n"
    )
}

/// Sends a signal to a process that we started.
pub(super) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill");
    assert!(status.success());
}

/// Starts an export of the wide table and stops it while NEW copies; `then` gets the copying backend's number.
fn while_copying(mut command: Command, watch: &str, then: impl FnOnce(&str)) -> Output {
    let child = command.args(["--jobs", "1"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("failback");
    let copying = "select pid from pg_stat_activity where application_name = 'failback' and datname = current_database() \
         and state = 'active' and query ilike 'copy%'";
    let backend = wait_for("NEW copies rows", || support::rows(watch, copying).pop()?.pop()?);
    signal(&child, "-STOP");
    then(&backend);
    signal(&child, "-CONT");
    said(&child.wait_with_output().expect("failback"))
}

fn terminate(watch: &str, which: &str) {
    let end = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'failback' \
        and datname = current_database() and {which}"
    );
    assert!(!support::rows(watch, &end).is_empty(), "a backend to end: {which}");
}

#[test]
fn a_connection_that_breaks_is_opened_again_while_the_snapshot_lives() {
    let scene = Scene::bare("r_killed");
    support::sql(&scene.pair.old, WIDE);
    support::sql(&scene.pair.new, &format!("{WIDE}; {}", fill()));
    let watch = &scene.pair.new;
    let lost = while_copying(scene.command(&["export"]), watch, |_| terminate(watch, "true"));
    scene.expect_refusal(6, &lost);
    expect_untouched(&lost);
    assert!(lost.stderr.contains("make a new run"), "{}", lost.stderr);
    assert!(scene.files("", "manifest.json").is_empty(), "no manifest of half an export");
    let kept = while_copying(scene.command(&["export", "--json"]), watch, |backend| {
        terminate(watch, &format!("pid = {backend}"));
    });
    assert_eq!(kept.code, 0, "{}{}", kept.stdout, kept.stderr);
    assert!(kept.stderr.contains("opened again"), "{}", kept.stderr);
    let report: serde_json::Value = serde_json::from_str(&kept.stdout).expect("a document");
    assert_eq!(report["rows"], ROWS);
    assert_eq!(support::value(&scene.pair.old, "select count(*) from wide").as_deref(), Some("0"));
}

#[test]
fn a_server_that_dies_leaves_no_manifest() {
    let options = ClusterOptions { label: "test-gone".into(), ..ClusterOptions::default() };
    let cluster = Cluster::start(&support::binaries(Side::New), &options).expect("a throwaway server");
    let mut scene = Scene::bare("r_gone");
    support::sql(&scene.pair.old, WIDE);
    support::sql(&cluster.url("postgres"), &format!("create database {}", scene.pair.database));
    scene.given.new = cluster.url(&scene.pair.database);
    let watch = scene.given.new.clone();
    support::sql(&watch, &format!("set synchronous_commit = on; {WIDE}; {}; checkpoint", fill()));
    let output = while_copying(scene.command(&["export"]), &watch, |_| cluster.kill().expect("a dead server"));
    scene.expect_refusal(6, &output);
    expect_untouched(&output);
    assert!(scene.files("", "manifest.json").is_empty(), "no manifest of half an export");
    assert!(scene.files("", ".parquet").is_empty(), "no half a file");
    scene.refuse(6, &["export"]);
    cluster.revive().expect("a server");
    let again = scene.succeed(&["export", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&again.stdout).expect("a document");
    assert_eq!(report["rows"], ROWS);
}

#[test]
fn a_full_disk_leaves_no_manifest() {
    let scene = Scene::new("r_full");
    let notes = "insert into items select n, 1, (select string_agg(md5(n::text || m), '') from generate_series(1, 8) m), \
        '2026-01-14 12:00Z', '2026-01-14 12:00Z' from generate_series(1001, 4000) n";
    support::sql(&scene.pair.new, notes);
    let mut shell = Command::new("/bin/sh");
    // The signal must be ignored: by default it ends the process before write() can fail.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_failback")]);
    shell.args(scene.arguments(&["export", "--json"]));
    seal(&mut shell, &scene.folder);
    let before = crate::recovery::fingerprint(&scene.pair.old);
    let output = said(&shell.output().expect("a shell"));
    scene.expect_refusal(1, &output);
    expect_untouched(&output);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).expect("a document");
    assert_eq!(report["error"]["kind"], "storage_full", "{report:#}");
    assert!(scene.files("", "manifest.json").is_empty(), "no manifest of half an export");
    assert_eq!(crate::recovery::fingerprint(&scene.pair.old), before);
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    scene.expect_merge();
}

#[test]
fn a_merge_that_is_killed_anywhere_is_carried_out_once() {
    let scene = Scene::new("r_kill9");
    let more =
        "insert into items select n, 1, 'n', '2026-01-14 12:00Z', '2026-01-14 12:00Z' from generate_series(1001, 6000) n";
    support::sql(&scene.pair.new, more);
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    let at_work = "select count(*) from pg_stat_activity where application_name = 'failback' and datname = current_database()";
    let before = crate::recovery::fingerprint(&scene.pair.old);
    let (mut delay, mut killed) = (0, 0);
    // A little later each time, until one is done before its end comes.
    loop {
        let mut command = scene.command(&["merge", "--confirm", &scene.confirm]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("failback");
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().expect("a kill");
        let code = child.wait().expect("an end").code();
        // The server notices in its own time.
        wait_for("OLD's sessions end", || (support::value(&scene.pair.old, at_work).as_deref() == Some("0")).then_some(()));
        if support::value(&scene.pair.old, "select to_regclass('failback.ledger')").is_none() {
            assert_eq!(crate::recovery::fingerprint(&scene.pair.old), before, "all or nothing, after {delay} ms");
        }
        if code.is_some() {
            assert_eq!(code, Some(0), "after {delay} ms");
            break;
        }
        assert!(delay < 10_000, "it never ends");
        (delay, killed) = (delay * 5 / 4 + 10, killed + 1);
    }
    assert!(killed > 0, "none was killed");
    scene.expect_merge();
    assert_eq!(support::value(&scene.pair.old, "select count(*) from items").as_deref(), Some("5026"));
}

#[test]
fn a_connection_to_old_that_breaks_in_a_merge_rolls_it_back() {
    let scene = Scene::planned("r_cut");
    let before = crate::recovery::fingerprint(&scene.pair.old);
    // The merge waits for this row until its connection is cut.
    let holder = support::block_on(async {
        let client = support::connect(&scene.pair.old).await;
        client.batch_execute("begin; select 1 from items where id = 1 for update").await.expect("a lock");
        client
    });
    let mut command = scene.command(&["merge", "--confirm", &scene.confirm]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("failback");
    let waiting = "select pid from pg_stat_activity where application_name = 'failback' and datname = current_database() \
        and wait_event_type = 'Lock'";
    let backend = wait_for("the merge waits", || support::rows(&scene.pair.old, waiting).pop()?.pop()?);
    terminate(&scene.pair.old, &format!("pid = {backend}"));
    let output = said(&child.wait_with_output().expect("failback"));
    drop(holder);
    scene.expect_refusal(6, &output);
    assert!(output.stderr.contains("57P01") && output.stderr.contains("rolled back"), "{}", output.stderr);
    assert_eq!(crate::recovery::fingerprint(&scene.pair.old), before);
    scene.expect_merge();
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let mut scene = Scene::new("r_nobody");
    let secret = password_in(&scene.given.new).to_owned();
    scene.given.new = format!("postgresql://failback:{secret}@127.0.0.1:1/{}", scene.pair.database);
    for arguments in [&["discover"][..], &["export"], &["export", "--json", "-v"]] {
        let output = scene.refuse(6, arguments);
        assert!(output.stderr.contains("127.0.0.1:1"), "{}", output.stderr);
        expect_no_secret(&output, &secret);
    }
}

#[test]
fn a_journal_that_cannot_be_written_stops_the_merge_before_commit() {
    let scene = Scene::planned("r_journal");
    let journal = scene.run().join("journal.jsonl");
    let aside = scene.run().join("aside");
    let block = || {
        std::fs::rename(&journal, &aside).expect("a journal");
        std::fs::create_dir(&journal).expect("a folder in the journal's place");
    };
    let unblock = || {
        std::fs::remove_dir(&journal).expect("a folder in the journal's place");
        std::fs::rename(&aside, &journal).expect("a journal");
    };
    block();
    scene.refuse_merge(1);
    assert_eq!(support::value(&scene.pair.old, "select to_regclass('failback.ledger')"), None, "nothing is recorded");
    unblock();
    scene.expect_merge();
    block();
    scene.refuse(1, &["undo", "--confirm", &scene.confirm]);
    scene.expect_verified();
    unblock();
    scene.succeed(&["undo", "--confirm", &scene.confirm]);
}

/// Whatever lost its answer is run again, and says and gives the same, whether it merges or takes back.
#[test]
fn an_answer_to_commit_that_is_lost_is_asked_of_the_ledger() {
    let mut scene = Scene::planned("r_lost");
    let direct = [scene.given.old.clone(), scene.confirm.clone()];
    scene.refuse(4, &["undo", "--confirm", &scene.confirm]);
    for (verb, rows, record) in [("merge", "26", "merged"), ("undo", "20", "undone")] {
        let lossy = support::lossy(&scene.pair.old);
        scene.confirm = lossy.split(['@', '/']).nth(3).expect("a host").to_owned();
        scene.given.old = lossy;
        let output = scene.failback(&[verb, "--confirm", &scene.confirm]);
        scene.expect_refusal(6, &output);
        let unknown = format!("state: unknown whether OLD has the {verb} of 8 rows in database");
        assert!(output.stderr.contains(&unknown) && output.stderr.contains("asks OLD's ledger first"), "{}", output.stderr);
        [scene.given.old, scene.confirm] = direct.clone();
        let committed = || support::value(&scene.pair.old, "select count(*) from items").filter(|count| count == rows);
        wait_for("the server commits", committed);
        let status: serde_json::Value = serde_json::from_str(&scene.succeed(&["status", "--json"]).stdout).expect("a document");
        assert_eq!(status["unended"], serde_json::json!([]), "the ledger has said how it ended");
        let last = status["journal"]["entries"].as_array().and_then(|entries| entries.last()).expect("an entry");
        assert_eq!((&last["record"], &last["tables"][0][0]), (&record.into(), &"public.owners".into()), "{last:#}");
        let again = scene.failback(&[verb, "--confirm", &scene.confirm]);
        assert_eq!(again.code, 0, "{}{}", again.stdout, again.stderr);
        let before = format!("{}: nothing to do, OLD's ledger says that it was done before", scene.pair.database);
        assert!(again.stdout.contains(&before) && again.stdout.contains(": 0 rows"), "{}", again.stdout);
    }
}
