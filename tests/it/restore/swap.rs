//! `failback restore swap`: all databases at once, whoever is connected, with what was there kept and dumped; and back.

use std::process::Command;
use std::time::{Duration, Instant};

use super::scene::{ROWS, Scene};
use crate::support::{self, block_on};

/// A database that was dumped, and of whose orders some were lost since.
fn lost(scene: &Scene, name: &str) {
    scene.make(name);
    scene.dump(name, &format!("{name}.dump"), &["--format=custom"]);
    support::sql(&scene.url(name), "delete from \"Ship ping\".\"Order Items\"; insert into orders (what) values ('since')");
}

fn oid(scene: &Scene, name: &str) -> Option<String> {
    support::value(&scene.url("postgres"), &format!("select max(oid::text) from pg_database where datname = '{name}'"))
}

/// All that is said of a database but by its name.
fn traits(scene: &Scene, name: &str) -> Vec<Vec<Option<String>>> {
    let query = format!(
        "select datdba::regrole::text, datcollate, pg_encoding_to_char(encoding), datconnlimit::text, datallowconn::text,
                shobj_description(oid, 'pg_database'),
                (select string_agg(x::text, ' ' order by x::text) from aclexplode(datacl) x),
                (select string_agg(setrole::text || setconfig::text, ' ' order by 1)
                   from pg_db_role_setting where setdatabase = d.oid)
           from pg_database d where datname = '{name}'"
    );
    support::rows(&scene.url("postgres"), &query)
}

#[test]
fn what_was_restored_takes_its_place_and_is_taken_back() {
    let scene = Scene::new();
    lost(&scene, "swap_both");
    let making = "create role swap_both_owner; create role swap_both_app login;
        alter database swap_both owner to swap_both_owner; grant connect on database swap_both to swap_both_app;
        revoke connect on database swap_both from public; alter database swap_both connection limit 40;
        alter database swap_both set search_path = \"$user\", public, \"Ship ping\";
        alter database swap_both set work_mem = '5MB';
        alter role swap_both_app in database swap_both set lock_timeout = '3s';
        comment on database swap_both is 'it''s mine'";
    for statement in making.split(';') {
        support::sql(&scene.url("postgres"), statement);
    }
    let (before, there) = (traits(&scene, "swap_both"), oid(&scene, "swap_both"));
    let made = scene.json(9, &["run", "backups/swap_both.dump"]);
    let scratch = made["databases"][0]["scratch"].as_str().expect("a name").to_owned();
    let restored = oid(&scene, &scratch);
    // Somebody is at work, and comes back whenever he is thrown out.
    let idle = block_on(support::connect(&scene.url("swap_both")));
    let swapped = scene.json(9, &["swap"]);
    let one = &swapped["databases"][0];
    assert_eq!((&one["state"], oid(&scene, "swap_both")), (&"swapped".into(), restored.clone()), "{swapped:#}");
    assert!(block_on(idle.simple_query("select 1")).is_err(), "its session was ended");
    assert_eq!(scene.rows("swap_both"), ROWS);
    assert_eq!(traits(&scene, "swap_both"), before, "rights, settings, owner, limit");
    let kept = one["former"]["kept_as"].as_str().expect("a name").to_owned();
    assert_eq!(oid(&scene, &kept), there);
    assert_eq!(one["former"]["dump"]["rows"], ROWS - 2, "{swapped:#}");
    let again = scene.run(&["swap"]);
    assert_eq!((again.code, oid(&scene, "swap_both")), (9, restored.clone()), "nothing is done twice: {again:?}");

    support::sql(&scene.url("swap_both"), "insert into orders (what) values ('after the swap')");
    let _idle = block_on(support::connect(&scene.url("swap_both")));
    let back = scene.json(9, &["swap", "--undo"]);
    assert_eq!(back["databases"][0]["state"], "restored");
    assert_eq!((oid(&scene, "swap_both"), oid(&scene, &scratch)), (there.clone(), restored));
    assert_eq!(traits(&scene, "swap_both"), before);
    assert_eq!((scene.rows("swap_both"), scene.rows(&scratch)), (ROWS - 2, ROWS + 1), "what came since is kept");
    assert_eq!(scene.run(&["swap", "--undo"]).code, 9, "nothing is left to be taken back");
    assert_eq!(oid(&scene, "swap_both"), there);
}

