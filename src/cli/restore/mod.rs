//! `failback restore`: backups, and what comes back from them.

mod check;
mod dump;
mod fetch;
mod list;
mod record;
mod run;
mod source;
mod swap;
mod told;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::environment::OF_PROGRAMS;
use super::options::Given;
use super::settings::Settings;
use super::{Call, Exit};
use crate::engine::Programs;
use crate::error::Result;

/// Look at backups, and bring a database back from one
///
/// For the emergency: what a database held is lost on both servers, or OLD is gone. `list` says which backups there are and
/// chooses one by time, `check` reads one whole, `run` restores it into a database beside what is there, and `swap` puts that
/// in its place.
#[derive(Args)]
#[command(after_help = "\
Examples:
  failback restore list /var/backups --at 2026-11-22T10:00:00+02:00
  failback restore check /var/backups/chain_db.dump
  failback restore dump --side new --databases chain_db --run runs/20261129T133836Z-3335 --into last
  failback restore fetch az://account/backups --at 2026-11-22T10:00:00+02:00 --databases chain_db --into /var/backups
  failback restore run /var/backups --at 2026-11-22T10:00:00+02:00 --databases chain_db --confirm old.example.com:5432
  failback restore swap --confirm old.example.com:5432
  failback restore swap --undo --confirm old.example.com:5432")]
pub(super) struct Arguments {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Subcommand)]
enum Deed {
    /// List the backups of a folder, and choose by time
    List(list::Arguments),
    /// Read backups whole, and count their rows
    Check(check::Arguments),
    /// Dump databases as they are, read each dump whole, and count
    Dump(dump::Arguments),
    /// Fetch backups from a container of Azure's
    Fetch(fetch::Arguments),
    /// Restore backups into databases beside those that are there
    Run(run::Arguments),
    /// Put restored databases in their places, or what was there back
    Swap(swap::Arguments),
}

impl Arguments {
    pub(super) fn options(&self) -> &dyn Given {
        match &self.deed {
            Deed::List(list) => &list.options,
            Deed::Check(check) => &check.options,
            Deed::Dump(dump) => &dump.options,
            Deed::Fetch(fetch) => &fetch.options,
            Deed::Run(run) => &run.options,
            Deed::Swap(swap) => &swap.options,
        }
    }
}

/// Does what was asked.
pub(super) async fn run(call: &Call, arguments: &Arguments) -> Result<Exit> {
    match &arguments.deed {
        Deed::List(list) => Box::pin(list::run(call, list)).await,
        Deed::Check(check) => Box::pin(check::run(call, check)).await,
        Deed::Dump(dump) => Box::pin(dump::run(call, dump)).await,
        Deed::Fetch(fetch) => Box::pin(fetch::run(call, fetch)).await,
        Deed::Run(arguments) => Box::pin(run::run(call, arguments)).await,
        Deed::Swap(arguments) => Box::pin(swap::run(call, arguments)).await,
    }
}

/// PostgreSQL's own programs.
#[derive(Args, Clone)]
#[expect(clippy::doc_markdown, reason = "this is the help on a terminal, where backticks are noise")]
struct Tools {
    /// The folder of pg_restore, pg_dump and psql [default: as [tools] of failback.toml has it, else by PATH]
    #[arg(long, value_name = "DIR")]
    bin: Option<PathBuf>,
}

/// Variables that PostgreSQL's programs see: where things are. How servers are reached is said anew for each of them.
const SEEN: [&str; 5] = ["PATH", "HOME", "USER", "LOGNAME", "TMPDIR"];

/// What they are told: to complain in words that can be read here, and to speak of no time zone but one.
const SET: [(&str, &str); 2] = [("LC_ALL", "C"), ("TZ", "UTC")];

impl Tools {
    fn programs(&self, call: &Call, settings: &Settings) -> Programs {
        let paths = settings.config.rollback().tools().clone();
        Programs::new(paths, self.bin.clone(), environment(call, &SEEN, &SET), call.stop.clone())
    }
}

/// Variables that the Azure CLI sees besides.
const AZURE_SEEN: [&str; 5] = [
    "AZURE_CONFIG_DIR",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_SERVICE_ENDPOINT",
];

/// What it is told: not to call home, and to print nothing but what was asked for.
const AZURE_SET: [(&str, &str); 3] =
    [("AZURE_CORE_COLLECT_TELEMETRY", "false"), ("AZURE_CORE_ONLY_SHOW_ERRORS", "true"), ("AZURE_CORE_NO_COLOR", "true")];

/// The Azure CLI.
fn azure(call: &Call, settings: &Settings) -> Programs {
    let rollback = settings.config.rollback();
    let seen: Vec<_> =
        OF_PROGRAMS.into_iter().chain(AZURE_SEEN).chain(rollback.environment().iter().map(String::as_str)).collect();
    Programs::new(rollback.tools().clone(), None, environment(call, &seen, &AZURE_SET), call.stop.clone())
}

fn environment(call: &Call, seen: &[&str], set: &[(&str, &str)]) -> crate::engine::Variables {
    let seen = seen.iter().filter_map(|name| Some(((*name).to_owned(), call.environment.get(name)?.to_owned())));
    seen.chain(set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).collect()
}
