//! The two servers: throwaway ones, or two that were given by URL.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use failback::demo::{Binaries, Cluster, ClusterOptions};
use tokio_postgres::config::Host;

use super::Outcome;
use super::options::Options;
use super::psql::Psql;

/// What both throwaway servers are set to: as an administrator would for this machine, and as safe as by default.
const SETTINGS: [(&str, &str); 11] = [
    ("shared_buffers", "1GB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "30min"),
    ("work_mem", "64MB"),
    ("maintenance_work_mem", "512MB"),
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("timezone", "UTC"),
    // Keeps vacuum out of the measurements; every table is vacuumed once it is filled.
    ("autovacuum", "off"),
    ("max_wal_senders", "4"),
];

/// The first version that keeps summaries of its write-ahead log.
const SUMMARIES_FROM: u32 = 17;

/// One server.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
    /// Its main process, where it runs on this machine and is ours.
    pub(crate) postmaster: Option<u32>,
    _cluster: Option<Cluster>,
}

impl Server {
    fn throwaway(binaries: &Binaries, label: &str, wal_level: &str) -> Outcome<Self> {
        let level = [("wal_level", wal_level)];
        let summaries: &[_] = if binaries.major() < SUMMARIES_FROM { &[] } else { &[("summarize_wal", "on")] };
        let settings = SETTINGS.iter().chain(&level).chain(summaries);
        let settings = settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let cluster =
            Cluster::start(binaries, &ClusterOptions { label: label.to_owned(), settings, ..ClusterOptions::default() })?;
        let pid = fs::read_to_string(cluster.data_dir().join("postmaster.pid"))?;
        let postmaster = pid.lines().next().and_then(|line| line.trim().parse().ok());
        Ok(Self { postmaster, ..Self::parse(&cluster.url("postgres"), Some(cluster))? })
    }

    fn parse(url: &str, cluster: Option<Cluster>) -> Outcome<Self> {
        // Each case connects as its program does by default, with TLS where the server asks for it: parameters are left out.
        let (url, _) = url.split_once('?').unwrap_or((url, ""));
        // What the parser says may repeat the URL.
        let config: tokio_postgres::Config = url.parse().map_err(|_| "a server's URL is not one")?;
        let Some(Host::Tcp(host)) = config.get_hosts().first() else { return Err("a server's URL needs a host".into()) };
        let password = String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned();
        Ok(Self {
            host: host.clone(),
            port: config.get_ports().first().copied().unwrap_or(5432),
            user: config.get_user().unwrap_or("postgres").to_owned(),
            password,
            postmaster: None,
            _cluster: cluster,
        })
    }

    /// Returns libpq's keywords for a database, without the password.
    pub(crate) fn keywords(&self, database: &str) -> String {
        format!("host={} port={} user={} dbname={database}", self.host, self.port, self.user)
    }

    /// Returns the URL of a database, without the password.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgresql://{}@{}:{}/{database}", self.user, self.host, self.port)
    }

    /// Returns a psql for a database.
    pub(crate) fn psql(&self, database: &str) -> Psql {
        Psql::new(self.keywords(database), self.password.clone())
    }
}

/// OLD and NEW.
pub(crate) struct Servers {
    pub(crate) old: Server,
    pub(crate) new: Server,
    /// Where both passwords stand, for programs that follow libpq.
    pub(crate) passfile: PathBuf,
}

impl Servers {
    /// Takes the servers that were named, or starts two.
    pub(crate) fn start(options: &Options, scratch: &Path) -> Outcome<Self> {
        let (old, new) = if let (Some(old), Some(new)) = (&options.old, &options.new) {
            (Server::parse(old, None)?, Server::parse(new, None)?)
        } else {
            let binaries = Binaries::find(&|name| std::env::var(name).ok())?;
            (Server::throwaway(&binaries, "bench-old", "replica")?, Server::throwaway(&binaries, "bench-new", "logical")?)
        };
        let passfile = scratch.join("passwords");
        let mut lines = String::new();
        for server in [&old, &new] {
            let password = server.password.replace('\\', "\\\\").replace(':', "\\:");
            writeln!(lines, "{}:{}:*:{}:{password}", server.host, server.port, server.user)?;
        }
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&passfile)?.write_all(lines.as_bytes())?;
        Ok(Self { old, new, passfile })
    }

    /// Returns the main processes that are known.
    pub(crate) fn postmasters(&self) -> Option<[u32; 2]> {
        Some([self.old.postmaster?, self.new.postmaster?])
    }
}