#[test]
fn a_database_that_is_gone_comes_back_under_its_name_beside_another() {
    let scene = Scene::new();
    for name in ["swap_gone_a", "swap_gone_b"] {
        lost(&scene, name);
    }
    support::sql(&scene.url("postgres"), "drop database swap_gone_a");
    let words = ["run", "backups", "--at", "2999-01-01T00:00:00Z"];
    assert_eq!(scene.run(&words).code, 9);
    let swapped = scene.json(9, &["swap", "--without-dump"]);
    assert_eq!(swapped["databases"][0]["former"], serde_json::Value::Null, "{swapped:#}");
    assert_eq!((scene.rows("swap_gone_a"), scene.rows("swap_gone_b")), (ROWS, ROWS));
    assert_eq!(scene.run(&["swap", "--undo"]).code, 9);
    assert_eq!((oid(&scene, "swap_gone_a"), scene.rows("swap_gone_b")), (None, ROWS - 2));
}

#[test]
fn what_was_renamed_since_is_asked_about_before_anything_takes_its_place() {
    let scene = Scene::new();
    let maintenance = scene.url("postgres");
    for name in ["swap_aside_a", "swap_aside_b"] {
        lost(&scene, name);
    }
    assert_eq!(scene.run(&["run", "backups", "--at", "2999-01-01T00:00:00Z"]).code, 9);
    let before = oid(&scene, "swap_aside_a");
    for taken in ["alter database swap_aside_b rename to swap_aside_z", "create database swap_aside_b"] {
        support::sql(&maintenance, taken);
        let refused = scene.run(&["swap", "--without-dump"]);
        assert!(refused.code == 4 && refused.stderr.contains("is called swap_aside_z now"), "{refused:?}");
        assert_eq!(oid(&scene, "swap_aside_a"), before, "all, or none");
    }
    support::sql(&maintenance, "drop database swap_aside_z");
    let swapped = scene.run(&["swap", "--without-dump"]);
    assert!(swapped.code == 9 && swapped.stderr.contains("was removed since"), "{swapped:?}");
    assert_eq!(scene.rows("swap_aside_b"), ROWS);
}

#[test]
fn where_one_cannot_be_renamed_all_stay_and_are_open() {
    let scene = Scene::new();
    for name in ["swap_stay_a", "swap_stay_b"] {
        lost(&scene, name);
    }
    let made = scene.json(9, &["run", "backups", "--at", "2999-01-01T00:00:00Z"]);
    let id = made["id"].as_str().expect("an id");
    // The name that the second one would be kept under is taken.
    support::sql(&scene.url("postgres"), &format!("create database swap_stay_b_before_{id}"));
    let before = (oid(&scene, "swap_stay_a"), oid(&scene, "swap_stay_b"));
    let refused = scene.run(&["swap", "--without-dump"]);
    assert!(refused.code == 1 && refused.stderr.contains("nothing was renamed"), "{refused:?}");
    assert_eq!((oid(&scene, "swap_stay_a"), oid(&scene, "swap_stay_b")), before);
    assert_eq!((scene.rows("swap_stay_a"), scene.rows("swap_stay_b")), (ROWS - 2, ROWS - 2), "both take connections");
    support::sql(&scene.url("postgres"), &format!("drop database swap_stay_b_before_{id}"));
    let maintained = scene.run(&["swap", "--without-dump", "--maintenance", "swap_stay_a"]);
    assert!(maintained.code == 2 && maintained.stderr.contains("--maintenance"), "{maintained:?}");
    assert_eq!(scene.run(&["swap", "--without-dump"]).code, 9);
    assert_eq!((scene.rows("swap_stay_a"), scene.rows("swap_stay_b")), (ROWS, ROWS));
}

