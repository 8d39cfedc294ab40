//! Export, diff, merge and verify against real servers, end to end: rows a second and peak memory.
//!
//! ```text
//! cargo bench --bench end_to_end                       # two throwaway servers, 1 million and 10 million narrow rows
//! cargo bench --bench end_to_end -- 100000 1000000     # other sizes
//! FAILBACK_BENCH_OLD=postgres://… FAILBACK_BENCH_NEW=postgres://… cargo bench --bench end_to_end
//! ```
//!
//! The table is narrow (bigint key, int, double precision, two timestamptz; 44 bytes of values a row). NEW differs from OLD in a
//! tenth of the rows: half updates, half inserts. Each step runs in a process of its own, whose peak resident memory
//! (`VmHWM`) is read when it ends; the drain is `psql`'s part of it: COPY of the whole table in binary to a client that throws
//! it away, through the same driver.

use std::io::Write as _;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Instant;

use failback::config::{Config, Cutover};
use failback::demo::{Binaries, Cluster, ClusterOptions};
use failback::engine::{self, Context, MergeOptions, Silent, Stop};
use failback::name::Side;
use failback::pg::{Endpoint, Session};
use failback::store::Store;
use tokio::runtime::Runtime;

const CUTOVER: &str = "2026-01-01T00:00:00Z";
const STEPS: [&str; 6] = ["drain", "export_timestamps", "export_compare", "diff", "merge", "verify"];

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let result = match arguments.first().map(String::as_str) {
        Some("step") => step(&arguments[1], &arguments[2]),
        _ => compare_sizes(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every step at every size and prints one table.
fn compare_sizes(arguments: &[String]) -> Outcome<()> {
    let sizes: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000_000, 10_000_000] } else { sizes };
    let servers = Servers::start()?;
    let mut out = std::io::stdout();
    writeln!(out, "| rows | step | seconds | rows/s | peak memory |\n|---|---|---|---|---|")?;
    for rows in sizes {
        servers.fill(rows)?;
        let folder = std::env::temp_dir().join(format!("failback-bench-{}-{rows}", std::process::id()));
        for name in STEPS {
            let run = Command::new(std::env::current_exe()?)
                .args(["step", name])
                .arg(&folder)
                .env("FAILBACK_BENCH_OLD", &servers.old)
                .env("FAILBACK_BENCH_NEW", &servers.new)
                .output()?;
            let text = String::from_utf8_lossy(&run.stdout).into_owned();
            let mut words = text.split_whitespace();
            let (Some(seconds), Some(done), Some(memory)) = (words.next(), words.next(), words.next()) else {
                return Err(format!("{name}: {}", String::from_utf8_lossy(&run.stderr)).into());
            };
            let (seconds, done): (f64, f64) = (seconds.parse()?, done.parse()?);
            writeln!(out, "| {rows} | {name} | {seconds:.2} | {:.0} | {memory} MiB |", done / seconds)?;
        }
        std::fs::remove_dir_all(&folder)?;
        std::fs::remove_dir_all(folder.with_extension("stamps"))?;
    }
    Ok(())
}

/// The two servers: given by URL, or started for the benchmark.
struct Servers {
    old: String,
    new: String,
    _started: Vec<Cluster>,
}

impl Servers {
    fn start() -> Outcome<Self> {
        let env = |name: &str| std::env::var(name).ok();
        if let (Some(old), Some(new)) = (env("FAILBACK_BENCH_OLD"), env("FAILBACK_BENCH_NEW")) {
            return Ok(Self { old, new, _started: Vec::new() });
        }
        let binaries = Binaries::find(&env)?;
        let settings = [("shared_buffers", "512MB"), ("max_wal_size", "8GB"), ("autovacuum", "off")];
        let start = |side: Side| {
            let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Cluster::start(&binaries, &ClusterOptions { label: format!("bench-{}", side.word()), keep: false, settings })
        };
        let (old, new) = (start(Side::Old)?, start(Side::New)?);
        Ok(Self { old: old.url("postgres"), new: new.url("postgres"), _started: vec![old, new] })
    }

