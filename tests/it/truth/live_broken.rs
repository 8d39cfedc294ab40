//! A live merge whose process, connection or answer is lost at any moment: the same command goes on, and nothing is done twice.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::live::{CHANGES, ESTATE};
use super::undoing::{DELETES, texts};
use super::*;
use crate::support::{Dice, Output};

/// As many rows as make some fifty batches, beside the estate.
const MANY: &str = "create table many (id int primary key, note text, created_at timestamptz default '2020-01-01',
    updated_at timestamptz default '2020-01-01'); insert into many select g, 'm' from generate_series(1, 150) g";

const MANY_CHANGES: &str = "update many set note = 'x', updated_at = now() where id <= 100;
    insert into many select g, 'new', now(), now() from generate_series(151, 350) g;
    delete from many where id > 140 and id <= 150";

const TABLES: [&str; 4] = ["parent", "child", "name", "many"];

fn all(url: &str) -> Vec<Vec<String>> {
    TABLES.map(|table| texts(url, table)).to_vec()
}

fn scene(test: &str) -> Recovery {
    let case = recovery(pair(test, &format!("{ESTATE}; {MANY}"), &format!("{CHANGES}; {MANY_CHANGES}"), ""), "");
    case.decide(DELETES);
    planned(&case);
    case
}

/// The command, by way of an address.
fn command(case: &Recovery, verb: &[&str], old: &str) -> Command {
    let run = case.folder().join("run").display().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(verb).args(["--run", &run, "--old", old]).env_clear().env("HOME", case.folder());
    command.current_dir(case.folder()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(case: &Recovery) -> Child {
    start_at(case, &case.pair.old, &support::address(&case.pair.old))
}

fn start_at(case: &Recovery, old: &str, address: &str) -> Child {
    let merge = ["merge", "--live", "--batch-rows", "6", "--leave-held", "--confirm", address];
    command(case, &merge, old).spawn().expect("failback")
}

fn end(child: Child) -> Output {
    let output = child.wait_with_output().expect("failback");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Output { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// Rows of the plan that the ledger says have come.
const SAID: &str = "select coalesce(sum((e.value -> 1 ->> 'inserted')::int + (e.value -> 1 ->> 'updated')::int
    + (e.value -> 1 ->> 'deleted')::int), 0) from failback.ledger l, json_array_elements(l.tables) e
    where l.action = $$merge_batch$$";

/// Rows of `many` that are there as NEW has them.
const THERE: &str =
    "select count(*) filter (where note <> 'm') + 10 - count(*) filter (where id > 140 and id <= 150) from many";

const SAID_OF_MANY: &str = "select coalesce(sum((e.value -> 1 ->> 'inserted')::int + (e.value -> 1 ->> 'updated')::int
    + (e.value -> 1 ->> 'deleted')::int), 0) from failback.ledger l, json_array_elements(l.tables) e
    where l.action = $$merge_batch$$ and e.value ->> 0 = 'public.many'";

fn has_ledger(case: &Recovery) -> bool {
    support::value(&case.pair.old, "select count(to_regclass('failback.ledger'))").as_deref() == Some("1")
}

fn expect_whole(case: &Recovery, before: &[Vec<String>]) {
    assert_eq!(all(&case.pair.old), all(&case.pair.new));
    assert_eq!(support::value(&case.pair.old, THERE), support::value(&case.pair.old, SAID_OF_MANY), "nothing is done twice");
    let ends = "select count(*) from failback.ledger where action = 'merge'";
    assert_eq!(support::value(&case.pair.old, ends).as_deref(), Some("1"));
    let verified = end(command(case, &["verify"], &case.pair.old).spawn().expect("failback"));
    assert!(matches!(verified.code, 0 | 9), "{}{}", verified.stdout, verified.stderr);
    let undo = ["undo", "--confirm", &support::address(&case.pair.old)];
    let undone = end(command(case, &undo, &case.pair.old).spawn().expect("failback"));
    assert_eq!(undone.code, 0, "{}{}", undone.stdout, undone.stderr);
    assert_eq!(all(&case.pair.old), before);
}

#[test]
fn one_that_is_killed_at_any_moment_is_gone_on_with_by_the_same_command() {
    let case = scene("live_killed");
    let before = all(&case.pair.old);
    let (mut dice, mut parts) = (Dice::seeded(7), 0);
    for _ in 0..14 {
        let mut process = start(&case);
        std::thread::sleep(Duration::from_millis(120 + dice.below(700) as u64));
        let _ = process.kill();
        let _ = process.wait();
        if !has_ledger(&case) {
            continue;
        }
        // Whoever is killed may have sent a COMMIT that OLD has not come to yet.
        crate::refusals::wait_for("OLD is left alone", || {
            let others = "select count(*) from pg_stat_activity where application_name = 'failback'
                and datname = current_database()";
            (support::value(&case.pair.old, others)? == "0").then_some(())
        });
        let said = support::value(&case.pair.old, SAID).expect("a sum").parse::<u64>().expect("a number");
        assert_eq!(
            support::value(&case.pair.old, THERE),
            support::value(&case.pair.old, SAID_OF_MANY),
            "what is said is there"
        );
        let ended = support::value(&case.pair.old, "select count(*) from failback.ledger where action = 'merge'");
        let verified = end(command(&case, &["verify"], &case.pair.old).spawn().expect("failback"));
        match (said, ended.as_deref()) {
            (_, Some("1")) => assert!(matches!(verified.code, 0 | 9), "{}", verified.stderr),
            (0, _) => assert_eq!(verified.code, 4, "{}", verified.stderr),
            _ => {
                parts += 1;
                assert_eq!(verified.code, 8, "{}", verified.stderr);
            }
        }
    }
    assert!(parts >= 3, "killed half-way {parts} times");
    let output = end(start(&case));
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    expect_whole(&case, &before);
}