#[test]
fn what_is_there_is_dumped_and_read_before_anything_is_renamed() {
    let scene = Scene::new();
    lost(&scene, "swap_dump");
    assert_eq!(scene.run(&["run", "backups/swap_dump.dump"]).code, 9);
    let before = oid(&scene, "swap_dump");
    // A pg_dump whose dump is cut off, and one that fails.
    let bin = scene.path("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let real = super::scene::bin();
    let path = |name: &str| real.join(name).display().to_string();
    let cut = format!(
        "#!/bin/sh\n'{}' \"$@\" || exit\n\
         for word; do case $word in --file=*) truncate -s -100 \"${{word#--file=}}\";; esac; done\n",
        path("pg_dump")
    );
    std::fs::write(bin.join("pg_restore"), format!("#!/bin/sh\nexec '{}' \"$@\"\n", path("pg_restore"))).expect("a script");
    for (text, code, said) in [(cut.as_str(), 7, "read the backup whole"), ("#!/bin/sh\nexit 1\n", 1, "--without-dump")] {
        std::fs::write(bin.join("pg_dump"), text).expect("a script");
        assert!(Command::new("chmod").arg("-R").arg("755").arg(&bin).status().expect("chmod").success());
        let stopped = scene.run(&["swap", "--bin", &bin.display().to_string()]);
        assert!(stopped.code == code && stopped.stderr.contains(said), "{stopped:?}");
        assert_eq!(oid(&scene, "swap_dump"), before);
    }
    assert_eq!(scene.run(&["swap"]).code, 9);
    assert_ne!(oid(&scene, "swap_dump"), before);
}

#[test]
fn a_swap_that_was_killed_is_gone_on_with_or_taken_back() {
    let scene = Scene::new();
    lost(&scene, "swap_killed");
    let made = scene.json(9, &["run", "backups/swap_killed.dump", "--record", "record"]);
    let scratch = made["databases"][0]["scratch"].as_str().expect("a name").to_owned();
    let before = oid(&scene, "swap_killed");
    // Killed while it waits behind somebody who holds the list of databases.
    let blocker = block_on(support::connect(&scene.url("postgres")));
    let lock = format!("begin; comment on database \"{scratch}\" is 'held'");
    block_on(blocker.batch_execute(&lock)).expect("a lock");
    let words = ["swap", "--without-dump", "--record", "record"];
    let mut child = scene.command(&words).stderr(std::process::Stdio::null()).spawn().expect("failback");
    let (began, is_closed) = (Instant::now(), "select datallowconn::text from pg_database where datname = 'swap_killed'");
    while support::value(&scene.url("postgres"), is_closed).as_deref() == Some("true") {
        assert!(began.elapsed() < Duration::from_mins(1), "it was not closed");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    child.kill().expect("a kill");
    child.wait().expect("its end");
    block_on(blocker.batch_execute("rollback")).expect("its end");
    // Its session may still be at the renames: whichever came of them, both ways lead on.
    std::thread::sleep(Duration::from_secs(1));
    let back = scene.run(&["swap", "--undo", "--record", "record"]);
    assert_eq!(back.code, 9, "{back:?}");
    assert_eq!((oid(&scene, "swap_killed"), scene.rows("swap_killed")), (before.clone(), ROWS - 2), "open, and in its place");
    assert_eq!(scene.run(&words).code, 9);
    assert_eq!(scene.rows("swap_killed"), ROWS);
    assert_ne!(oid(&scene, "swap_killed"), before);
}

#[test]
fn what_is_written_between_the_dump_and_the_swap_is_said_and_kept() {
    let scene = Scene::new();
    lost(&scene, "swap_written");
    assert_eq!(scene.run(&["run", "backups/swap_written.dump"]).code, 9);
    // Once the dump is taken, and before anybody is shut out, somebody writes: one row more, one changed, one fewer.
    let bin = scene.path("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let real = super::scene::bin();
    let path = |name: &str| real.join(name).display().to_string();
    let writes = "insert into orders (what) values ('late'); update orders set what = 'changed' where id = 7;
                  delete from orders where id = 8";
    let dump = format!(
        "#!/bin/sh\n'{}' \"$@\" || exit\nexec '{}' --no-psqlrc --quiet --dbname=swap_written --command=\"{writes}\"\n",
        path("pg_dump"),
        path("psql")
    );
    std::fs::write(bin.join("pg_dump"), dump).expect("a script");
    std::fs::write(bin.join("pg_restore"), format!("#!/bin/sh\nexec '{}' \"$@\"\n", path("pg_restore"))).expect("a script");
    assert!(Command::new("chmod").arg("-R").arg("755").arg(&bin).status().expect("chmod").success());
    let swapped = scene.json(9, &["swap", "--bin", &bin.display().to_string()]);
    let former = &swapped["databases"][0]["former"];
    let written = former["written_since"].as_array().expect("what was written").clone();
    // What `lost` wrote a moment before may be counted as well, and never less than what was written since.
    let said =
        written.iter().filter_map(|line| line.as_str()).find(|line| line.starts_with("public.orders: ")).expect("orders");
    assert!(said.contains("inserted") && said.contains("1 updated") && said.contains("1 deleted"), "{said}");
    let kept = former["kept_as"].as_str().expect("a name").to_owned();
    support::sql(&scene.url("postgres"), &format!("alter database \"{kept}\" allow_connections true"));
    let late = "select count(*) from orders where what in ('late', 'changed')";
    assert_eq!(support::value(&scene.url(&kept), late).as_deref(), Some("2"), "nothing of it is lost");
    let told = scene.run(&["swap"]).stdout;
    assert!(told.contains(&format!("kept in {kept} alone")), "{told}");

    // Where nobody writes, nothing is said.
    lost(&scene, "swap_still");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(scene.run(&["run", "backups/swap_still.dump", "--record", "still"]).code, 9);
    let swapped = scene.json(9, &["swap", "--record", "still"]);
    assert_eq!(swapped["databases"][0]["former"]["written_since"], serde_json::Value::Null, "{swapped:#}");
}
