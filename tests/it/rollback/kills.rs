//! Whole phases whose process is killed again and again, wherever it is: what comes out in the end is what comes out of a run
//! that nobody interrupts, and nothing that changes the world was done twice.
//!
//! `FAILBACK_KILL_JOURNEYS` sets how many journeys are made, `FAILBACK_KILL_SEED` the first one's seed.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use failback::demo::{Cluster, ClusterOptions};
use failback::name::Side;

use super::cleanup;
use super::destroy;
use super::emergency;
use super::quick::{self, INGRESS};
use super::stage::Stage;
use crate::restore::fetched::md5;
use crate::restore::scene::{ROWS, Scene};
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
fn journey(stage: &Stage, begin: &[&str], dice: &mut Dice, people: People<'_>) -> usize {
    let (phase, deadline) = (begin[0], Instant::now() + Duration::from_mins(8));
    let mut kills = 0;
    loop {
        assert!(Instant::now() < deadline, "{phase} does not come to its end: {}", stage.run(&["status"]).stdout);
        let before = lines(stage);
        let words = if before == 0 { begin } else { &["resume"] };
        let mut command = stage.command(&[words, &["--confirm", "dev"]].concat());
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

/// Approves of a step as each of some roles, by another person each.
fn approve(stage: &Stage, step: &str, roles: &[&str]) {
    for role in roles {
        assert_eq!(stage.run(&["approve", step, "--as", role, "--by", &format!("{role}-in-person")]).code, 0);
    }
}

/// Traffic goes back in a phase, on a NEW of this test's own: names, fence, sequences; and the rows, where they are `brought`.
fn traffic_goes_back(begin: &[&str], roles: &[&str], brought: bool, (seed, server): (u64, &Cluster)) {
    let pair = support::pair("rollback_kills");
    sql(&server.url("postgres"), &format!("create database {}", pair.database));
    let pair = Pair { new: server.url(&pair.database), ..pair };
    quick::orders(&pair);
    let web = Web::plain(|_: &Asked| Reply::text(200, "ok"));
    let stage = quick::stage(&pair, &web);
    let people = |stage: &Stage, said: &str| {
        if said.contains("waits at declare") {
            approve(stage, "declare", roles);
        }
        if said.contains("waits at validate") {
            for item in quick::ANSWERED {
                assert_eq!(stage.run(&["answer", "validate", item, "yes", "--by", "bob"]).code, 0, "{item}");
            }
        }
    };
    let kills = journey(&stage, begin, &mut Dice::seeded(seed), &people);
    assert!(kills >= 5, "seed {seed}: {kills} kills");
    let led = (stage.leads("publisher"), stage.leads("chain"), stage.calls("record-set a update"));
    assert_eq!(led, (INGRESS.to_owned(), INGRESS.to_owned(), 2), "seed {seed}: each name was moved once");
    let of_old = |query: &str| value(&pair.old, query).unwrap_or_default();
    let orders = if brought { "kept, made on NEW" } else { "kept" };
    assert_eq!(of_old("select string_agg(what, ', ' order by id) from orders"), orders, "seed {seed}");
    if brought {
        assert_eq!(of_old("select count(*) from failback.ledger where action = 'merge'"), "1", "seed {seed}: merged once");
    } else {
        let written = stage.run(&["postmortem"]).stdout;
        assert!(written.contains("**Data loss**: 1 row of NEW not on OLD"), "seed {seed}: {written}");
    }
    assert_eq!(of_old("insert into orders (what) values ('after') returning id"), "3", "seed {seed}");
    let limit = format!("select datconnlimit from pg_database where datname = '{}'", pair.database);
    assert_ne!(value(&pair.new, &limit).as_deref(), Some("-1"), "seed {seed}: NEW is fenced");
    let _ = writeln!(std::io::stderr(), "{}, seed {seed}: killed {kills} times", begin.join(" "));
}

fn has_kubectl() -> bool {
    let has = Command::new("kubectl").args(["version", "--client"]).output().is_ok();
    if !has {
        let _ = writeln!(std::io::stderr(), "skipped: kubectl is not installed (rollback::kills)");
    }
    has
}

#[test]
fn traffic_goes_back_however_often_the_process_is_killed() {
    if !has_kubectl() {
        return;
    }
    let server = new_server();
    for seed in seeds() {
        traffic_goes_back(&["quick"], &["commander"], true, (seed, &server));
    }
}

/// The later phases, with one choice of what becomes of the rows each; with another seed it is the other one's.
#[test]
fn later_phases_come_to_their_end_however_often_the_process_is_killed() {
    if !has_kubectl() {
        return;
    }
    let server = new_server();
    for seed in seeds() {
        let options = if seed % 2 == 1 { ["partial", "accept-loss"] } else { ["accept-loss", "partial"] };
        let phases = [
            ("evaluated", options[0], ["commander", "engineering_lead", "product_owner", "on_call"]),
            ("long-term", options[1], ["cto", "product_vp", "legal", "customer_success"]),
        ];
        for (phase, option, roles) in phases {
            traffic_goes_back(&[phase, "--option", option], &roles, option == "partial", (seed, &server));
        }
    }
}

#[test]
fn databases_come_back_once_however_often_the_process_is_killed() {
    let _alone = emergency::alone();
    for seed in seeds() {
        let scene = Scene::new();
        let names = [format!("kills_{seed}_a"), format!("kills_{seed}_b")];
        let mut blobs = serde_json::Map::new();
        for name in &names {
            scene.make(name);
            let path = scene.dump(name, &format!("{name}.dump"), &["--format=custom"]);
            let blob = serde_json::json!({ "file": path, "at": "2026-11-22T09:00:00+00:00", "md5": md5(&path) });
            blobs.insert(format!("nightly/{name}.dump"), blob);
        }
        sql(&scene.url(&names[0]), "delete from \"Ship ping\".\"Order Items\"");
        sql(&scene.url("postgres"), &format!("drop database {}", names[1]));
        let is_folder = seed % 2 == 0;
        let backups = if is_folder { scene.path("backups").display().to_string() } else { "az://a/backups/nightly".to_owned() };
        let vars = format!("moment = \"2999-01-01T00:00:00Z\"\nbackups = \"{backups}\"\n");
        let stage = emergency::stage(&scene, &names.each_ref().map(String::as_str), &vars);
        let mut world = stage.world();
        world["blobs"] = serde_json::json!({ "backups": blobs });
        stage.set_world(&world);
        let people = |stage: &Stage, said: &str| {
            let answer = |step: &str, items: &[&str]| {
                for item in items {
                    assert_eq!(stage.run(&["answer", step, item, "yes", "--by", "bob"]).code, 0, "{item}");
                }
            };
            match said {
                said if said.contains("waits at declare") => approve(stage, "declare", &["commander"]),
                said if said.contains("waits at looked-at") => answer("looked-at", &["counts", "applications"]),
                said if said.contains("waits at swap") => {
                    assert_eq!(scene.rows(&names[0]), ROWS - 3, "seed {seed}: swapped although nobody approved");
                    approve(stage, "swap", &["commander", "engineering_lead"]);
                }
                _ => answer("validate", &emergency::VALIDATE),
            }
        };
        let option = if is_folder { "folder" } else { "blobs" };
        let kills = journey(&stage, &["emergency", "--option", option], &mut Dice::seeded(seed), &people);
        assert!(kills >= 4, "seed {seed}: {kills} kills");
        assert_eq!((scene.rows(&names[0]), scene.rows(&names[1])), (ROWS, ROWS), "seed {seed}");
        let (first, second) = (scene.databases(&names[0]), scene.databases(&names[1]));
        assert!(first.len() == 2 && first[1].contains("_before_"), "seed {seed}: nothing is left behind: {first:?}");
        assert_eq!(second, [names[1].as_str()], "seed {seed}");
        let undone = stage.run(&["undo", "swap", "--confirm", "dev"]);
        assert_eq!((undone.code, scene.rows(&names[0])), (9, ROWS - 3), "seed {seed}: what was there is whole: {undone:?}");
        let _ = writeln!(std::io::stderr(), "emergency {option}, seed {seed}: killed {kills} times");
    }
}

#[test]
fn new_is_cleaned_up_once_however_often_the_process_is_killed() {
    for seed in seeds() {
        let Some((stage, pair)) = cleanup::recovered("rollback_cleanup_kills", None) else { return };
        let people = |stage: &Stage, said: &str| {
            assert!(said.contains("waits at destroy") && destroy::resources(stage).contains("core-rg-san"), "{said}");
            approve(stage, "destroy", &["commander", "engineering_lead"]);
        };
        let kills = journey(&stage, &["cleanup"], &mut Dice::seeded(seed), &people);
        assert!(kills >= 2, "seed {seed}: {kills} kills");
        assert!(!destroy::resources(&stage).contains("core-rg-san"), "seed {seed}");
        let folder = stage.rollback();
        let files = std::fs::read_dir(folder.join("last")).expect("a folder").map(|entry| entry.expect("entry").file_name());
        let mut files: Vec<_> = files.map(|name| name.to_string_lossy().into_owned()).filter(|name| name != "lock").collect();
        files.sort();
        let dump = format!("{}.dump", pair.database);
        assert_eq!(files, [dump.clone(), format!("{dump}.sha256")], "seed {seed}: nothing half done is left");
        expect_approved_first(&stage, seed);
        let _ = writeln!(std::io::stderr(), "cleanup, seed {seed}: killed {kills} times");
    }
}

/// Nothing was destroyed before somebody approved.
fn expect_approved_first(stage: &Stage, seed: u64) {
    let journal = std::fs::read_to_string(stage.rollback().join("journal.jsonl")).expect("a journal");
    let approved = journal.lines().position(|line| line.contains("\"voted\"")).expect("an approval");
    let applied = journal.lines().position(|line| line.contains("\"apply\"")).unwrap_or(usize::MAX);
    assert!(approved < applied, "seed {seed}: {journal}");
}

#[test]
fn new_is_destroyed_once_however_often_the_process_is_killed() {
    for seed in seeds() {
        let Some((stage, _pair)) = destroy::deployed("rollback_destroy_kills", "dev") else { return };
        let people = |stage: &Stage, said: &str| {
            assert!(said.contains("waits at destroy") && destroy::resources(stage).contains("core-rg-san"), "{said}");
            assert_eq!(stage.run(&["approve", "destroy", "--as", "commander", "--by", "ada"]).code, 0);
        };
        let kills = journey(&stage, &["destroy-new"], &mut Dice::seeded(seed), &people);
        assert!(!destroy::resources(&stage).contains("core-rg-san"), "seed {seed}");
        expect_approved_first(&stage, seed);
        let _ = writeln!(std::io::stderr(), "destroy-new, seed {seed}: killed {kills} times");
    }
}
