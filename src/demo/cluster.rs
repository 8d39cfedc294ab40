//! One throwaway PostgreSQL server on loopback.
//!
//! Comes in: server programs and a few settings. Goes out: a server that accepts connections with a random password, and
//! that is gone with its folder when its owner is: on drop, and, through a supervising shell on a pipe, also when the owner
//! is killed. A server that is meant to stay is started detached instead.
//! Never: runs as root, listens beyond loopback, keeps its data safe (`fsync` is off), or shows its password except in a URL
//! that the user asked for.

use std::fmt;
use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::account::Account;
use super::binaries::Binaries;
use super::cluster_options::{ClusterOptions, ServerTls};
use super::server_folder::{ServerFolder, storage};
use super::supervisor::{Order, Supervisor};
use crate::error::{Error, ErrorKind, Place, Result};

/// The superuser of every throwaway server.
pub(super) const USER: &str = "failback";

/// How long a server may take to start, crash recovery on a busy machine included.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// How many ports are tried: between choosing a free one and listening on it, another process may take it.
const PORT_TRIES: usize = 5;

/// A running throwaway server. Dropping it stops it and removes its folder.
pub struct Cluster {
    binaries: Binaries,
    folder: ServerFolder,
    port: u16,
    pub(super) password: String,
    running: Running,
}

/// How the server is held.
enum Running {
    /// Not started yet.
    Not,
    /// By a shell that ends it when the pipe to the shell closes.
    Supervised(Supervisor),
    /// Not watched: it stays until it is stopped.
    Detached,
    /// Given away by `keep`.
    Kept,
}

impl Cluster {
    /// Creates a server in a private folder below the system's folder for temporary files, and waits until it accepts
    /// connections. Blocks, for about two seconds.
    ///
    /// # Errors
    /// `Storage` if the folder cannot be made; `Server` if the server cannot be created or started; `Timeout` if it does not
    /// become ready. Nothing is left behind.
    pub fn start(binaries: &Binaries, options: &ClusterOptions) -> Result<Self> {
        let account = Account::for_servers()?;
        let password = random_hex(16)?;
        let folder = std::env::temp_dir().join(format!("failback-{}-{}", options.label, random_hex(4)?));
        let folder = ServerFolder::create(folder, account)?;
        // From here on drop cleans up.
        let mut cluster = Self { binaries: binaries.clone(), folder, port: 0, password, running: Running::Not };
        cluster.create(options)?;
        cluster.launch(options.keep)?;
        Ok(cluster)
    }

