//! Each step of the emergency where it fails: what it says, and that nothing behind it is done.

use serde_json::json;

use super::emergency::{alone, answer, approve, lacks_pg_isready, restored_by_azure, resume, stage, stops};
use super::stage::Stage;
use crate::restore::fetched::md5;
use crate::restore::scene::{ROWS, Scene, flip, written_at};
use crate::support::{self, Pair};

const VARS: &str = "moment = \"2026-11-22T11:00:00+02:00\"\nbackups = \"az://account/backups/nightly\"\n";

/// Puts databases' dumps into the container.
fn blobs(scene: &Scene, stage: &Stage, databases: &[&str]) {
    let mut blobs = serde_json::Map::new();
    for name in databases {
        let path = scene.path("backups").join(format!("{name}.dump"));
        let blob = json!({ "file": path, "at": "2026-11-22T09:00:00+00:00", "md5": md5(&path) });
        blobs.insert(format!("nightly/{name}.dump"), blob);
    }
    let mut world = stage.world();
    world["blobs"] = json!({ "backups": blobs });
    stage.set_world(&world);
}

#[test]
fn an_old_that_does_not_answer_stops_it_before_anything_is_fetched() {
    let nowhere = "postgresql://nobody@127.0.0.1:1/postgres".to_owned();
    let pair = Pair { database: "none".to_owned(), old: nowhere.clone(), new: nowhere };
    let stage = Stage::new(Some(&pair), "channels.incidents.webhook = { env = \"NONE\" }");
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &format!("{config}{VARS}"));
    assert_eq!(stage.run(&["emergency", "--option", "blobs", "--confirm", "dev"]).code, 4);
    approve(&stage, "declare", &["commander"]);
    stops(&stage, "stopped at server");
    assert_eq!((stage.calls("storage"), stage.state("fetch/none")), (0, "pending".to_owned()));
}

#[test]
fn a_backup_that_is_not_what_was_fetched_or_wants_what_lacks_is_not_restored() {
    let (_alone, scene) = (alone(), Scene::new());
    let names = ["emergency_r", "emergency_s"];
    for name in names {
        scene.make(name);
    }
    support::sql(&scene.url("postgres"), "create role emergency_r_owner");
    support::sql(&scene.url("emergency_r"), "alter table orders owner to emergency_r_owner");
    for name in names {
        scene.dump(name, &format!("{name}.dump"), &["--format=custom"]);
    }
    support::sql(&scene.url("emergency_r"), "reassign owned by emergency_r_owner to current_user");
    support::sql(&scene.url("postgres"), "drop role emergency_r_owner");
    support::sql(&scene.url("postgres"), "drop database emergency_s");
    let stage = stage(&scene, &names, VARS);
    blobs(&scene, &stage, &names);
    // The last look at the databases is tried for two minutes.
    let own = stage.run(&["runbook", "export", "emergency"]).stdout.replace("timeout = \"2m\"", "timeout = \"2s\"");
    stage.write("own.toml", &own);
    assert_eq!(stage.run(&["run", "own.toml", "--option", "blobs", "--confirm", "dev"]).code, 4);
    approve(&stage, "declare", &["commander"]);
    // The first is fetched, the second is not; what came first is damaged meanwhile.
    let mut world = stage.world();
    world["blobs"]["backups"]["nightly/emergency_s.dump"]["tier"] = "Archive".into();
    stage.set_world(&world);
    stops(&stage, "stopped at fetch/emergency_s");
    blobs(&scene, &stage, &names);
    let fetched = stage.rollback().join("backups/emergency_r.dump");
    flip(&fetched, 2000);
    stops(&stage, "stopped at check-fetched");
    assert_eq!(scene.databases("emergency_r_restore_").len(), 0);
    flip(&fetched, 2000);
    written_at(&fetched, "2026-11-22T09:00:00Z");
    stops(&stage, "stopped at restore-fetched/emergency_r");
    assert!(scene.databases("emergency_r_restore_").is_empty() && scene.databases("emergency_s").is_empty());
    support::sql(&scene.url("postgres"), "create role emergency_r_owner");
    resume(&stage, 4, "nobody has answered");

    // Somebody leaves the swap out: what was lost does not answer, whatever was restored beside.
    answer(&stage, "looked-at", &["counts", "applications"]);
    resume(&stage, 4, "nobody has approved as");
    assert_eq!(stage.run(&["skip", "swap", "--why", "a look at what follows"]).code, 0);
    stops(&stage, "stopped at databases");
    let query = "select datname from pg_database where starts_with(datname, 'emergency_s_restore_')";
    let restored = support::value(&scene.url("postgres"), query).expect("a name");
    support::sql(&scene.url("postgres"), &format!("alter database \"{restored}\" rename to emergency_s"));
    resume(&stage, 4, "nobody has answered restarted");
    assert_eq!(scene.rows("emergency_s"), ROWS);
}

#[test]
fn a_server_that_azure_does_not_know_or_that_does_not_answer_is_not_gone_on_with() {
    if lacks_pg_isready("rollback::emergency_fails") {
        return;
    }
    let (_alone, scene) = (alone(), Scene::new());
    let stage = restored_by_azure(&scene);
    let mut world = stage.world();
    world["servers"] = json!({});
    world["servers_host"] = "".into();
    stage.set_world(&world);
    let own = stage.run(&["runbook", "export", "emergency"]).stdout;
    let own = own.replace("timeout = \"1m\"", "timeout = \"2s\"").replace("timeout = \"6h\"", "timeout = \"2s\"");
    stage.write("own.toml", &own);
    assert_eq!(stage.run(&["run", "own.toml", "--option", "point-in-time", "--confirm", "dev"]).code, 4);
    approve(&stage, "declare", &["commander"]);
    stops(&stage, "stopped at source");
    assert_eq!(stage.calls("flexible-server restore"), 0);
    world["servers"]["old-rg/prod-old"] = json!({ "state": "Ready", "host": "127.0.0.1" });
    stage.set_world(&world);
    resume(&stage, 4, "nobody has approved as");
    approve(&stage, "new-server", &["commander", "engineering_lead"]);
    // Azure makes it, and knows no host name of it.
    stops(&stage, "stopped at ready");
    assert_eq!((stage.calls("flexible-server restore"), stage.state("new-server")), (1, "done".to_owned()));
    // It has one at which nobody answers.
    world = stage.world();
    world["servers"]["old-rg/prod-old-2"]["host"] = "127.0.0.9".into();
    stage.set_world(&world);
    stops(&stage, "stopped at answers");
    assert_eq!((stage.state("ready"), stage.state("host-name")), ("done".to_owned(), "pending".to_owned()));
}
