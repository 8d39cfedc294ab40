//! The destruction of NEW after a rollback: nothing goes before a last dump of NEW is there, is NEW's, and can be read.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use failback::demo::Cluster;

use super::destroy::{deployed_for, resources};
use super::quick;
use super::stage::Stage;
use crate::restore::scene;
use crate::support::{self, Output, Pair};

/// A world in which a recovery is over, and NEW is deployed still; `None` where there is no terraform.
pub(super) fn recovered(test: &str, new: Option<&Cluster>) -> Option<(Stage, Pair)> {
    let pair = || {
        let pair = support::pair(test);
        let Some(server) = new else { return pair };
        support::sql(&server.url("postgres"), &format!("create database {}", pair.database));
        Pair { new: server.url(&pair.database), ..pair }
    };
    let more = |pair: &Pair| {
        let tables = "tables.\"public.orders\" = { method = \"compare\" }";
        format!("cutover = 2026-11-22T10:00:00Z\ndatabases = [\"{}\"]\n{tables}", pair.database)
    };
    let (stage, pair) = deployed_for(pair, "dev", more)?;
    quick::orders(&pair);
    let bin = scene::bin();
    let tool = |name: &str| format!("{name} = \"{}\"\n", bin.join(name).display());
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    let tools = format!("[environments.dev.tools]\n{}{}", tool("pg_dump"), tool("pg_restore"));
    let config = config.replace("[environments.dev.tools]\n", &tools);
    let recovery = stage.path("recovery").display().to_string();
    stage.write("failback.toml", &format!("{config}recovery = \"{recovery}\"\nhold = \"1s\"\n"));
    let old = pair.old.rsplit('@').next().and_then(|rest| rest.split('/').next()).expect("an address").to_owned();
    let run = |words: &[&str], code: i32| {
        let output = stage.verb(&[words, &["--run", &recovery]].concat()).output().expect("failback");
        assert_eq!(output.status.code(), Some(code), "{output:?}");
    };
    run(&["recover"], 3);
    run(&["decide", "ambiguous_missing_on_old=apply_new", "--why", "made on NEW", "--by", "bob"], 0);
    run(&["recover", "--leave-held", "--confirm", &old], 0);
    Some((stage, pair))
}

/// Where the last dump is, once it has a name.
fn last(stage: &Stage, pair: &Pair) -> PathBuf {
    stage.rollback().join("last").join(format!("{}.dump", pair.database))
}

fn stops(output: &Output, said: &str) {
    let all = format!("{}{}", output.stdout, output.stderr);
    assert!(matches!(output.code, 1 | 8) && all.contains(said), "{} {said}: {all}", output.code);
}

/// Whoever approves: nothing goes.
fn nothing_goes(stage: &Stage) {
    for role in ["commander", "engineering_lead"] {
        assert_eq!(stage.run(&["approve", "destroy", "--as", role, "--by", role]).code, 0);
    }
    let stopped = stage.run(&["resume", "--confirm", "dev"]);
    assert!(matches!(stopped.code, 1 | 8), "{stopped:?}");
    assert!(resources(stage).contains("core-rg-san") && stage.state("destroy") == "pending", "{stopped:?}");
}

/// Lets `pg_dump` do something else.
fn dumped_by(stage: &Stage, script: &str) {
    let real = scene::bin().join("pg_dump").display().to_string();
    let program = stage.path("pg_dump");
    stage.write("pg_dump", &format!("#!/bin/sh\n{}", script.replace("REAL", &real)));
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &config.replace(&real, &program.display().to_string()));
}