    /// Returns a URL for a database of this server. It holds the password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgresql://{USER}:{}@127.0.0.1:{}/{}", self.password, self.port, percent_encoded(database))
    }

    /// Returns the name of its superuser.
    #[must_use]
    pub fn user(&self) -> &'static str {
        USER
    }

    /// Returns the port, which is the one on 127.0.0.1 and the one of the socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder with the server's data.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.data()
    }

    /// Returns the folder with its socket, if it was started with one.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces the server's certificate. The server reads it within a moment; sessions that are open keep the former one.
    ///
    /// # Errors
    /// `Storage` if a file cannot be written; `Server` if the server does not run.
    pub fn renew_tls(&self, tls: &ServerTls) -> Result<()> {
        self.folder.write_tls(tls)?;
        self.control(&["reload"])
    }

    /// Stops the server as a crash would: sessions are cut, nothing is flushed. The data stays; see [`Cluster::revive`].
    pub fn kill(&self) -> Result<()> {
        match &self.running {
            Running::Supervised(supervisor) => {
                supervisor.order(Order::Stop)?;
                let gone = || !self.folder.pid_file().exists();
                wait_until(gone).then_some(()).ok_or_else(|| self.fault(ErrorKind::Timeout, "stop a throwaway server"))
            }
            _ => self.control(&["stop", "-m", "immediate", "-w"]),
        }
    }

    /// Starts the server again after [`Cluster::kill`], on the same port, and waits for its crash recovery.
    pub fn revive(&self) -> Result<()> {
        self.order_start()?;
        match self.wait_ready()? {
            Start::Ready => Ok(()),
            Start::PortTaken => Err(self.fault(ErrorKind::Server, "start a throwaway server again")),
        }
    }

    /// Lets the server run on without us, and returns its folder, which [`remove_kept`] takes.
    ///
    /// # Errors
    /// `Usage` if it was not started with `keep`: a supervised server ends with its owner.
    pub fn keep(mut self) -> Result<PathBuf> {
        if !matches!(self.running, Running::Detached) {
            return Err(self.fault(ErrorKind::Usage, "keep a server that was not started to be kept"));
        }
        self.running = Running::Kept;
        Ok(self.folder.path().to_path_buf())
    }

    /// Makes the data folder and writes the settings.
    fn create(&self, options: &ClusterOptions) -> Result<()> {
        self.folder.mark()?;
        self.folder.write("password", &self.password)?;
        let mut initdb = self.command("initdb");
        initdb.arg("-D").arg(self.data_dir()).arg("--pwfile").arg(self.folder.path().join("password"));
        initdb.args(["-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"]);
        let output = self.run(initdb)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(self.fault(ErrorKind::Server, "create a throwaway server").because(said));
        }
        self.folder.remove("password")?;
        self.configure(options)
    }

    /// Writes the settings, ours first.
    fn configure(&self, options: &ClusterOptions) -> Result<()> {
        let socket = if options.socket { format!("\"{}\"", self.folder.path().display()) } else { String::new() };
        let name = format!("failback-{}", options.label);
        let own = [
            ("cluster_name", name.as_str()),
            ("listen_addresses", "127.0.0.1"),
            ("unix_socket_directories", &socket),
            ("max_connections", "50"),
            ("shared_buffers", "64MB"),
            ("fsync", "off"),
            ("synchronous_commit", "off"),
            ("full_page_writes", "off"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("log_line_prefix", "%m [%p] %d "),
        ];
        own.iter().try_for_each(|(name, value)| self.folder.set(name, value))?;
        if !options.hba.is_empty() {
            self.folder.write_hba(&options.hba)?;
        }
        if let Some(tls) = &options.tls {
            self.folder.write_tls(tls)?;
        }
        options.settings.iter().try_for_each(|(name, value)| self.folder.set(name, value))
    }

    /// Starts the server on a free port.
    fn launch(&mut self, keep: bool) -> Result<()> {
        self.running = if keep {
            Running::Detached
        } else {
            let postgres = self.binaries.program("postgres");
            Running::Supervised(Supervisor::spawn(self.folder.account(), &postgres, self.folder.path())?)
        };
        for _ in 0..PORT_TRIES {
            self.port = free_port()?;
            self.folder.set("port", &self.port.to_string())?;
            self.order_start()?;
            match self.wait_ready()? {
                Start::Ready => return Ok(()),
                // Reaps what is left of the attempt; a detached one is gone already.
                Start::PortTaken => {
                    if let Running::Supervised(supervisor) = &self.running {
                        supervisor.order(Order::Stop)?;
                    }
                }
            }
        }
        Err(self.fault(ErrorKind::Server, "find a free port for a throwaway server"))
    }

    fn order_start(&self) -> Result<()> {
        self.folder.rotate_log();
        match &self.running {
            Running::Supervised(supervisor) => supervisor.order(Order::Start),
            // Not `-w`: waiting is done by `wait_ready`, the same for both ways of holding a server.
            _ => self.control(&["start", "-W", "-l", &self.folder.log().to_string_lossy()]),
        }
    }

    /// Waits until the pid file says `ready` (its eighth line, PostgreSQL 10 and newer) or the log says why not.
    fn wait_ready(&self) -> Result<Start> {
        let pid_file = self.folder.pid_file();
        let status = || fs::read_to_string(&pid_file).ok();
        let is_ready = |file: &Option<String>| file.as_deref().and_then(|f| f.lines().nth(7)).map(str::trim) == Some("ready");
        let failed = || status().is_none() && self.folder.log_lines().contains("FATAL:");
        wait_until(|| is_ready(&status()) || failed());
        if is_ready(&status()) {
            return Ok(Start::Ready);
        }
        let log = self.folder.log_lines();
        if log.contains("could not bind") {
            return Ok(Start::PortTaken);
        }
        let kind = if failed() { ErrorKind::Server } else { ErrorKind::Timeout };
        let tail: Vec<&str> = log.lines().rev().take(5).collect();
        let tail = tail.into_iter().rev().collect::<Vec<_>>().join("; ");
        Err(self.fault(kind, "start a throwaway server").because(format!("its log ends: {tail}")))
    }

    /// Runs `pg_ctl` on the data folder.
    fn control(&self, arguments: &[&str]) -> Result<()> {
        let mut command = self.command("pg_ctl");
        command.args(arguments).arg("-s").arg("-D").arg(self.data_dir());
        // Nothing is captured: a server started by it would hold the pipe open.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.fault(ErrorKind::Server, "control a throwaway server").because(format!("pg_ctl: {status}"))),
            Err(cause) => Err(self.fault(ErrorKind::Server, "run pg_ctl").because(cause)),
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.folder.account().command(self.binaries.program(program));
        command.current_dir(self.folder.path());
        command
    }

    fn run(&self, mut command: Command) -> Result<Output> {
        let program = command.get_program().to_string_lossy().into_owned();
        command
            .stdin(Stdio::null())
            .output()
            .map_err(|cause| self.fault(ErrorKind::Server, format!("run {program}")).because(cause))
    }

    fn fault(&self, kind: ErrorKind, what: impl Into<String>) -> Error {
        Error::new(kind, what).at(self.folder.path().display())
    }
}

