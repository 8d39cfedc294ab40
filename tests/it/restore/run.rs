//! `failback restore run`: into databases beside what is there, proven by counts; and everything that keeps it from that.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use failback::name::Side;

use super::scene::{ROWS, Scene, newer, written_at};
use crate::support;

#[test]
fn a_database_comes_back_beside_what_is_there_and_is_counted() {
    let scene = Scene::new();
    scene.make("run_back");
    for (form, file) in [("custom", "a.dump"), ("directory", "b"), ("tar", "c.tar"), ("plain", "d.sql")] {
        scene.dump("run_back", file, &[&format!("--format={form}")]);
    }
    let packed = scene.dump("run_back", "e.sql", &[]);
    assert!(Command::new("gzip").arg(&packed).status().expect("gzip").success());
    // What is there now is not what was dumped, and stays as it is.
    support::sql(&scene.url("run_back"), "delete from \"Ship ping\".\"Order Items\"");
    for file in ["a.dump", "b", "c.tar", "d.sql", "e.sql.gz"] {
        let (source, record) = (format!("backups/{file}"), format!("record-{file}"));
        let words = ["run", &source, "--record", &record, "--databases", "run_back", "--jobs", "2"];
        let made = scene.json(9, &words);
        let one = &made["databases"][0];
        assert_eq!((&one["state"], one["differences"].as_array().map(Vec::len)), (&"restored".into(), Some(0)), "{made:#}");
        let scratch = one["scratch"].as_str().expect("a name");
        assert_eq!(scene.rows(scratch), ROWS, "{file}");
        let counted = one["tables"].as_array().expect("tables");
        assert!(counted.len() == 2 && counted.iter().all(|table| table["archived"] == table["restored"]), "{made:#}");
        assert!(one["remarks"].to_string().contains("constraint kept of public.orders is not validated"), "{made:#}");
        // Run again, nothing is done twice.
        let again = scene.run(&words);
        assert!(again.code == 9 && again.stderr.contains("is there already"), "{again:?}");
    }
    assert_eq!(scene.databases("run_back_restore_").len(), 5);
    assert_eq!(scene.rows("run_back"), ROWS - 3, "what was there was not touched");
}

#[test]
fn several_databases_come_back_as_they_were_at_one_moment() {
    let scene = Scene::new();
    for name in ["run_many_a", "run_many_b"] {
        scene.make(name);
        for (hour, rows) in [("01", ""), ("03", "insert into orders (what) values ('too late')")] {
            if !rows.is_empty() {
                support::sql(&scene.url(name), rows);
            }
            let path = scene.dump(name, &format!("{name}-{hour}.dump"), &["--format=custom"]);
            written_at(&path, &format!("2026-11-22T{hour}:00:00Z"));
        }
    }
    // One is gone, and comes back all the same.
    support::sql(&scene.url("postgres"), "drop database run_many_b");
    let unsaid = scene.run(&["run", "backups"]);
    assert!(unsaid.code == 2 && unsaid.stderr.contains("which moment"), "{unsaid:?}");
    let made = scene.json(9, &["run", "backups", "--at", "2026-11-22T02:00:00Z"]);
    let names: Vec<_> = made["databases"].as_array().expect("databases").iter().map(|one| one["name"].as_str()).collect();
    assert_eq!(names, [Some("run_many_a"), Some("run_many_b")]);
    for one in made["databases"].as_array().expect("databases") {
        assert_eq!(scene.rows(one["scratch"].as_str().expect("a name")), ROWS);
        assert!(one["backup"]["place"].as_str().expect("a place").contains("-01.dump"));
    }
}

