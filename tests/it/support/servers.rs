//! The servers of the whole test process: one for each side and major version that is asked for, started on first use.
//!
//! They are never dropped: when the process ends, however it ends, their supervisors stop them and remove their folders.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{LazyLock, Mutex, OnceLock};

use failback::demo::{Binaries, Cluster, ClusterOptions};
use failback::name::Side;

/// Which major version each side runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Majors {
    /// OLD's, as 13.
    pub(crate) old: u32,
    /// NEW's.
    pub(crate) new: u32,
}

impl Majors {
    /// What is installed on this machine, or chosen by `FAILBACK_PG_BIN` and its kin.
    pub(crate) fn installed() -> Self {
        Self { old: binaries(Side::Old).major(), new: binaries(Side::New).major() }
    }

    /// Returns a side's.
    pub(crate) fn of(self, side: Side) -> u32 {
        match side {
            Side::Old => self.old,
            Side::New => self.new,
        }
    }
}

/// The PostgreSQL programs for a side: those that are installed.
pub(crate) fn binaries(side: Side) -> Binaries {
    static FOUND: [LazyLock<Binaries>; 2] = [LazyLock::new(|| find(Side::Old)), LazyLock::new(|| find(Side::New))];
    FOUND[usize::from(side == Side::New)].clone()
}

fn find(side: Side) -> Binaries {
    let of_side = format!("FAILBACK_PG_BIN_{}", side.word().to_uppercase());
    let env = |name: &str| {
        let own = (name == "FAILBACK_PG_BIN").then(|| std::env::var(&of_side).ok()).flatten();
        own.or_else(|| std::env::var(name).ok())
    };
    // With what to install: this is what `cargo test` says on a machine without PostgreSQL.
    Binaries::find(&env).unwrap_or_else(|error| panic!("{error:?}\n  {}", error.hints().join("\n  ")))
}

/// The PostgreSQL programs of a major version for a side: the installed ones if they are of that version, else fetched ones.
/// They cannot be had: the test that wanted them fails, and says which they are and what the script said.
pub(crate) fn binaries_of(side: Side, major: u32) -> Binaries {
    let installed = binaries(side);
    if installed.major() == major {
        return installed;
    }
    let script = "fixtures/servers/fetch";
    let run = Command::new(script).arg(major.to_string()).output();
    let output = run.unwrap_or_else(|error| panic!("a server of PostgreSQL {major} is missing: {script}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "a server of PostgreSQL {major} is missing, and could not be fetched: {said}run `{script} {major}`, or install it and \
         set FAILBACK_PG_BIN_{} to its folder of programs",
        side.word().to_uppercase()
    );
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let env = |name: &str| (name == "FAILBACK_PG_BIN").then(|| folder.to_string_lossy().into_owned());
    let found =
        Binaries::find(&env).unwrap_or_else(|error| panic!("a server of PostgreSQL {major} does not run here: {error}"));
    assert_eq!(found.major(), major, "{script} fetched another version");
    found
}

/// The server of a side, of the version that is installed.
pub(crate) fn server(side: Side) -> &'static Cluster {
    server_of(side, Majors::installed().of(side))
}

/// A server beside both sides', of the version that is installed, started on first use.
pub(crate) fn third() -> &'static Cluster {
    static THIRD: LazyLock<Cluster> = LazyLock::new(|| {
        let options = ClusterOptions { label: "test-third".into(), ..ClusterOptions::default() };
        Cluster::start(&binaries(Side::Old), &options).expect("a throwaway server")
    });
    &THIRD
}

/// A NEW for tests that make slots, of a major version: a slot begins where no transaction of the whole server is going on.
pub(crate) fn slotted(major: u32) -> &'static Cluster {
    static SERVERS: Mutex<BTreeMap<u32, &OnceLock<Cluster>>> = Mutex::new(BTreeMap::new());
    let slot = *SERVERS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .entry(major)
        .or_insert_with(|| Box::leak(Box::default()));
    slot.get_or_init(|| {
        let settings = [("wal_level", "logical"), ("max_replication_slots", "50"), ("max_prepared_transactions", "20")];
        let options = ClusterOptions {
            label: format!("test-slotted-{major}"),
            settings: settings.map(|(name, value)| (name.into(), value.into())).to_vec(),
            ..ClusterOptions::default()
        };
        Cluster::start(&binaries_of(Side::New, major), &options).expect("a throwaway server")
    })
}

/// The server of a side and a major version, started on first use. Different ones start at the same time if they are asked
/// for at the same time.
pub(crate) fn server_of(side: Side, major: u32) -> &'static Cluster {
    static SERVERS: Mutex<BTreeMap<(&str, u32), &OnceLock<Cluster>>> = Mutex::new(BTreeMap::new());
    let slot = *SERVERS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .entry((side.word(), major))
        .or_insert_with(|| Box::leak(Box::default()));
    slot.get_or_init(|| {
        let options = ClusterOptions {
            label: format!("test-{}-{major}", side.word()),
            settings: [("wal_level", "logical"), ("max_connections", "100"), ("max_prepared_transactions", "20")]
                .map(|(name, value)| (name.into(), value.into()))
                .to_vec(),
            ..ClusterOptions::default()
        };
        Cluster::start(&binaries_of(side, major), &options).expect("a throwaway server")
    })
}
