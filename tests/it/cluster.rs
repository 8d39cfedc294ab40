//! A throwaway server lives exactly as long as its owner.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use failback::demo::{Cluster, ClusterOptions, remove_kept};
use failback::error::ErrorKind;
use failback::name::Side;

use crate::support;

/// Set in the environment of the process that owns a server and is killed.
const OWNER: &str = "FAILBACK_TEST_OWNER";

fn options(label: &str, keep: bool) -> ClusterOptions {
    ClusterOptions { label: label.into(), keep, settings: vec![("work_mem".into(), "5MB".into())], ..ClusterOptions::default() }
}

fn is_listening(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_server_answers_and_leaves_nothing() {
    let cluster = Cluster::start(&support::binaries(Side::Old), &options("plain", false)).unwrap();
    let url = cluster.url("postgres");
    assert_eq!(support::value(&url, "show work_mem").as_deref(), Some("5MB"));
    assert_eq!(support::value(&url, "show listen_addresses").as_deref(), Some("127.0.0.1"));
    assert!(!format!("{cluster:?}").contains(url.split(['/', ':', '@']).nth(4).unwrap()), "Debug shows the password");
    let (folder, port) = (cluster.data_dir().parent().unwrap().to_path_buf(), cluster.port());
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    drop(cluster);
    assert!(!folder.exists() && !is_listening(port));
}

#[test]
fn a_server_wants_its_password() {
    let server = support::server(Side::Old);
    let url = format!("postgresql://failback:wrong@127.0.0.1:{}/postgres", server.port());
    let refused = support::block_on(tokio_postgres::connect(&url, tokio_postgres::NoTls)).err().expect("a refusal");
    assert_eq!(refused.code().map(tokio_postgres::error::SqlState::code), Some("28P01"));
}

#[test]
fn a_killed_server_comes_back_with_what_was_committed() {
    let cluster = Cluster::start(&support::binaries(Side::Old), &options("crash", false)).unwrap();
    let url = cluster.url("postgres");
    // Synchronous, as the demo's own default may lose the last commits of a crash.
    support::sql(&url, "set synchronous_commit = on; create table t (a int); insert into t values (7)");
    cluster.kill().unwrap();
    assert!(!is_listening(cluster.port()));
    cluster.revive().unwrap();
    assert_eq!(support::value(&url, "select a from t").as_deref(), Some("7"));
}

#[test]
fn a_kept_server_stays_until_it_is_removed() {
    let binaries = support::binaries(Side::Old);
    let cluster = Cluster::start(&binaries, &options("kept", true)).unwrap();
    let (url, port) = (cluster.url("postgres"), cluster.port());
    let folder = cluster.keep().unwrap();
    assert_eq!(support::value(&url, "select 1").as_deref(), Some("1"));
    remove_kept(&binaries, &folder).unwrap();
    assert!(!folder.exists() && !is_listening(port));

    let supervised = Cluster::start(&binaries, &options("not-kept", false)).unwrap();
    assert_eq!(supervised.keep().unwrap_err().kind(), ErrorKind::Usage);
}

#[test]
fn a_server_does_not_outlive_an_owner_that_is_killed() {
    let temporary = tempfile::tempdir().unwrap();
    // As /tmp is: the account that the server runs under removes its own folder there.
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["cluster::owns_a_server_until_killed", "--exact", "--nocapture"])
        .env(OWNER, "1")
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let told = lines.map(|line| line.split_once("port=").map(|(_, port)| port.to_owned())).find_map(|port| port);
    let port: u16 = told.expect("the owner's port").parse().unwrap();
    assert!(is_listening(port) && is_inhabited(temporary.path()));
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_for("the server is still there", || !is_listening(port));
    wait_for("its folder is still there", || !is_inhabited(temporary.path()));
}

/// The owner of the test above; does nothing in an ordinary run.
#[test]
#[expect(clippy::print_stdout, reason = "standard output is how it tells its port")]
fn owns_a_server_until_killed() {
    if std::env::var_os(OWNER).is_none() {
        return;
    }
    let cluster = Cluster::start(&support::binaries(Side::Old), &options("owned", false)).unwrap();
    println!("port={}", cluster.port());
    std::thread::sleep(Duration::from_mins(2));
    drop(cluster);
}

fn is_inhabited(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_some()
}
