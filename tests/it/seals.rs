//! One flipped bit: every index of a run bears its own digest and names the one that it was made from, and every step that
//! reads one checks the chain. What is not to the bit what was written is damage; what is another run's is refused.

use std::process::Command;
use std::sync::Arc;

use failback::engine::{self, MergeOptions};
use failback::error::{Error, ErrorKind};
use failback::name::Side;
use failback::staging::{DiffIndex, Journal, Manifest, Plan, RunRecord};
use failback::store::{LocalStore, Store};
use jiff::{SignedDuration, Timestamp};

use super::recovery::{Recovery, fingerprint};
use super::support::{self, Altered, block_on};

const INDEXES: [&str; 4] = ["run.json", "manifest.json", "diff.json", "plan.json"];

/// A run of one table with one row to insert, planned.
fn planned(test: &str) -> Recovery {
    let pair = support::pair(test);
    for side in Side::BOTH {
        support::sql(pair.url(side), "create table t (id int primary key, updated_at timestamptz not null)");
    }
    support::sql(&pair.new, "insert into t values (1, now())");
    let recovery = Recovery::of(pair, Timestamp::now() - SignedDuration::from_hours(1), "");
    recovery.decide("[defaults]\nambiguous_missing_on_old = \"apply_new\"\n");
    recovery.up_to_plan();
    recovery
}

fn text(store: &LocalStore, path: &str) -> Vec<u8> {
    store.read(path).expect("a file of the run")
}

