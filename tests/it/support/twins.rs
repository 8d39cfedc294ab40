//! Servers made from another one's files, as a disk snapshot or a cold copy makes them: with the same system identifier, the
//! same timeline and the same OIDs. One that follows its original is a standby.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use failback::demo::{Cluster, ClusterOptions};
use failback::name::Side;

use super::{binaries, value};

/// A server and one that was made from its files.
pub(crate) struct Twins {
    pub(crate) original: Cluster,
    pub(crate) copy: Cluster,
}

impl Twins {
    /// Starts a server, lets it be filled, stops it and copies its files to another one's place. `prepare` gets the URL of a
    /// database of the original.
    pub(crate) fn cold_copy(database: &str, prepare: impl FnOnce(&str)) -> Self {
        let twins = Self::made(database, prepare);
        twins.revive();
        twins
    }

    /// As [`cold_copy`](Self::cold_copy), and the copy follows its original.
    pub(crate) fn standby(database: &str, prepare: impl FnOnce(&str)) -> Self {
        let twins = Self::made(database, prepare);
        let data = twins.copy.data_dir();
        let url = twins.original.url("postgres");
        set(&data, "primary_conninfo", url.trim_end_matches("/postgres"));
        signal(&data, "standby.signal");
        twins.revive();
        twins
    }

    /// A server, and one that was restored from a copy of its files and its log up to an instant, and stands there. `later` is
    /// called with the URL of the original's database once the copy is made, and returns the instant.
    pub(crate) fn restored(database: &str, prepare: impl FnOnce(&str), later: impl FnOnce(&str) -> String) -> Self {
        let twins = Self::made(database, prepare);
        set(&twins.original.data_dir(), "wal_keep_size", "64MB");
        twins.original.revive().expect("a server");
        let instant = later(&twins.original.url(database));
        // A file of the log that is written to its end can be read beside its server.
        super::sql(&twins.original.url("postgres"), "select pg_switch_wal()");
        let data = twins.copy.data_dir();
        set(&data, "restore_command", &format!("cp {}/pg_wal/%f %p", twins.original.data_dir().display()));
        set(&data, "recovery_target_time", &instant);
        signal(&data, "recovery.signal");
        twins.copy.revive().expect("a restored server");
        let is_paused = || value(&twins.copy_url(database), "select pg_is_wal_replay_paused()").as_deref() == Some("t");
        while !is_paused() {
            sleep(Duration::from_millis(20));
        }
        twins
    }

    fn made(database: &str, prepare: impl FnOnce(&str)) -> Self {
        let start = |label: &str| {
            let options = ClusterOptions { label: label.into(), ..ClusterOptions::default() };
            Cluster::start(&binaries(Side::Old), &options).expect("a throwaway server")
        };
        let twins = Self { original: start("test-original"), copy: start("test-copy") };
        super::sql(&twins.original.url("postgres"), &format!("create database {database}"));
        prepare(&twins.original.url(database));
        // The files of a server that is down are all there is of it, as far as they are written.
        super::sql(&twins.original.url("postgres"), "checkpoint");
        twins.original.kill().expect("a stopped server");
        twins.copy.kill().expect("a stopped server");
        let (from, to) = (twins.original.data_dir(), twins.copy.data_dir());
        fs::remove_dir_all(&to).expect("the copy's own files");
        let copied = Command::new("cp").arg("-a").args([&from, &to]).status().expect("cp");
        assert!(copied.success());
        set(&to, "port", &twins.copy.port().to_string());
        twins
    }

    fn revive(&self) {
        self.original.revive().expect("a server");
        self.copy.revive().expect("a server");
    }

    /// The URL of a database of the copy, whose users and passwords are the original's.
    pub(crate) fn copy_url(&self, database: &str) -> String {
        self.original.url(database).replace(&format!(":{}/", self.original.port()), &format!(":{}/", self.copy.port()))
    }

    /// Ends the original, and makes the standby take its place.
    pub(crate) fn fail_over(&self) {
        self.original.kill().expect("a dead primary");
        let promoted = value(&self.copy_url("postgres"), "select pg_promote()");
        assert_eq!(promoted.as_deref(), Some("t"));
    }
}

/// Makes a file that tells a server what it is to do when it starts.
fn signal(data: &Path, name: &str) {
    let signal = data.join(name);
    fs::write(&signal, "").expect("a signal");
    let owner = fs::metadata(data).expect("its owner");
    chown(&signal, Some(owner.uid()), Some(owner.gid())).expect("the server's own file");
}

/// Appends a setting to a server's configuration; the last one of a name is in force.
fn set(data: &Path, name: &str, value: &str) {
    let mut file = OpenOptions::new().append(true).open(data.join("postgresql.conf")).expect("a configuration");
    writeln!(file, "{name} = '{value}'").expect("a setting");
}
