//! The emergency, from the declaration to the last answer: OLD's databases back from blobs, or from a server that Azure makes
//! as another one was.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::stage::Stage;
use crate::restore::fetched::md5;
use crate::restore::scene::{ROWS, Scene};
use crate::support::{self, Output, Pair};

const DATABASES: [&str; 2] = ["emergency_a", "emergency_b"];

pub(super) fn stage(scene: &Scene, databases: &[&str], vars: &str) -> Stage {
    let (old, new) = (scene.url("postgres"), scene.url("postgres"));
    let stage =
        Stage::new(Some(&Pair { database: "none".to_owned(), old, new }), "channels.incidents.webhook = { env = \"NONE\" }");
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    let list: Vec<_> = databases.iter().map(|name| format!("\"{name}\"")).collect();
    let config = config.replace("databases = [\"none\"]", &format!("databases = [{}]", list.join(", ")));
    stage.write("failback.toml", &format!("{config}{vars}"));
    stage
}

fn fail(stage: &Stage, command: &str) {
    let mut world = stage.world();
    world["fail"] = json!({ command: "once:(InternalServerError) try again" });
    stage.set_world(&world);
}

pub(super) fn approve(stage: &Stage, step: &str, roles: &[&str]) {
    for role in roles {
        let by = format!("{role}-in-person");
        let said = stage.run(&["approve", step, "--as", role, "--by", &by]);
        assert_eq!(said.code, 0, "{said:?}");
    }
}

pub(super) fn answer(stage: &Stage, step: &str, items: &[&str]) {
    for item in items {
        let said = stage.run(&["answer", step, item, "yes", "--by", "bob"]);
        assert_eq!(said.code, 0, "{item}: {said:?}");
    }
}

pub(super) fn resume(stage: &Stage, code: i32, said: &str) -> Output {
    let output = stage.run(&["resume", "--confirm", "dev"]);
    let all = format!("{}{}", output.stdout, output.stderr);
    assert!(output.code == code && all.contains(said), "{code} {said}: {all}");
    output
}

/// Goes on to a step that fails: 8 where it, or one before it, may have changed something.
pub(super) fn stops(stage: &Stage, said: &str) {
    let output = stage.run(&["resume", "--confirm", "dev"]);
    let all = format!("{}{}", output.stdout, output.stderr);
    assert!(matches!(output.code, 1 | 8) && all.contains(said), "{} {said}: {all}", output.code);
}

/// One rollback of an environment is under way on a server at a time.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) const VALIDATE: [&str; 5] = ["restarted", "workflows", "since", "dashboards", "on-call"];

#[test]
fn all_databases_come_back_from_blobs_whatever_fails_on_the_way() {
    let (_alone, scene) = (alone(), Scene::new());
    let mut blobs = serde_json::Map::new();
    for name in DATABASES {
        scene.make(name);
        let path = scene.dump(name, &format!("{name}.dump"), &["--format=custom"]);
        let blob = json!({ "file": path, "at": "2026-11-22T09:00:00+00:00", "md5": md5(&path) });
        blobs.insert(format!("nightly/{name}.dump"), blob);
    }
    support::sql(&scene.url(DATABASES[0]), "delete from \"Ship ping\".\"Order Items\"");
    support::sql(&scene.url("postgres"), "drop database emergency_b");
    let vars = "moment = \"2026-11-22T11:00:00+02:00\"\nbackups = \"az://account/backups/nightly\"\n";
    let stage = stage(&scene, &DATABASES, vars);
    let mut world = stage.world();
    world["blobs"] = json!({ "backups": blobs });
    stage.set_world(&world);
    let shown = stage.run(&["emergency", "--option", "blobs", "--dry-run"]);
    assert!(shown.code == 0 && shown.stdout.contains("failback restore swap"), "{}{}", shown.stdout, shown.stderr);
    assert_eq!(stage.run(&["emergency", "--dry-run"]).code, 2, "one of three ways is chosen");

    let begun = stage.run(&["emergency", "--option", "blobs", "--confirm", "dev", "--incident", "OLD is gone"]);
    assert!(begun.code == 4 && begun.stdout.contains("nobody has approved as commander"), "{begun:?}");
    approve(&stage, "declare", &["commander"]);
    fail(&stage, "account show");
    stops(&stage, "stopped at account");
    fail(&stage, "storage blob list");
    stops(&stage, "stopped at fetch/emergency_a");
    fail(&stage, "storage blob show");
    stops(&stage, "stopped at fetch/emergency_a");
    resume(&stage, 4, "nobody has answered");
    assert_eq!((scene.databases("emergency_a_restore_").len(), scene.databases("emergency_b_restore_").len()), (1, 1));
    assert_eq!(scene.rows(DATABASES[0]), ROWS - 3, "what was there is as it was");
    answer(&stage, "looked-at", &["counts", "applications"]);
    resume(&stage, 4, "nobody has approved as");
    approve(&stage, "swap", &["commander", "engineering_lead"]);
    // The name is taken that what was there would be kept under.
    let record = std::fs::read(stage.rollback().join("restore/restored.json")).expect("a record");
    let id = serde_json::from_slice::<Value>(&record).expect("JSON")["id"].as_str().expect("an id").to_owned();
    support::sql(&scene.url("postgres"), &format!("create database emergency_a_before_{id}"));
    stops(&stage, "stopped at swap");
    support::sql(&scene.url("postgres"), &format!("drop database emergency_a_before_{id}"));
    resume(&stage, 4, "nobody has answered");
    assert_eq!((scene.rows(DATABASES[0]), scene.rows(DATABASES[1])), (ROWS, ROWS));
    answer(&stage, "validate", &VALIDATE);
    let done = stage.run(&["resume", "--confirm", "dev"]);
    assert_eq!(done.code, 0, "{done:?}");
    let written = stage.run(&["postmortem"]).stdout;
    // What was there: one thousand orders, and no item; what came back: all of them.
    let line = format!("| 1,003 | 1,000 | emergency_a_before_{id} |");
    assert!(written.contains(&line) && written.contains("| 1,003 | - | - |"), "{written}");

    let undone = stage.run(&["undo", "swap", "--confirm", "dev"]);
    // What was restored beside stands still.
    assert_eq!(undone.code, 9, "{}{}", undone.stdout, undone.stderr);
    assert_eq!((scene.rows(DATABASES[0]), scene.databases("emergency_b").len()), (ROWS - 3, 1), "only the one beside");
}

