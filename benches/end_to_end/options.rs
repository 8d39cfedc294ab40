//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use super::groups::Group;
use super::scale::Scale;

/// Measures failback beside its peers and the servers' own limits
#[derive(Parser)]
#[command(name = "cargo bench --bench end_to_end --")]
pub(crate) struct Options {
    /// How much data: tens of thousands of rows, 1 million or 5 million orders
    #[arg(long, value_enum, default_value_t = Scale::Tiny)]
    pub(crate) scale: Scale,
    /// How often each case runs [default: 1 at tiny, else 3]
    #[arg(long, value_name = "N")]
    pub(crate) rounds: Option<u32>,
    /// Groups to run, with commas between [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "GROUPS")]
    group: Vec<Group>,
    /// Only cases whose `set.name` contains this
    #[arg(long, value_name = "SUBSTRING")]
    pub(crate) only: Option<String>,
    /// The OLD server, as a superuser; it is written to [default: a throwaway server]
    #[arg(long, value_name = "URL", requires = "new")]
    pub(crate) old: Option<String>,
    /// The NEW server, as a superuser; both get databases of the bench's own [default: a throwaway server]
    #[arg(long, value_name = "URL", requires = "old")]
    pub(crate) new: Option<String>,
    /// NEW as OLD reaches it, as host:port, for logical replication [default: as this machine does]
    #[arg(long, value_name = "HOST:PORT", requires = "new")]
    pub(crate) new_from_old: Option<String>,
    /// The folder for report.json, report.md, chart.svg and growth.svg
    #[arg(long, value_name = "FOLDER", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench"))]
    pub(crate) out: PathBuf,
    /// Take the peers that are there, and fetch none
    #[arg(long)]
    pub(crate) no_fetch: bool,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// Returns the groups to run, in their order.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let all = Group::value_variants().iter().copied();
        all.filter(|group| self.group.is_empty() || self.group.contains(group)).collect()
    }

    /// Returns how often each case runs.
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.scale == Scale::Tiny { 1 } else { 3 }).max(1)
    }
}
