//! Slots on NEW: made with a mark or not at all, told as long as they hold NEW's log, and dropped by nobody but their maker.

use std::path::Path;
use std::time::Duration;

use failback::demo::{Cluster, ClusterOptions};
use failback::engine::{ArmOptions, Disarmed, Event, Progress, Reporter, Servers, SlotState, Stop};
use failback::error::ErrorKind;
use failback::name::Sided;
use failback::pg::OldWrites;
use failback::staging::{Baseline, Mark};
use failback::store::LocalStore;
use serde_json::Value;

use super::*;
use crate::support::Majors;

const BARE: &str = "create table t (id int primary key, v text); insert into t select g, 'both' from generate_series(1, 20) g";

fn slotted(test: &str) -> Pair {
    let pair = support::slotted_pair(test, Majors::installed().new);
    for side in Side::BOTH {
        support::sql(pair.url(side), BARE);
    }
    pair
}

fn options(patience: Duration) -> ArmOptions {
    ArmOptions { patience, slot: true, digests: false }
}

/// The names of the slots of one database.
fn slots_of(url: &str) -> Vec<String> {
    let list = "select string_agg(slot_name, ',') from pg_replication_slots where database = current_database()";
    support::value(url, list)
        .iter()
        .flat_map(|names| names.split(','))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn mark_in(folder: &Path) -> Mark {
    Baseline::read(&LocalStore::open(folder).expect("a folder")).expect("a baseline").1
}

fn lsn(text: &str) -> u64 {
    let (upper, lower) = text.split_once('/').expect("a place in the log");
    (u64::from_str_radix(upper, 16).expect("hex") << 32) + u64::from_str_radix(lower, 16).expect("hex")
}

#[test]
fn the_program_makes_a_slot_tells_of_it_and_drops_it_once() {
    let pair = slotted("slots_cli");
    let folder = tempfile::tempdir().expect("a folder");
    let armed = folder.path().join("armed").display().to_string();
    let new = ["--new", pair.new.as_str()];
    let both = [["--old", pair.old.as_str()].as_slice(), new.as_slice(), &["--databases", pair.database.as_str()]].concat();
    let run = |arguments: &[&str], servers: &[&str]| support::failback(&[arguments, servers].concat());
    let made = run(&["arm", "--slot", "--no-digests", "--out", &armed], &both);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let names = slots_of(&pair.new);
    let [name] = names.as_slice() else { panic!("{names:?}") };
    assert!(made.stdout.contains(name.as_str()) && made.stdout.contains("fills NEW's disk"), "{}", made.stdout);
    let mark = mark_in(Path::new(&armed));
    let (_, slot) = mark.slots().next().expect("a slot");
    assert_eq!((&slot.name, slot.plugin.as_str()), (name, "test_decoding"));
    assert!(lsn(&slot.start) <= lsn(&mark.servers.new.wal), "the slot was made before the mark");
    // Whoever looks sees it, with or without the folder.
    let seen = run(&["status", "--baseline", &armed, "--json"], &new);
    let slots: Value = serde_json::from_str(&seen.stdout).expect("JSON");
    assert_eq!((&slots["slots"][0]["slot"], &slots["slots"][0]["state"]), (&name.as_str().into(), &"fine".into()));
    let found = run(&["discover"], &both);
    assert!(found.stdout.contains(name.as_str()), "{}{}", found.stdout, found.stderr);
    let refused = run(&["disarm", "--baseline", &armed], &new);
    assert_eq!(refused.code, 4, "{}", refused.stdout);
    let refused = run(&["disarm", "--baseline", &armed, "--confirm", "old.example.com:5432"], &new);
    assert_eq!(refused.code, 4, "{}", refused.stdout);
    assert_eq!(slots_of(&pair.new), names);
    let port = support::slotted(Majors::installed().new).port();
    let confirm = format!("127.0.0.1:{port}");
    for said in ["dropped", "gone already"] {
        let done = run(&["disarm", "--baseline", &armed, "--confirm", &confirm], &new);
        assert_eq!(done.code, 0, "{}", done.stderr);
        assert!(done.stdout.contains(said) && done.stdout.contains(name.as_str()), "{}", done.stdout);
        assert_eq!(slots_of(&pair.new), [""; 0]);
    }
    let gone = run(&["status", "--baseline", &armed], &new);
    assert!(gone.stdout.contains("gone"), "{}", gone.stdout);
}

#[test]
fn a_slot_that_holds_too_much_is_told() {
    let pair = slotted("slots_limits");
    let case = recovery(pair, "slot = { warn = \"1MB\", critical = \"2MB\" }");
    let held = |case: &Recovery| {
        let store = LocalStore::open(&case.folder().join("armed")).expect("a folder");
        let (_, mark) = Baseline::read(&store).expect("a baseline");
        block_on(engine::held_log(&case.context, &mark)).expect("slots").remove(0).state
    };
    let context = case.context.clone().with_store(armed_folder(&case));
    block_on(engine::arm(&context, options(Duration::from_secs(30)))).expect("a slot");
    support::sql(&case.pair.new, "insert into t select g, repeat('x', 500) from generate_series(100, 8000) g");
    assert_eq!(held(&case), SlotState::Critical);
    // Another one under its name is not taken for it.
    let name = slots_of(&case.pair.new).remove(0);
    support::sql(&case.pair.new, &format!("select pg_drop_replication_slot('{name}')"));
    support::sql(&case.pair.new, &format!("select pg_create_logical_replication_slot('{name}', 'pgoutput')"));
    assert_eq!(held(&case), SlotState::Foreign);
    let mark = mark_in(&case.folder().join("armed"));
    let left = block_on(engine::disarm(&case.context, &mark)).expect("a disarm");
    assert_eq!(left[0].outcome, Disarmed::Left);
    assert_eq!(slots_of(&case.pair.new), [name.as_str()]);
    support::sql(&case.pair.new, &format!("select pg_drop_replication_slot('{name}')"));
}

fn armed_folder(case: &Recovery) -> std::sync::Arc<LocalStore> {
    std::sync::Arc::new(LocalStore::create(&case.folder().join("armed")).expect("a folder"))
}

#[test]
fn where_a_transaction_does_not_end_there_is_no_slot() {
    let pair = slotted("slots_busy");
    let held = block_on(async {
        let client = support::connect(&pair.new).await;
        client.batch_execute("begin; update t set v = 'going on'").await.expect("a transaction");
        client
    });
    let case = recovery(pair, "");
    let context = case.context.clone().with_store(armed_folder(&case));
    let error = block_on(engine::arm(&context, options(Duration::from_millis(300)))).expect_err("it waits in vain");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    assert!(error.hints().iter().any(|hint| hint.contains("--wait")), "{error:?}");
    drop(held);
    assert_eq!(slots_of(&case.pair.new), [""; 0]);
    assert!(!Baseline::exists(context.store()).expect("a look"), "half of it is none");
}

#[test]
fn where_the_mark_cannot_be_kept_the_slot_is_taken_back() {
    let pair = slotted("slots_taken_back");
    let case = recovery(pair, "");
    let context = case.context.clone().with_store(armed_folder(&case));
    std::fs::remove_dir_all(case.folder().join("armed")).expect("a folder that goes away");
    block_on(engine::arm(&context, options(Duration::from_secs(30)))).expect_err("nowhere to keep the mark");
    assert_eq!(slots_of(&case.pair.new), [""; 0]);
}

/// Asks for a stop once rows of a table of OLD's have been read.
struct Stopping(Stop);

impl Progress for Stopping {
    fn event(&self, event: Event) {
        if matches!(event, Event::Rows { .. }) {
            self.0.ask();
        }
    }
}

#[test]
fn where_the_user_wants_to_stop_the_slot_is_taken_back() {
    let pair = slotted("slots_stopped");
    for side in Side::BOTH {
        support::sql(pair.url(side), "create table u (id int primary key); insert into u values (1)");
    }
    let (case, stop) = (recovery(pair, ""), Stop::default());
    let servers = case.context.servers();
    let endpoints = Sided { old: servers.endpoint(Side::Old).clone(), new: servers.endpoint(Side::New).clone() };
    let context = case.context.clone().with_store(armed_folder(&case));
    let context = context.with_servers(Servers::new(endpoints, stop.clone(), OldWrites::default()));
    let context = context.with_reporter(Reporter::new(std::sync::Arc::new(Stopping(stop.clone())), stop));
    let error = block_on(engine::arm(&context, ArmOptions { digests: true, ..options(Duration::from_secs(30)) }));
    let error = error.expect_err("a stop");
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error:?}");
    assert_eq!(slots_of(&case.pair.new), [""; 0]);
    assert!(!error.hints().iter().any(|hint| hint.contains("drop the slot")), "{error:?}");
}

#[test]
fn a_server_that_keeps_no_logical_log_is_refused_with_the_statement() {
    let options_of_new = ClusterOptions { label: "test-replica-log".into(), ..ClusterOptions::default() };
    let new = Cluster::start(&support::binaries(Side::New), &options_of_new).expect("a throwaway server");
    let pair = support::pair("slots_replica");
    support::sql(&new.url("postgres"), &format!("create database {}", pair.database));
    let new = Pair { new: new.url(&pair.database), database: pair.database.clone(), old: pair.old.clone() };
    let case = recovery(new, "");
    let context = case.context.clone().with_store(armed_folder(&case));
    let error = block_on(engine::arm(&context, options(Duration::from_secs(30)))).expect_err("no slot");
    assert_eq!(error.kind(), ErrorKind::Refused, "{error:?}");
    assert!(error.hints().iter().any(|hint| hint.contains("ALTER SYSTEM SET wal_level = logical")), "{error:?}");
}
