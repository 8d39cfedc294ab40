//! failback, its peers and the servers' own limits, measured beside each other in one run; `benches/README.md` says how.
//!
//! Every measured command is a process of its own, failback's included: nothing of the library is timed from inside.

mod bench;
mod case;
mod chart;
mod check;
mod data;
mod folder;
mod groups;
mod growth_plot;
mod machine;
mod measure;
mod options;
mod peers;
mod psql;
mod replication;
mod report;
mod runner;
mod sample;
mod scale;
mod server;
mod server_cpu;
mod table;
mod target;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use self::bench::Bench;
use self::options::Options;
use self::report::Report;

/// What anything here comes to.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some(measure::VERB) => measure::child(&arguments.collect::<Vec<_>>()),
        _ => compare(Options::parse()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the groups that were asked for, and writes and prints the report.
fn compare(options: Options) -> Outcome<()> {
    let bench = Bench::start(options)?;
    let mut sets = Vec::new();
    for group in &bench.options.groups() {
        for set in group.sets(&bench)? {
            let measured = runner::run(&bench, set)?;
            if measured.cases.is_empty() {
                continue;
            }
            sets.push(measured);
            // What has been measured so far survives whatever comes.
            Report::new(&bench, &sets).write(&bench.options.out)?;
        }
    }
    let report = Report::new(&bench, &sets);
    bench.end()?;
    report.write(&bench.options.out)?;
    write!(std::io::stdout(), "{}", report.markdown())?;
    say(&format!("written to {}", bench.options.out.display()));
    Ok(())
}

/// Tells how the run goes on, on standard error.
fn say(line: &str) {
    // Nothing is left to be done where standard error is gone.
    let _ = writeln!(std::io::stderr(), "{line}");
}
