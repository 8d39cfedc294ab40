//! One run of the bench: its servers, its peers, its scratch folder, and what is known of the data.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::data::{self, Truths};
use super::machine::Machine;
use super::options::Options;
use super::peers::Peers;
use super::psql::{self, SQL};
use super::server::Servers;
use super::{Outcome, say};

/// The folder of the marks that are made before data changes.
pub(crate) const MARKS: &str = "marks";

/// Where one case works.
pub(crate) struct Place {
    /// What it writes, and its current folder.
    pub(crate) folder: PathBuf,
    /// What it printed: `stdout` and `stderr`.
    pub(crate) output: PathBuf,
    /// The database that its servers' variables name.
    pub(crate) database: &'static str,
}

/// One run.
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) servers: Servers,
    pub(crate) peers: Peers,
    pub(crate) machine: Machine,
    loaded: std::sync::OnceLock<Truths>,
    scratch: TempDir,
}

impl Bench {
    pub(crate) fn start(options: Options) -> Outcome<Self> {
        let scratch = tempfile::Builder::new().prefix("bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let peers = Peers::look(options.no_fetch)?;
        say(&format!("peers: {peers}"));
        let servers = Servers::start(&options, scratch.path())?;
        let machine = Machine::look(&servers)?;
        Ok(Self { options, servers, peers, machine, loaded: std::sync::OnceLock::new(), scratch })
    }

    /// Returns the known truth about the four tables, which are made and changed when it is first asked for.
    pub(crate) fn truths(&self) -> Outcome<&Truths> {
        if self.loaded.get().is_none() {
            say("making the tables");
            let truths = data::load(self)?;
            // Nobody else sets it.
            let _ = self.loaded.set(truths);
        }
        self.loaded.get().ok_or_else(|| "the tables are not there".into())
    }

    /// Returns what is known of the data, if any was made.
    pub(crate) fn known(&self) -> Option<&Truths> {
        self.loaded.get()
    }

    /// Returns a folder of the run's.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Gives a command what every case may refer to: `$OLD` and `$NEW` (libpq's keywords), `$OLD_URL` and `$NEW_URL`, both
    /// without passwords, which stand in `$PGPASSFILE` and `$OLD_PGPASSWORD`, `$NEW_PGPASSWORD`; `$FAILBACK`, `$SQL`,
    /// `$DRIVERS`, `$PEERS`, `$MARKS`.
    pub(crate) fn environment(&self, place: &Place, command: &mut Command) {
        let (old, new) = (&self.servers.old, &self.servers.new);
        command.current_dir(&place.folder).env("PATH", psql::search_path()).env("PGPASSFILE", &self.servers.passfile);
        command.env("OLD", old.keywords(place.database)).env("NEW", new.keywords(place.database));
        command.env("OLD_URL", old.url(place.database)).env("NEW_URL", new.url(place.database));
        command.env("OLD_PGPASSWORD", &old.password).env("NEW_PGPASSWORD", &new.password);
        command.env("FAILBACK", env!("CARGO_BIN_EXE_failback")).env("SQL", SQL);
        command.env("MARKS", self.folder(MARKS));
        command.env("DRIVERS", Peers::drivers()).env("PEERS", Peers::folder()).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("NEW_HOST", &new.host).env("NEW_PORT", new.port.to_string()).env("NEW_USER", &new.user);
    }

    /// Runs a shell's command line, unmeasured, and returns what it prints.
    pub(crate) fn shell(&self, place: &Place, line: &str) -> Outcome<String> {
        self.shell_with(place, line, &[0])
    }

    /// The same, for commands that may end otherwise.
    pub(crate) fn shell_with(&self, place: &Place, line: &str, fine: &[i32]) -> Outcome<String> {
        let mut command = Command::new("bash");
        command.args(["-o", "pipefail", "-c", line]).stdin(Stdio::null());
        self.environment(place, &mut command);
        let output = command.output()?;
        if !output.status.code().is_some_and(|code| fine.contains(&code)) {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("{line}: {}: {said}", output.status).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Takes everything away that the servers hold of ours; throwaway servers go with the bench.
    pub(crate) fn end(&self) -> Outcome<()> {
        if self.options.old.is_some() { data::drop_all(self) } else { Ok(()) }
    }

    /// Returns a case's place. Cases that go on share the folder of the case before.
    pub(crate) fn place(&self, set: &str, folder: &str, database: &'static str) -> Place {
        Place { folder: self.folder(&format!("{set}/{folder}")), output: self.folder(set), database }
    }
}