#[test]
fn what_the_server_lacks_is_said_before_anything_is_made() {
    let scene = Scene::new();
    scene.make("run_lacks");
    let making = "create role run_lacks_owner; create role run_lacks_reader; alter table orders owner to run_lacks_owner;
                  grant select on orders to run_lacks_reader";
    support::sql(&scene.url("run_lacks"), making);
    scene.dump("run_lacks", "roles.dump", &["--format=custom"]);
    let fallen = "drop owned by run_lacks_reader; reassign owned by run_lacks_owner to current_user;
                  drop owned by run_lacks_owner; drop role run_lacks_owner, run_lacks_reader";
    support::sql(&scene.url("run_lacks"), fallen);
    let refused = scene.run(&["run", "backups/roles.dump"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    for said in ["it has no role \"run_lacks_owner\", \"run_lacks_reader\"", "CREATE ROLE \"run_lacks_reader\";", "pg_dumpall"]
    {
        assert!(refused.stderr.contains(said), "{said}: {refused:?}");
    }
    assert_eq!(scene.databases("run_lacks_restore_").len(), 0);
    let without = scene.run(&["run", "backups/roles.dump", "--no-owner", "--no-privileges"]);
    assert_eq!(without.code, 9, "{without:?}");

    // An extension that is in no package of this machine: its name in the archive is as long as that of one that is.
    support::sql(&scene.url("run_lacks"), "create extension citext");
    let path = scene.dump("run_lacks", "extension.dump", &["--format=custom", "--compress=0"]);
    let bytes = std::fs::read(&path).expect("an archive");
    let altered = String::from_utf8_lossy(&bytes).matches("citext").count();
    assert!(altered > 0, "the extension is in the archive");
    let mut changed = bytes;
    while let Some(at) = changed.windows(6).position(|window| window == b"citext") {
        changed[at..at + 6].copy_from_slice(b"absent");
    }
    std::fs::write(&path, changed).expect("an archive");
    let refused = scene.run(&["run", "backups/extension.dump"]);
    assert!(refused.code == 4 && refused.stderr.contains("extension \"absent\" is not installed"), "{refused:?}");
}

#[test]
fn a_backup_that_is_not_whole_or_leads_elsewhere_is_not_begun() {
    let scene = Scene::new();
    scene.make("run_broken");
    let path = scene.dump("run_broken", "a.dump", &["--format=custom"]);
    let bytes = std::fs::read(&path).expect("an archive");
    std::fs::write(scene.path("backups/half.dump"), &bytes[..bytes.len() / 2]).expect("a file");
    let half = scene.run(&["run", "backups/half.dump"]);
    assert!(half.code == 7 && half.stderr.contains("OLD was not touched"), "{half:?}");
    let other = scene.run(&["run", "backups/a.dump", "--sha256", &"f".repeat(64)]);
    assert_eq!(other.code, 7, "{other:?}");
    scene.dump("run_broken", "leads.sql", &["--create"]);
    let leads = scene.run(&["run", "backups/leads.sql", "--databases", "run_broken"]);
    assert!(leads.code == 4 && leads.stderr.contains("\\connect"), "{leads:?}");
    let refused = scene.command(&["run", "backups/a.dump"]).args(["--confirm", "elsewhere:1"]).output().expect("failback");
    assert_ne!(refused.status.code(), Some(0), "the last name counts, or two are too many");
    assert_eq!(scene.databases("run_broken_restore_").len(), 0);
}

#[test]
fn an_archive_newer_than_the_server_is_restored_and_what_is_left_out_is_said() {
    if support::binaries(Side::Old).major() >= 17 {
        return;
    }
    let scene = Scene::new();
    scene.make("run_newer");
    let (bin, folder) = (newer(), newer().display().to_string());
    scene.dump_by(&bin, "run_newer", "a.dump", &["--format=custom"]);
    scene.dump_by(&bin, "run_newer", "b.sql", &[]);
    let made = scene.json(9, &["run", "backups/a.dump", "--bin", &folder, "--jobs", "3"]);
    let one = &made["databases"][0];
    assert_eq!(one["state"], "restored", "{made:#}");
    assert!(one["remarks"].to_string().contains("does not know transaction_timeout"), "{made:#}");
    assert_eq!(scene.rows(one["scratch"].as_str().expect("a name")), ROWS);
    let script = scene.json(9, &["run", "backups/b.sql", "--bin", &folder, "--databases", "run_newer"]);
    assert_eq!(scene.rows(script["databases"][0]["scratch"].as_str().expect("a name")), ROWS);
}

/// Goes when the test does.
struct Mounted<'a>(&'a str);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["--lazy", self.0]).output();
    }
}

#[test]
fn a_server_without_room_says_so_and_nothing_is_left() {
    let mount = Path::new("/mnt/failback-test-room");
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0"));
    let run = |words: &[&str]| Command::new(words[0]).args(&words[1..]).output().is_ok_and(|output| output.status.success());
    let _ = std::fs::create_dir_all(mount);
    let path = mount.display().to_string();
    if !is_root || !run(&["mount", "-t", "tmpfs", "-o", "size=24m,mode=777", "none", &path]) {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: a small disk wants root (restore::run)\n");
        return;
    }
    let _mounted = Mounted(&path);
    let scene = Scene::new();
    scene.make("run_room");
    support::sql(
        &scene.url("run_room"),
        "insert into orders (what) select repeat(md5(n::text), 8) from generate_series(1, 80000) n",
    );
    scene.dump("run_room", "a.dump", &["--format=custom", "--no-tablespaces"]);
    let folder = format!("{path}/space");
    std::fs::create_dir(&folder).expect("a folder");
    assert!(run(&["chmod", "777", &folder]) && run(&["chown", "--reference", &scene_data(), &folder]));
    support::sql(&scene.url("postgres"), &format!("create tablespace run_room_small location '{folder}'"));
    support::sql(&scene.url("postgres"), "create role run_room_user login superuser password 'room'");
    support::sql(&scene.url("postgres"), "alter role run_room_user set default_tablespace = run_room_small");
    let user = crate::refusals::with_login(&scene.url("postgres"), "run_room_user", "room");
    let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
    command.args(["restore", "run", "backups/a.dump", "--old", &user, "--confirm", &scene.confirm, "--bin"]);
    command.arg(super::scene::bin()).current_dir(scene.folder.path());
    let output = command.output().expect("failback");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(6) && said.contains("No space left on device"), "{said}");
    assert_eq!(scene.databases("run_room_restore_").len(), 0, "{said}");
    support::sql(&scene.url("postgres"), "drop role run_room_user");
    support::sql(&scene.url("postgres"), "drop tablespace run_room_small");
}

