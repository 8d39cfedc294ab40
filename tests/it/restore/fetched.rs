//! `failback restore list` and `fetch` of a container of Azure's, through a stand-in of its CLI: pages, tiers, checksums,
//! pieces, and a fetch that was broken off.

use std::path::Path;

use serde_json::{Value, json};

use super::scene::{ROWS, Scene};
use crate::support::Output;

/// A container with backups in it.
struct Store {
    scene: Scene,
}

impl Store {
    fn new(database: &str) -> Self {
        let scene = Scene::new();
        scene.make(database);
        let path = scene.dump(database, "source.dump", &["--format=custom"]);
        let blob = |at: &str| json!({ "file": path, "at": at, "md5": md5(&path), "etag": "0x1" });
        let blobs = json!({
            format!("nightly/{database}-1.dump"): blob("2026-11-22T01:00:00+00:00"),
            format!("nightly/{database}-2.dump"): blob("2026-11-22T02:00:00+00:00"),
            format!("nightly/{database}-3.dump"): blob("2026-11-22T03:00:00+00:00"),
            format!("other/{database}-4.dump"): blob("2026-11-22T01:59:00+00:00"),
        });
        let store = Self { scene };
        store.set(&json!({ "blobs": { "backups": blobs }, "page": 2 }));
        let az = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/standins/az");
        let config = format!("tools.az = \"{}\"\ntools.environment = [\"AZ_WORLD\"]\n", az.display());
        std::fs::write(store.scene.path("failback.toml"), config).expect("a file");
        store
    }

    fn set(&self, world: &Value) {
        std::fs::write(self.scene.path("world.json"), world.to_string()).expect("the world");
    }

    fn world(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.scene.path("world.json")).expect("the world")).expect("JSON")
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = self.scene.command(words);
        let output = command.env("AZ_WORLD", self.scene.path("world.json")).output().expect("failback");
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn calls(&self, words: &str) -> usize {
        let calls = std::fs::read_to_string(self.scene.path("world.json.calls")).unwrap_or_default();
        calls.lines().filter(|call| call.contains(words)).count()
    }
}

/// The digest of a file as Azure keeps it.
pub(crate) fn md5(path: &Path) -> String {
    let text =
        "import base64,hashlib,sys;print(base64.b64encode(hashlib.md5(open(sys.argv[1],'rb').read()).digest()).decode())";
    let output = std::process::Command::new("python3").args(["-c", text]).arg(path).output();
    String::from_utf8(output.expect("python3").stdout).expect("text").trim().to_owned()
}

const SOURCE: &str = "az://account/backups/nightly";

#[test]
fn blobs_are_listed_page_by_page_and_chosen_by_time_and_tier() {
    let store = Store::new("blobs_listed");
    let listed = store.run(&["list", SOURCE, "--at", "2026-11-22T03:30:00+01:00", "--databases", "blobs_listed", "--json"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let document: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    assert_eq!((document["backups"].as_array().map(Vec::len), store.calls("blob list")), (Some(3), 2));
    assert_eq!(document["chosen"][0]["backup"]["name"], "nightly/blobs_listed-2.dump");
    let mut world = store.world();
    world["blobs"]["backups"]["nightly/blobs_listed-2.dump"]["tier"] = "Archive".into();
    store.set(&world);
    let listed = store.run(&["list", SOURCE, "--at", "2026-11-22T03:30:00+01:00", "--databases", "blobs_listed"]);
    assert!(
        listed.stdout.contains("brought out of it first") && listed.stdout.contains("blobs_listed-1.dump, ended"),
        "{listed:?}"
    );
    world["fail"] = json!({ "storage blob list": "(AuthorizationFailure) not allowed" });
    store.set(&world);
    let closed = store.run(&["list", SOURCE]);
    assert!(
        closed.code == 1 && closed.stderr.contains("AuthorizationFailure") && closed.stderr.contains("az login"),
        "{closed:?}"
    );
    let nameless = store.run(&["list", "az://account"]);
    assert!(nameless.code == 2 && nameless.stderr.contains("az://ACCOUNT/CONTAINER"), "{nameless:?}");
}

#[test]
fn a_blob_is_fetched_whole_and_what_was_broken_off_is_gone_on_with() {
    let store = Store::new("blobs_fetched");
    let blob = "nightly/blobs_fetched-2.dump";
    let words = ["fetch", SOURCE, "--at", "2026-11-22T02:30:00Z", "--databases", "blobs_fetched", "--into", "fetched"];
    // Each piece comes short.
    let mut world = store.world();
    world["blobs"]["backups"][blob]["cut"] = 100.into();
    store.set(&world);
    let short = store.run(&words);
    assert!(short.code == 1 && short.stderr.contains("it goes on where it stopped"), "{short:?}");
    // As if a part had been fetched before, and the rest had not.
    let folder = store.scene.path("fetched");
    let whole = std::fs::read(store.scene.path("backups/source.dump")).expect("an archive");
    std::fs::write(folder.join("blobs_fetched-2.dump.part"), &whole[..5000]).expect("a part");
    world["blobs"]["backups"][blob].as_object_mut().expect("a blob").remove("cut");
    store.set(&world);
    let fetched = store.run(&words);
    assert!(fetched.code == 0 && fetched.stderr.contains("goes on behind"), "{fetched:?}");
    assert_eq!(std::fs::read(folder.join("blobs_fetched-2.dump")).expect("a file"), whole);
    assert_eq!(store.calls("--start-range 5000 "), 1);
    assert_eq!(store.run(&words).code, 0, "it is there already");
    // It bears the time of the blob, and comes back.
    let run = store.run(&["run", "fetched", "--at", "2026-11-22T02:30:00Z", "--databases", "blobs_fetched"]);
    assert_eq!(run.code, 9, "{run:?}");
    let found = store.scene.databases("blobs_fetched_restore_");
    assert_eq!((found.len(), store.scene.rows(&found[0])), (1, ROWS));
    assert_eq!(store.run(&["run", SOURCE, "--at", "2026-11-22T02:30:00Z"]).code, 2, "it is fetched first");
}

#[test]
fn what_is_not_what_azure_has_a_checksum_of_is_thrown_away() {
    let store = Store::new("blobs_altered");
    let blob = "nightly/blobs_altered-2.dump";
    let words = ["fetch", SOURCE, "--at", "2026-11-22T02:30:00Z", "--databases", "blobs_altered", "--into", "fetched"];
    let folder = store.scene.path("fetched");
    assert_eq!(store.run(&["list", SOURCE]).code, 0);
    let mut world = store.world();
    world["blobs"]["backups"][blob]["md5"] = "XUFAKrxLKna5cZ2REBfFkg==".into();
    store.set(&world);
    let altered = store.run(&words);
    assert!(altered.code == 7 && altered.stderr.contains("and Azure's is 5d41402abc4b2a76b9719d911017c592"), "{altered:?}");
    assert!(!folder.join("blobs_altered-2.dump").exists() && !folder.join("blobs_altered-2.dump.part").exists());
    std::fs::write(folder.join("blobs_altered-2.dump"), "somebody's own").expect("a file");
    let taken = store.run(&words);
    assert!(taken.code == 4 && taken.stderr.contains("a file of that name is there"), "{taken:?}");
}
