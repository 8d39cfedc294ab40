//! Backups in a container of Azurite's, listed and fetched by the Azure CLI itself.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::azurite::{Azurite, KEY};
use super::real::ended;
use crate::restore::scene::{ROWS, Scene};
use crate::rollback::emergency::{alone, answer, approve};
use crate::rollback::stage::Stage;
use crate::support::{self, Output, Pair};

const SOURCE: &str = "az://account/backups/nightly";

/// What the emergency's runbook wants to know, at this moment.
fn stage(scene: &Scene, database: &str) -> Stage {
    let (old, new) = (scene.url("postgres"), scene.url("postgres"));
    let stage =
        Stage::new(Some(&Pair { database: database.to_owned(), old, new }), "channels.incidents.webhook = { env = \"NONE\" }");
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &format!("{config}backups = \"{SOURCE}\"\n"));
    stage
}

fn upload(azurite: &Azurite, name: &str, file: &Path) {
    let file = file.display().to_string();
    azurite.blob("upload", name, &["--file", &file, "--no-progress", "--output", "none"]);
}

/// Waits for the next second: Azure knows no parts of one.
fn now() -> String {
    std::thread::sleep(Duration::from_millis(1100));
    let now = jiff::Timestamp::now().to_string();
    std::thread::sleep(Duration::from_millis(1100));
    now
}

fn restore(azurite: &Azurite, scene: &Scene, words: &[&str]) -> Output {
    let mut command = scene.command(words);
    command.args(["--env", "dev", "--config"]).arg(azurite.azure.stage.path("failback.toml"));
    azurite.azure.led(&mut command);
    if words.contains(&"key") {
        command.env("AZURE_STORAGE_KEY", KEY);
    }
    ended(&mut command)
}