/// How a start went, where it is not an error.
enum Start {
    Ready,
    PortTaken,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        match std::mem::replace(&mut self.running, Running::Kept) {
            Running::Kept => return,
            Running::Not => {}
            Running::Supervised(supervisor) => drop(supervisor),
            Running::Detached => {
                let _ = self.control(&["stop", "-m", "immediate", "-w"]);
            }
        }
        // Drop cannot report an error, and the supervisor has usually removed it already.
        let _ = fs::remove_dir_all(self.folder.path());
    }
}

/// Without the password.
impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("folder", &self.folder.path()).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Stops a server that was kept, and removes its folder.
///
/// # Errors
/// `Refused` if the folder is not one that [`Cluster::keep`] returned.
pub fn remove_kept(binaries: &Binaries, folder: &Path) -> Result<()> {
    let folder = ServerFolder::open(folder, Account::for_servers()?)?;
    let (binaries, running) = (binaries.clone(), Running::Kept);
    let mut cluster = Cluster { binaries, folder, port: 0, password: String::new(), running };
    if cluster.folder.pid_file().exists() {
        cluster.control(&["stop", "-m", "immediate", "-w"]).place(|| "a server that is kept")?;
    }
    cluster.running = Running::Not;
    drop(cluster);
    Ok(())
}

/// Asks until the answer is yes or the start timeout is over, and returns the last answer.
fn wait_until(done: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !done() {
        if began.elapsed() > START_TIMEOUT {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}

fn free_port() -> Result<u16> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(|cause| Error::new(ErrorKind::Server, "find a free port").because(cause))
}

/// Returns `count` bytes from the kernel's random source, as hexadecimal digits.
pub(super) fn random_hex(count: usize) -> Result<String> {
    let mut bytes = vec![0; count];
    let source = Path::new("/dev/urandom");
    fs::File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).map_err(|cause| storage("read", source, cause))?;
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    Ok(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// Encodes a database's name for the path of a URL.
fn percent_encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_name_survives_a_url() {
        assert_eq!(percent_encoded("chain_db"), "chain_db");
        assert_eq!(percent_encoded("a b/c?é"), "a%20b%2Fc%3F%C3%A9");
    }

    #[test]
    fn passwords_are_random_and_hidden() {
        assert_ne!(random_hex(16).unwrap(), random_hex(16).unwrap());
        assert_eq!(random_hex(16).unwrap().len(), 32);
    }

    #[test]
    fn only_a_throwaway_servers_folder_is_ever_removed() {
        let Ok(binaries) = Binaries::find(&|name| std::env::var(name).ok()) else { return };
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("precious"), "").unwrap();
        assert_eq!(remove_kept(&binaries, folder.path()).unwrap_err().kind(), ErrorKind::Refused);
        assert!(folder.path().join("precious").exists());
    }
}