/// What reads an index, and which of them it stands on, itself included.
type Reader = (&'static str, fn(&dyn Store) -> Result<(), Error>, &'static [&'static str]);

const READERS: [Reader; 4] = [
    ("the record", |store| RunRecord::read(store).map(drop), &["run.json"]),
    ("the manifest", |store| Manifest::read(store).map(drop), &["manifest.json", "run.json"]),
    ("the diff", |store| DiffIndex::read(store).map(drop), &["diff.json", "manifest.json"]),
    ("the plan", |store| Plan::read(store).map(drop), &["plan.json", "diff.json", "manifest.json", "run.json"]),
];

fn expect_damage(what: &str, altered: &Altered, at: usize, read: Result<(), Error>) {
    let error = read.expect_err(&format!("{what}: byte {at} of {}", altered.path));
    assert_eq!(error.kind(), ErrorKind::Damaged, "{what}: byte {at} of {}: {error:?}", altered.path);
}

#[test]
fn every_flipped_bit_of_an_index_is_damage_to_whoever_reads_it() {
    let recovery = planned("seal_bits");
    for (what, read, paths) in READERS {
        for (depth, path) in paths.iter().enumerate() {
            let sound = text(&recovery.store, path);
            for at in 0..sound.len() {
                // All bits of the file itself; of those that it stands on, which the same function checks, a part.
                for bit in (0..8).filter(|bit| depth == 0 || (*bit == at % 8 && at % 3 == 0)) {
                    let altered = Altered::flip(&recovery.store, path, &sound, at, bit);
                    expect_damage(what, &altered, at, read(&altered));
                }
            }
            for at in (0..sound.len()).filter(|_| depth == 0) {
                let altered = Altered { bytes: sound[..at].to_vec(), ..Altered::flip(&recovery.store, path, &sound, at, 0) };
                expect_damage(what, &altered, at, read(&altered));
            }
        }
        read(&recovery.store).expect("the sound ones");
    }
}

/// The steps, and the indexes that each stands on.
const STEPS: [(&str, &[&str]); 6] = [
    ("diff", &["run.json", "manifest.json"]),
    ("plan", &["run.json", "manifest.json", "diff.json"]),
    ("merge", &INDEXES),
    ("verify", &INDEXES),
    ("undo", &INDEXES),
    ("status", &INDEXES),
];

fn step(name: &str, recovery: &Recovery) -> Result<(), Error> {
    let (context, options) = (&recovery.context, MergeOptions::default());
    block_on(async {
        match name {
            "diff" => engine::diff(context).await.map(drop),
            "plan" => engine::plan(context).await.map(drop),
            "merge" => engine::merge(context, options).await.map(drop),
            "verify" => engine::verify(context).await.map(drop),
            "undo" => engine::undo(context, options).await.map(drop),
            _ => engine::status(context).await.map(drop),
        }
    })
}

/// Does a step on each of the stores.
fn each_step(recovery: &mut Recovery, name: &str, stores: impl IntoIterator<Item = (usize, Altered)>) {
    for (at, altered) in stores {
        recovery.keep_in(Arc::new(altered.clone()));
        expect_damage(name, &altered, at, step(name, recovery));
    }
}

#[test]
fn every_step_finds_a_flipped_bit_before_and_after_the_merge() {
    let mut recovery = planned("seal_steps");
    let store = recovery.store.clone();
    for merged in [false, true] {
        let before = fingerprint(&recovery.pair.old);
        for (name, paths) in STEPS {
            for path in paths {
                let sound = text(&store, path);
                // Every place in turn, over the steps: a stride that shares no factor with the lines' lengths.
                let places = (0..sound.len()).step_by(23).chain([sound.len() - 1]);
                let flipped = places.map(|at| (at, Altered::flip(&store, path, &sound, at, at % 8)));
                each_step(&mut recovery, name, flipped.collect::<Vec<_>>());
            }
        }
        assert_eq!(fingerprint(&recovery.pair.old), before, "nothing was written");
        recovery.keep_in(Arc::new(store.clone()));
        if !merged {
            block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("the sound ones");
        }
    }
    block_on(engine::verify(&recovery.context)).expect("a verification");
    block_on(engine::undo(&recovery.context, MergeOptions::default())).expect("an undo");
}

#[test]
fn every_flipped_bit_of_the_journal_is_a_line_that_is_not_believed() {
    let recovery = planned("seal_journal");
    block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    let sound = text(&recovery.store, "journal.jsonl");
    let journal = Journal::read(&recovery.store).expect("a journal");
    assert_eq!((journal.entries.len(), journal.torn), (5, 0));
    for at in 0..sound.len() {
        for bit in 0..8 {
            let read = Journal::read(&Altered::flip(&recovery.store, "journal.jsonl", &sound, at, bit)).expect("a journal");
            assert!(read.torn > 0, "bit {bit} of byte {at}");
            assert!(read.entries.iter().all(|entry| journal.entries.contains(entry)), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn the_files_of_another_run_are_refused_by_every_step() {
    let mut recovery = planned("seal_other");
    let other = planned("seal_other");
    block_on(engine::merge(&recovery.context, MergeOptions::default())).expect("a merge");
    let merged = fingerprint(&recovery.pair.old);
    let store = recovery.store.clone();
    for (name, paths) in STEPS {
        for path in paths.iter().filter(|path| **path != "diff.json" || name != "plan") {
            let bytes = text(&other.store, path);
            recovery.keep_in(Arc::new(Altered { store: store.clone(), path, bytes }));
            // A plan whose diff has been made anew is what status is there to tell.
            if (name, *path) == ("status", "diff.json") {
                step(name, &recovery).expect_err("a diff of another export");
                continue;
            }
            let error = step(name, &recovery).expect_err(&format!("{name} with another run's {path}"));
            assert_eq!(error.kind(), ErrorKind::Refused, "{name} with another run's {path}: {error:?}");
        }
    }
    assert_eq!(fingerprint(&recovery.pair.old), merged, "nothing was written");
}

#[test]
fn a_diff_made_anew_makes_the_plan_stale_and_status_says_so() {
    let recovery = planned("seal_stale");
    let status = || block_on(engine::status(&recovery.context)).expect("a status");
    assert_eq!((status().stale, status().next), (None, "merge"));
    block_on(engine::diff(&recovery.context)).expect("a diff");
    assert_eq!((status().stale, status().next), (Some("the diff"), "plan"));
    let error = block_on(engine::merge(&recovery.context, MergeOptions::default())).expect_err("a stale plan");
    assert_eq!(
        (error.kind(), error.causes()),
        (ErrorKind::Refused, vec!["the diff changed since the plan was made".to_owned()])
    );
    block_on(engine::plan(&recovery.context)).expect("a plan");
    assert_eq!((status().stale, status().next), (None, "merge"));
}

/// The command that the documentation shows, on the files of a run. `b3sum` is not everywhere; what it would be given is.
#[test]
fn a_digest_can_be_checked_by_hand_as_documented() {
    let recovery = planned("seal_hand");
    let page = std::fs::read_to_string("docs/staging-format.md").expect("the page");
    let line = page.lines().find(|line| line.contains("| b3sum")).expect("the command");
    let (command, _) = line.split_once("| b3sum").expect("the command");
    for index in INDEXES {
        let command = command.replace("manifest.json", index);
        assert!(command.contains(index), "{command}");
        let output = Command::new("sh").args(["-c", &command]).current_dir(recovery.store.folder()).output().expect("a shell");
        let digest = blake3::hash(&output.stdout).to_hex().to_string();
        let file: serde_json::Value = serde_json::from_slice(&text(&recovery.store, index)).expect("a document");
        assert_eq!(file["own_blake3"].as_str(), Some(digest.as_str()), "{index}");
    }
}