#[test]
fn blobs_are_chosen_by_time_and_tier_and_gone_on_with() {
    const TEST: &str = "blobs::blobs_are_chosen_by_time_and_tier_and_gone_on_with";
    let scene = Scene::new();
    let Some(azurite) = Azurite::on(stage(&scene, "azurite_chosen"), TEST) else { return };
    scene.make("azurite_chosen");
    let dump = scene.dump("azurite_chosen", "source.dump", &["--format=custom"]);
    for n in 1..=2 {
        upload(&azurite, &format!("nightly/azurite_chosen-{n}.dump"), &dump);
    }
    let between = now();
    upload(&azurite, "nightly/azurite_chosen-3.dump", &dump);
    azurite.blob("set-tier", "nightly/azurite_chosen-2.dump", &["--tier", "Archive"]);

    let listed = restore(&azurite, &scene, &["list", SOURCE, "--at", &between, "--databases", "azurite_chosen", "--json"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let document: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let backups = document["backups"].as_array().expect("backups");
    let grades: Vec<_> = backups.iter().map(|backup| backup["grade"].as_str().unwrap_or_default()).collect();
    assert_eq!(grades, ["ok", "failure", "ok"], "{document}");
    assert_eq!(document["chosen"][0]["backup"]["name"], "nightly/azurite_chosen-1.dump");

    let words = ["fetch", SOURCE, "--at", &between, "--databases", "azurite_chosen", "--into", "fetched"];
    let fetched = restore(&azurite, &scene, &words);
    assert_eq!(fetched.code, 0, "{fetched:?}");
    let (whole, file) = (std::fs::read(&dump).expect("an archive"), scene.path("fetched/azurite_chosen-1.dump"));
    assert_eq!(std::fs::read(&file).expect("a file"), whole);

    // As if it had been broken off in the middle.
    let beside = |ending: &str| scene.path(&format!("fetched/azurite_chosen-1.dump{ending}"));
    let shown: Value =
        serde_json::from_str(&azurite.blob("show", "nightly/azurite_chosen-1.dump", &[])).expect("what is said of a blob");
    let (tag, half) = (shown["properties"]["etag"].as_str().expect("a tag"), whole.len() / 2);
    std::fs::write(beside(".version"), format!("{tag} {}\n", whole.len())).expect("a note");
    std::fs::write(beside(".part"), &whole[..half]).expect("a part");
    std::fs::remove_file(beside(".sha256")).and_then(|()| std::fs::remove_file(&file)).expect("what was fetched");
    let fetched = restore(&azurite, &scene, &[words.as_slice(), &["--auth", "key"]].concat());
    assert!(fetched.code == 0 && fetched.stderr.contains("goes on behind"), "{fetched:?}");
    assert_eq!(std::fs::read(&file).expect("a file"), whole);
    assert!(azurite.log().contains(&format!("bytes={half}-{}", whole.len() - 1)), "only the rest is asked for");
}

#[test]
fn what_azure_keeps_another_checksum_of_is_thrown_away_and_a_wrong_key_lets_nobody_in() {
    const TEST: &str = "blobs::what_azure_keeps_another_checksum_of_is_thrown_away_and_a_wrong_key_lets_nobody_in";
    let scene = Scene::new();
    let Some(azurite) = Azurite::on(stage(&scene, "azurite_altered"), TEST) else { return };
    let file = scene.path("backups/some.dump");
    std::fs::write(&file, vec![7; 300_000]).expect("a file");
    upload(&azurite, "nightly/azurite_altered.dump", &file);
    azurite.blob("update", "nightly/azurite_altered.dump", &["--content-md5", "XUFAKrxLKna5cZ2REBfFkg=="]);
    let words = ["fetch", SOURCE, "--at", &now(), "--databases", "azurite_altered", "--into", "fetched"];
    let altered = restore(&azurite, &scene, &words);
    assert!(altered.code == 7 && altered.stderr.contains("5d41402abc4b2a76b9719d911017c592"), "{altered:?}");
    assert!(!scene.path("fetched/azurite_altered.dump").exists(), "{altered:?}");

    let mut command = scene.command(&["list", SOURCE, "--auth", "key"]);
    command.args(["--env", "dev", "--config"]).arg(azurite.azure.stage.path("failback.toml"));
    azurite.azure.led(&mut command);
    let closed = ended(command.env("AZURE_STORAGE_KEY", "YW5vdGhlciBrZXk="));
    assert!(closed.code == 1 && closed.stderr.contains("--auth key"), "{closed:?}");
    let nowhere = restore(&azurite, &scene, &["list", "az://account/elsewhere"]);
    assert!(nowhere.code == 1 && nowhere.stderr.contains("ended with exit code 3"), "{nowhere:?}");
}

#[test]
fn the_emergency_brings_a_database_back_from_a_blob() {
    const TEST: &str = "blobs::the_emergency_brings_a_database_back_from_a_blob";
    let (_alone, scene) = (alone(), Scene::new());
    let Some(azurite) = Azurite::on(stage(&scene, "azurite_back"), TEST) else { return };
    scene.make("azurite_back");
    let dump = scene.dump("azurite_back", "source.dump", &["--format=custom"]);
    upload(&azurite, "nightly/azurite_back.dump", &dump);
    let (azure, moment) = (&azurite.azure, now());
    let config = std::fs::read_to_string(azure.stage.path("failback.toml")).expect("text");
    azure.stage.write("failback.toml", &format!("{config}moment = \"{moment}\"\n"));
    support::sql(&scene.url("azurite_back"), "delete from \"Ship ping\".\"Order Items\"");

    azure.ends(4, &["emergency", "--option", "blobs", "--confirm", "dev", "--incident", "rows are gone"]);
    approve(&azure.stage, "declare", &["commander"]);
    azure.ends(4, &["resume", "--confirm", "dev"]);
    assert_eq!((azure.stage.state("fetch/azurite_back"), scene.rows("azurite_back")), ("done".to_owned(), ROWS - 3));
    answer(&azure.stage, "looked-at", &["counts", "applications"]);
    approve(&azure.stage, "swap", &["commander", "engineering_lead"]);
    azure.ends(4, &["resume", "--confirm", "dev"]);
    assert_eq!(scene.rows("azurite_back"), ROWS);
}