fn scene_data() -> String {
    super::scene::server().data_dir().display().to_string()
}

/// Starts a restore that takes a while, and returns once rows go into the database beside.
fn under_way(scene: &Scene, name: &str, words: &[&str]) -> Child {
    let mut child = scene.command(words).stderr(std::process::Stdio::null()).spawn().expect("failback");
    let began = Instant::now();
    let query = format!("select count(*) from pg_stat_activity where datname like '{name}_restore_%' and query like 'COPY%'");
    while support::value(&scene.url("postgres"), &query).as_deref() == Some("0") {
        let is_over = child.try_wait().expect("a child").is_some();
        assert!(began.elapsed() < Duration::from_mins(1) && !is_over, "it was too quick");
        std::thread::sleep(Duration::from_millis(2));
    }
    child
}

const MANY: &str = "insert into orders (what) select repeat('x', 200) from generate_series(1, 200000)";

#[test]
fn a_restore_that_was_killed_is_begun_anew_by_the_same_command() {
    let scene = Scene::new();
    scene.make("run_killed");
    support::sql(&scene.url("run_killed"), MANY);
    let rows = scene.rows("run_killed");
    scene.dump("run_killed", "a.dump", &["--format=custom", "--compress=1"]);
    let words = ["run", "backups/a.dump", "--record", "record"];
    let mut child = under_way(&scene, "run_killed", &words);
    child.kill().expect("a kill");
    child.wait().expect("its end");
    assert_eq!(scene.databases("run_killed_restore_").len(), 1, "left behind");
    let swapped = scene.run(&["swap", "--record", "record"]);
    assert!(swapped.code == 4 && swapped.stderr.contains("is not whole"), "{swapped:?}");
    let again = scene.run(&words);
    assert!(again.code == 9 && again.stderr.contains("is not whole, and made anew"), "{again:?}");
    let found = scene.databases("run_killed_restore_");
    assert_eq!((found.len(), scene.rows(&found[0])), (1, rows));
}

#[test]
fn a_restore_that_is_interrupted_leaves_nothing_behind() {
    let scene = Scene::new();
    scene.make("run_stopped");
    support::sql(&scene.url("run_stopped"), MANY);
    scene.dump("run_stopped", "a.dump", &["--format=custom", "--compress=1"]);
    let mut child = under_way(&scene, "run_stopped", &["run", "backups/a.dump"]);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill").success());
    assert_eq!(child.wait().expect("its end").code(), Some(130));
    assert_eq!(scene.databases("run_stopped_restore_").len(), 0);
}

#[test]
fn no_password_is_among_the_arguments_of_any_program() {
    let scene = Scene::new();
    scene.make("run_secret");
    scene.dump("run_secret", "a.dump", &["--format=custom"]);
    let bin = scene.path("bin");
    std::fs::create_dir(&bin).expect("a folder");
    for name in ["pg_restore", "pg_dump"] {
        let real = super::scene::bin().join(name);
        let text =
            format!("#!/bin/sh\necho \"$0 $*\" >>'{}'\nexec '{}' \"$@\"\n", scene.path("calls").display(), real.display());
        std::fs::write(bin.join(name), text).expect("a script");
        assert!(Command::new("chmod").arg("755").arg(bin.join(name)).status().expect("chmod").success());
    }
    let folder = bin.display().to_string();
    assert_eq!(scene.run(&["run", "backups/a.dump", "--record", "record", "--bin", &folder]).code, 9);
    assert_eq!(scene.run(&["swap", "--record", "record", "--bin", &folder]).code, 9);
    let calls = std::fs::read_to_string(scene.path("calls")).expect("calls");
    let url = scene.url("postgres");
    let password = url.split([':', '@']).nth(2).expect("a password");
    assert!(calls.contains("pg_dump") && calls.contains("--jobs") && !calls.contains(password), "{calls}");
}
