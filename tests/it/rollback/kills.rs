//! Whole phases whose process is killed again and again, wherever it is: what comes out in the end is what comes out of a run
//! that nobody interrupts, and nothing that changes the world was done twice.
//!
//! `FAILBACK_KILL_JOURNEYS` sets how many journeys are made, `FAILBACK_KILL_SEED` the first one's seed.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use failback::demo::{Cluster, ClusterOptions};
use failback::name::Side;

use super::destroy;
use super::quick::{self, INGRESS};
use super::stage::Stage;
use crate::support::{self, Asked, Dice, Pair, Reply, Web, sql, value};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The seeds of the journeys.
fn seeds() -> impl Iterator<Item = u64> {
    let first = number("FAILBACK_KILL_SEED").unwrap_or(1);
    first..first + number("FAILBACK_KILL_JOURNEYS").unwrap_or(1)
}

/// How many lines the newest rollback's journal has.
fn lines(stage: &Stage) -> usize {
    let journal = || std::fs::read_to_string(stage.newest()?.join("journal.jsonl")).ok();
    journal().map_or(0, |text| text.lines().count())
}

/// What people do at a stop: approve, or answer.
type People<'a> = &'a dyn Fn(&Stage, &str);

/// Carries out a phase to its end, killing whatever process carries it out after a few lines of the journal. Returns how many
/// were killed.
fn journey(stage: &Stage, phase: &str, dice: &mut Dice, people: People<'_>) -> usize {
    let deadline = Instant::now() + Duration::from_mins(8);
    let mut kills = 0;
    loop {
        assert!(Instant::now() < deadline, "{phase} does not come to its end: {}", stage.run(&["status"]).stdout);
        let before = lines(stage);
        let words = if before == 0 { [phase, "--confirm", "dev"] } else { ["resume", "--confirm", "dev"] };
        let mut command = stage.command(&words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("failback");
        // Going on writes a line of its own: with fewer than two it would never come further.
        let until = before + 3 + dice.below(6);
        let late = Duration::from_millis(dice.below(40) as u64);
        let ended = loop {
            if child.try_wait().expect("a process").is_some() {
                break true;
            }
            if lines(stage) >= until {
                std::thread::sleep(late);
                child.kill().expect("a kill");
                kills += 1;
                break false;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let output = child.wait_with_output().expect("an end");
        if !ended {
            continue;
        }
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0 | 9) => return kills,
            Some(4) if said.contains("waits at") => people(stage, &said),
            // A program that was being started when its parent was killed holds what the parent had open for a moment.
            Some(4) if said.contains("is at work on this run") => std::thread::sleep(Duration::from_millis(50)),
            None => {}
            code => panic!("{phase}: {code:?} after {kills} kills: {said}"),
        }
    }
}

/// A NEW of this test's own: what others write there would be writes.
fn new_server() -> Cluster {
    let options = ClusterOptions { label: "test-kills".into(), ..ClusterOptions::default() };
    Cluster::start(&support::binaries(Side::New), &options).expect("a throwaway server")
}

#[test]
fn traffic_goes_back_however_often_the_process_is_killed() {
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        let _ = writeln!(std::io::stderr(), "skipped: kubectl is not installed (rollback::kills)");
        return;
    }
    let server = new_server();
    for seed in seeds() {
        let pair = support::pair("rollback_kills");
        sql(&server.url("postgres"), &format!("create database {}", pair.database));
        let pair = Pair { new: server.url(&pair.database), ..pair };
        quick::orders(&pair);
        let web = Web::plain(|_: &Asked| Reply::text(200, "ok"));
        let stage = quick::stage(&pair, &web);
        let people = |stage: &Stage, said: &str| {
            if said.contains("waits at declare") {
                assert_eq!(stage.run(&["approve", "declare", "--as", "commander", "--by", "ada"]).code, 0);
            }
            if said.contains("waits at validate") {
                for item in quick::ANSWERED {
                    assert_eq!(stage.run(&["answer", "validate", item, "yes", "--by", "bob"]).code, 0, "{item}");
                }
            }
        };
        let kills = journey(&stage, "quick", &mut Dice::seeded(seed), &people);
        assert!(kills >= 5, "seed {seed}: {kills} kills");
        let led = (stage.leads("publisher"), stage.leads("chain"), stage.calls("record-set a update"));
        assert_eq!(led, (INGRESS.to_owned(), INGRESS.to_owned(), 2), "seed {seed}: each name was moved once");
        let of_old = |query: &str| value(&pair.old, query).unwrap_or_default();
        assert_eq!(of_old("select string_agg(what, ', ' order by id) from orders"), "kept, made on NEW", "seed {seed}");
        assert_eq!(of_old("select count(*) from failback.ledger where action = 'merge'"), "1", "seed {seed}: merged once");
        assert_eq!(of_old("insert into orders (what) values ('after') returning id"), "3", "seed {seed}");
        let limit = format!("select datconnlimit from pg_database where datname = '{}'", pair.database);
        assert_ne!(value(&pair.new, &limit).as_deref(), Some("-1"), "seed {seed}: NEW is fenced");
        let _ = writeln!(std::io::stderr(), "quick, seed {seed}: killed {kills} times");
    }
}

#[test]
fn new_is_destroyed_once_however_often_the_process_is_killed() {
    for seed in seeds() {
        let Some((stage, _pair)) = destroy::deployed("rollback_destroy_kills", "dev") else { return };
        let people = |stage: &Stage, said: &str| {
            assert!(said.contains("waits at destroy") && destroy::resources(stage).contains("core-rg-san"), "{said}");
            assert_eq!(stage.run(&["approve", "destroy", "--as", "commander", "--by", "ada"]).code, 0);
        };
        let kills = journey(&stage, "destroy-new", &mut Dice::seeded(seed), &people);
        assert!(!destroy::resources(&stage).contains("core-rg-san"), "seed {seed}");
        let journal = std::fs::read_to_string(stage.rollback().join("journal.jsonl")).expect("a journal");
        let approved = journal.lines().position(|line| line.contains("\"voted\"")).expect("an approval");
        let applied = journal.lines().position(|line| line.contains("\"apply\"")).unwrap_or(usize::MAX);
        assert!(approved < applied, "seed {seed}: {journal}");
        let _ = writeln!(std::io::stderr(), "destroy-new, seed {seed}: killed {kills} times");
    }
}