#[test]
fn new_goes_once_its_last_dump_was_read_and_counted() {
    let Some((stage, pair)) = recovered("cleanup_whole", None) else { return };
    let waits = stage.run(&["cleanup", "--confirm", "dev"]);
    assert!(waits.code == 4 && waits.stdout.contains("waits at destroy"), "{waits:?}");
    assert!(resources(&stage).contains("core-rg-san"));
    let dump = last(&stage, &pair);
    let read = Command::new(scene::bin().join("pg_restore")).arg("--file=-").arg(&dump).output().expect("pg_restore");
    assert!(read.status.success() && String::from_utf8_lossy(&read.stdout).contains("made on NEW"), "{read:?}");
    assert!(PathBuf::from(format!("{}.sha256", dump.display())).exists());
    for role in ["commander", "engineering_lead"] {
        assert_eq!(stage.run(&["approve", "destroy", "--as", role, "--by", role]).code, 0);
    }
    let done = stage.run(&["resume", "--confirm", "dev"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!resources(&stage).contains("core-rg-san") && dump.exists());
}

#[test]
fn a_dump_that_fails_or_is_cut_off_gets_no_name_and_nothing_goes() {
    let Some((stage, pair)) = recovered("cleanup_damaged", None) else { return };
    let cut = "'REAL' \"$@\" || exit\nfor word; do case $word in --file=*) truncate -s -100 \"${word#--file=}\";; esac; done\n";
    let flag = stage.path("refuse").display().to_string();
    dumped_by(&stage, &format!("[ -e '{flag}' ] && exit 1\n[ -e '{flag}.not' ] && exec 'REAL' \"$@\"\n{cut}"));
    stops(&stage.run(&["cleanup", "--confirm", "dev"]), &format!("stopped at dump/{}", pair.database));
    assert!(!last(&stage, &pair).exists());
    nothing_goes(&stage);
    stage.write("refuse", "");
    stops(&stage.run(&["resume", "--confirm", "dev"]), "pg_dump ended with exit code 1");
    assert!(!last(&stage, &pair).exists() && resources(&stage).contains("core-rg-san"));
    std::fs::remove_file(&flag).expect("no refusal");
    stage.write("refuse.not", "");
    assert_eq!(stage.run(&["resume", "--confirm", "dev"]).code, 0, "what was approved goes on once the dump is whole");
    assert!(last(&stage, &pair).exists() && !resources(&stage).contains("core-rg-san"));
}

#[test]
fn a_dump_that_was_damaged_meanwhile_is_found_before_anything_goes() {
    let Some((stage, pair)) = recovered("cleanup_flipped", None) else { return };
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write("failback.toml", &config.replace("hold = \"1s\"", "hold = \"5s\""));
    let mut command = stage.command(&["cleanup", "--confirm", "dev"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("failback");
    let began = Instant::now();
    let dump = loop {
        assert!(began.elapsed() < Duration::from_mins(1), "no dump: {}", stage.run(&["status"]).stdout);
        if stage.newest().is_some_and(|folder| folder.join("last").join(format!("{}.dump.sha256", pair.database)).exists()) {
            break last(&stage, &pair);
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let length = std::fs::metadata(&dump).expect("a dump").len();
    scene::flip(&dump, usize::try_from(length / 2).expect("a place"));
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains(&format!("stopped at dump-read/{}", pair.database)), "{said}");
    nothing_goes(&stage);
    scene::flip(&dump, usize::try_from(length / 2).expect("a place"));
    assert_eq!(stage.run(&["resume", "--confirm", "dev"]).code, 0);
}

#[test]
fn a_dump_of_another_server_than_the_recoverys_new_is_none() {
    let Some((stage, pair)) = recovered("cleanup_other", None) else { return };
    // failback.toml leads to OLD in NEW's place.
    let config = std::fs::read_to_string(stage.path("failback.toml")).expect("text");
    stage.write(
        "failback.toml",
        &config.replace(&format!("new = {{ url = \"{}\" }}", pair.new), &format!("new = {{ url = \"{}\" }}", pair.old)),
    );
    stops(&stage.run(&["cleanup", "--confirm", "dev"]), "was exported from another");
    nothing_goes(&stage);
    assert_eq!(stage.run(&["abort", "NEW is another server"]).code, 0);
    // What dumps is led elsewhere: the dump holds what OLD holds.
    stage.write("failback.toml", &config);
    support::sql(&pair.old, "delete from orders where what = 'kept'");
    let rest = pair.old.rsplit('@').next().expect("an address").split('/').next().expect("an address").to_owned();
    let (host, port) = rest.split_once(':').expect("a port");
    let password = pair.old.split(':').nth(2).and_then(|rest| rest.split('@').next()).expect("a password");
    dumped_by(&stage, &format!("PGHOST={host} PGPORT={port} PGPASSWORD={password} exec 'REAL' \"$@\"\n"));
    let stopped = stage.run(&["cleanup", "--confirm", "dev"]);
    stops(&stopped, "");
    assert_eq!(stage.state("destroy"), "pending", "{stopped:?}");
    assert!(!last(&stage, &pair).exists() && resources(&stage).contains("core-rg-san"));
}