#[test]
fn a_folder_will_do_and_a_backup_that_is_cut_off_stops_it_before_anything_is_made() {
    let (_alone, scene) = (alone(), Scene::new());
    scene.make("emergency_f");
    let path = scene.dump("emergency_f", "emergency_f.dump", &["--format=custom"]);
    support::sql(&scene.url("emergency_f"), "delete from \"Ship ping\".\"Order Items\"");
    let whole = std::fs::read(&path).expect("an archive");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("half of it");
    let backups = scene.path("backups").display().to_string();
    let vars = format!("moment = \"2999-01-01T00:00:00Z\"\nbackups = \"{backups}\"\n");
    let stage = stage(&scene, &["emergency_f"], &vars);
    assert_eq!(stage.run(&["emergency", "--option", "folder", "--confirm", "dev"]).code, 4);
    approve(&stage, "declare", &["commander"]);
    stops(&stage, "stopped at restore/emergency_f");
    assert_eq!(scene.databases("emergency_f").len(), 1);
    std::fs::write(&path, &whole).expect("all of it");
    resume(&stage, 4, "nobody has answered");
    answer(&stage, "looked-at", &["counts", "applications"]);
    approve(&stage, "swap", &["commander", "engineering_lead"]);
    resume(&stage, 4, "nobody has answered");
    assert_eq!(scene.rows("emergency_f"), ROWS);
    assert_eq!((stage.calls("storage"), stage.calls("account")), (0, 0), "nothing of Azure's is asked");
}

/// Whether the program is not installed that waits for a server; says so.
pub(super) fn lacks_pg_isready(test: &str) -> bool {
    let lacks = Command::new("pg_isready").arg("--version").output().is_err();
    if lacks {
        let said = format!("skipped: pg_isready is not installed ({test})\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
    }
    lacks
}

/// A stage on which Azure makes a server as another one was.
pub(super) fn restored_by_azure(scene: &Scene) -> Stage {
    let port = scene.confirm.rsplit(':').next().expect("a port").to_owned();
    let vars = format!(
        "moment = \"2026-11-22T11:00:00+02:00\"\nold_group = \"old-rg\"\nsource_server = \"prod-old\"\n\
         restored_server = \"prod-old-2\"\nold_port = {port}\n"
    );
    stage(scene, &["postgres"], &vars)
}

#[test]
fn a_server_is_made_as_another_one_was_and_its_host_name_is_told() {
    if lacks_pg_isready("rollback::emergency") {
        return;
    }
    let (_alone, scene) = (alone(), Scene::new());
    let stage = restored_by_azure(&scene);
    let server = |state: &str| json!({ "state": state, "host": "127.0.0.1" });
    let mut world = stage.world();
    world["servers"] = json!({ "old-rg/prod-old": server("Ready"), "old-rg/prod-old-2": server("Ready") });
    world["servers_host"] = "127.0.0.1".into();
    stage.set_world(&world);
    let begun = stage.run(&["emergency", "--option", "point-in-time", "--confirm", "dev"]);
    assert_eq!(begun.code, 4, "{begun:?}");
    approve(&stage, "declare", &["commander"]);
    stops(&stage, "there is a server prod-old-2");
    world["servers"].as_object_mut().expect("servers").remove("old-rg/prod-old-2");
    stage.set_world(&world);
    resume(&stage, 4, "nobody has approved as");
    approve(&stage, "new-server", &["commander", "engineering_lead"]);
    fail(&stage, "postgres flexible-server restore");
    stops(&stage, "stopped at new-server");
    resume(&stage, 4, "nobody has answered");
    assert_eq!(stage.world()["servers"]["old-rg/prod-old-2"]["at"], "2026-11-22T11:00:00+02:00");
    assert_eq!((stage.calls("flexible-server restore"), stage.state("ready").as_str()), (2, "done"));
    answer(&stage, "host-name", &["held", "network", "failback", "secrets"]);
    resume(&stage, 4, "nobody has answered");
    answer(&stage, "validate", &VALIDATE);
    resume(&stage, 0, "");
    let journal = std::fs::read_to_string(stage.rollback().join("journal.jsonl")).expect("a journal");
    assert!(journal.contains("\"host\":\"127.0.0.1\""), "{journal}");
    let naked = std::fs::read_to_string(stage.path("failback.toml")).expect("text").replace("+02:00", "");
    stage.write("failback.toml", &naked);
    let refused = stage.run(&["emergency", "--option", "point-in-time", "--dry-run"]);
    assert!(refused.code == 2 && refused.stderr.contains("with its offset"), "{refused:?}");
}