    fn fill(&self, rows: u64) -> Outcome<()> {
        // Rows of the half year before the cutover, whatever their number.
        let spacing_us = 15_000_000_000_000_u64 / rows.max(1);
        let make = format!(
            "drop schema if exists failback cascade; drop table if exists public.events;
             create table public.events (id bigint primary key, kind int not null, value float8, created_at timestamptz not null,
                 updated_at timestamptz not null);
             insert into public.events select i, i % 50, i * 0.5, timestamptz '2025-06-01 00:00+00' + i * interval '{spacing_us} microseconds',
                 timestamptz '2025-06-01 00:00+00' + i * interval '{spacing_us} microseconds' from generate_series(1, {rows}) i;"
        );
        let change = format!(
            "update public.events set value = -value, updated_at = '2026-01-01 01:00+00' where id % 20 = 0;
             insert into public.events select i, i % 50, i, '2026-01-01 02:00+00', '2026-01-01 02:00+00'
                 from generate_series({rows} + 1, {rows} + {rows} / 20) i;"
        );
        let runtime = Runtime::new()?;
        for (side, url, changes) in [(Side::Old, &self.old, ""), (Side::New, &self.new, change.as_str())] {
            runtime.block_on(async {
                let session = Session::connect(&Endpoint::resolve(side, Some(url), &|_| None)?).await?;
                session.execute_all(&make).await?;
                session.execute_all(changes).await?;
                session.execute_all("vacuum (analyze) public.events").await
            })?;
        }
        Ok(())
    }
}

/// Runs one step and prints seconds, rows and peak memory.
fn step(name: &str, folder: &str) -> Outcome<()> {
    let runtime = Runtime::new()?;
    let start = Instant::now();
    let rows = runtime.block_on(perform(name, std::path::Path::new(folder)))?;
    let seconds = start.elapsed().as_secs_f64();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|text| text.split_whitespace().next());
    let mebibytes = peak.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) / 1024;
    writeln!(std::io::stdout(), "{seconds} {rows} {mebibytes}")?;
    Ok(())
}

async fn perform(name: &str, folder: &std::path::Path) -> Outcome<u64> {
    let rows_of_table = |context: Context| async move {
        let session = context.connect(Side::New, "postgres").await?;
        let rows = session.query("select count(*) from public.events", &[]).await?;
        Ok::<i64, failback::error::Error>(rows[0].get(0))
    };
    Ok(match name {
        "drain" => drain(&context(folder, "")?).await?,
        "export_timestamps" => {
            let context = context(&folder.with_extension("stamps"), "[tables.\"public.events\"]\nmethod = \"timestamps\"")?;
            engine::export(&context).await?;
            u64::try_from(rows_of_table(context).await?)?
        }
        "export_compare" => {
            let context = context(folder, "[tables.\"public.events\"]\nmethod = \"compare\"")?;
            engine::export(&context).await?;
            u64::try_from(rows_of_table(context).await?)?
        }
        "diff" => engine::diff(&context(folder, "")?).await?.counts.values().sum(),
        "merge" => {
            let context = context(folder, "")?;
            engine::plan(&context).await?;
            engine::merge(&context, MergeOptions { leave_held: true, ..MergeOptions::default() }).await?.rows()
        }
        "verify" => engine::verify(&context(folder, "")?).await?.tables.iter().map(|table| table.checked).sum(),
        other => return Err(format!("no such step: {other}").into()),
    })
}

/// What the server needs to send the table to a client that throws it away.
async fn drain(context: &Context) -> Outcome<u64> {
    let session = context.connect(Side::New, "postgres").await?;
    let mut copy = session.copy_out("copy public.events to stdout (format binary)").await?;
    let mut chunks = 0;
    while copy.next().await?.is_some() {
        chunks += 1;
    }
    Ok(chunks)
}

fn context(folder: &std::path::Path, config: &str) -> Outcome<Context> {
    let endpoint = |side: Side, name: &str| {
        let url = std::env::var(name).map_err(|_| format!("{name} is not set"))?;
        Ok::<_, Box<dyn std::error::Error>>(Endpoint::resolve(side, Some(&url), &|_| None)?)
    };
    let store = if folder.exists() { Store::open(folder)? } else { Store::create(folder)? };
    Ok(Context {
        old: endpoint(Side::Old, "FAILBACK_BENCH_OLD")?,
        new: endpoint(Side::New, "FAILBACK_BENCH_NEW")?,
        store: Arc::new(store),
        config: Arc::new(Config::parse(config, "failback.toml")?),
        cutover: Some(Cutover::parse(CUTOVER)?),
        databases: vec!["postgres".to_owned()],
        tables: vec!["public.events".to_owned()],
        jobs: 2,
        piece_bytes: failback::engine::PIECE_BYTES,
        progress: Arc::new(Silent),
        stop: Stop::default(),
    })
}
