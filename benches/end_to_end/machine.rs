//! The machine, the servers and the day, without which no figure means anything.

use std::fs;

use serde::Serialize;

use super::Outcome;
use super::server::{Server, Servers};

/// Settings that decide about speed.
const SETTINGS: &str = "'shared_buffers', 'max_wal_size', 'work_mem', 'fsync', 'synchronous_commit', 'full_page_writes', \
     'wal_level', 'autovacuum', 'max_parallel_workers_per_gather'";

/// What stands above the tables.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory_gib: u64,
    pub(crate) system: String,
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) settings: String,
    pub(crate) throwaway: bool,
}

impl Machine {
    pub(crate) fn look(servers: &Servers) -> Outcome<Self> {
        let field = |file: &str, name: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':'))
                .map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
        };
        let kibibytes = field("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0_u64);
        let version = |server: &Server| server.psql("postgres").run("select split_part(version(), ' on ', 1)");
        let settings = format!(
            "select string_agg(name || '=' || current_setting(name), ' ' order by name) from pg_settings \
                 where name in ({SETTINGS})"
        );
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Ok(Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            processor: field("/proc/cpuinfo", "model name"),
            memory_gib: kibibytes >> 20,
            system: format!("{} {}", std::env::consts::OS, kernel.trim()),
            old: version(&servers.old)?,
            new: version(&servers.new)?,
            settings: servers.new.psql("postgres").run(&settings)?,
            throwaway: servers.postmasters().is_some(),
        })
    }
}