/// Stands between the program and OLD, and cuts the connection at every n-th COMMIT: before it is passed on, or once OLD has
/// answered it.
fn cutting(to: &str, every: u32) -> (String, String, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let address = support::address(to);
    let (stop, commits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let at = format!("127.0.0.1:{port}");
    let own = to.replace(&address, &at);
    assert_ne!(own, to, "an address to put another in the place of: {address}");
    let stopped = Arc::clone(&stop);
    std::thread::spawn(move || {
        for client in listener.incoming() {
            if stopped.load(Ordering::Relaxed) {
                return;
            }
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(&address)) else { continue };
            let (back, front) = (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
            std::thread::spawn(move || pass(&back, &front));
            let commits = Arc::clone(&commits);
            std::thread::spawn(move || pass_and_cut(&client, &server, every, &commits));
        }
    });
    (own, at, stop)
}

fn pass(mut from: &TcpStream, mut to: &TcpStream) {
    let mut bytes = [0; 1 << 13];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

fn pass_and_cut(mut client: &TcpStream, mut server: &TcpStream, every: u32, commits: &AtomicU32) {
    let mut bytes = [0; 1 << 13];
    while let Ok(read @ 1..) = client.read(&mut bytes) {
        let is_commit = bytes[..read].windows(14).any(|window| window == b"select; commit");
        let number = if is_commit { commits.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
        let cuts = is_commit && number.is_multiple_of(every);
        let before = (number / every).is_multiple_of(2);
        if cuts && before {
            break;
        }
        if cuts {
            // The answer does not arrive, and what it is about has happened.
            let _ = client.shutdown(Shutdown::Write);
        }
        if server.write_all(&bytes[..read]).is_err() {
            break;
        }
        if cuts {
            std::thread::sleep(Duration::from_millis(150));
            break;
        }
    }
    let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
}

#[test]
fn an_answer_that_is_lost_is_asked_for_on_another_connection_and_the_batches_go_on() {
    let case = scene("live_cut");
    let before = all(&case.pair.old);
    let (old, address, stop) = cutting(&case.pair.old, 4);
    let output = end(start_at(&case, &old, &address));
    stop.store(true, Ordering::Relaxed);
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("asking its ledger what has come"), "{}", output.stderr);
    expect_whole(&case, &before);
}

#[test]
fn sessions_that_are_ended_by_others_are_opened_again() {
    let case = scene("live_ended");
    let before = all(&case.pair.old);
    let child = start(&case);
    let (stop, url) = (AtomicBool::new(false), case.pair.old.as_str());
    let output = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut ended = 0;
            while !stop.load(Ordering::Relaxed) && ended < 6 {
                std::thread::sleep(Duration::from_millis(200));
                let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'failback'
                    and datname = current_database() and backend_xid is not null";
                ended += support::value(url, end).expect("a count").parse::<u32>().expect("a number");
            }
        });
        let mut output = end(child);
        // One that is ended again and again gives up, and the same command goes on.
        for _ in 0..8 {
            if matches!(output.code, 6 | 8) {
                output = end(start(&case));
            }
        }
        stop.store(true, Ordering::Relaxed);
        output
    });
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    expect_whole(&case, &before);
}

#[test]
fn it_waits_between_batches_as_long_as_it_is_told_to_and_stops_there() {
    let case = scene("live_paused");
    let before = all(&case.pair.old);
    let pause = case.folder().join("run").join("pause");
    let there = || support::value(&case.pair.old, THERE);
    let child = start(&case);
    crate::refusals::wait_for("some batches", || {
        let entries = "select case when count(*) > 3 then 'some' end from failback.ledger where action = 'merge_batch'";
        has_ledger(&case).then(|| support::value(&case.pair.old, entries))?
    });
    std::fs::write(&pause, "").expect("a file");
    std::thread::sleep(Duration::from_secs(1));
    let held = there();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(there(), held, "nothing comes while it waits");
    let open = "select count(*) from pg_stat_activity where application_name = 'failback' and datname = current_database()
        and xact_start is not null";
    assert_eq!(support::value(&case.pair.old, open).as_deref(), Some("0"), "and nothing is locked");
    let status = end(command(&case, &["status"], &case.pair.old).spawn().expect("failback"));
    assert!(status.stdout.contains("live merge, not finished") && status.stdout.contains("is at work"), "{}", status.stdout);
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let output = end(child);
    assert_eq!(output.code, 130, "{}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("paused") && output.stderr.contains("goes on with the rows"), "{}", output.stderr);
    std::fs::remove_file(&pause).expect("the file");
    let status = end(command(&case, &["status"], &case.pair.old).spawn().expect("failback"));
    assert!(status.stdout.contains("--live --leave-held"), "{}", status.stdout);
    let output = end(start(&case));
    assert_eq!(output.code, 0, "{}{}", output.stdout, output.stderr);
    expect_whole(&case, &before);
}
