//! How many instructions the inner loops take for rows that never change: a guard against slowness that creeps in, which a
//! clock on a shared machine cannot see.
//!
//! ```text
//! alias count='cargo bench --config benches/instructions/build.toml --profile dev --bench instructions --'
//! count                        # every case, beside what recorded.json says
//! count decode/narrow_4        # these cases alone
//! count --recorded FILE        # beside another file
//! count --write                # every case, and records what was found
//! count decode/narrow_4 3      # runs a case three times, for a profiler
//! ```
//!
//! Each case runs under callgrind (`apt-get install valgrind`), which emulates the processor: what it counts depends on no load
//! and no clock. Start-up and first use are taken out: the instructions of a process that runs the case once are subtracted
//! from those of one that runs it several times. Counts of other builds, such as `cargo bench` alone makes, are shown and not
//! compared.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use case::Case;
use record::{Maker, Record};
use verdict::Verdict;

mod callgrind;
mod case;
mod record;
#[path = "../rows/mod.rs"]
mod rows;
mod verdict;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let result = match arguments.as_slice() {
        [case, times] if times.parse::<u32>().is_ok() => run(case, times).map(|()| true),
        _ => Wishes::read(&arguments).and_then(|wishes| wishes.fulfil()),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one case so many times: what is counted.
fn run(case: &str, times: &str) -> Outcome<()> {
    // Columns are compared by rayon, whose idle workers look for work as often as the machine lets them: there are none.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    let case = Case::find(case).ok_or_else(|| format!("no such case: {case}"))?;
    let mut once = case.begin()?;
    for _ in 0..times.parse::<u32>()? {
        once()?;
    }
    Ok(())
}

/// What was asked for on the command line.
struct Wishes {
    cases: Vec<String>,
    recorded: PathBuf,
    write: bool,
}

impl Wishes {
    fn read(arguments: &[String]) -> Outcome<Self> {
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions/recorded.json");
        let mut wishes = Self { cases: Vec::new(), recorded, write: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--write" => wishes.write = true,
                "--recorded" => wishes.recorded = rest.next().ok_or("--recorded names no file")?.into(),
                case if case::names().any(|name| name == case) => wishes.cases.push(case.to_owned()),
                other => return Err(format!("no such case: {other}").into()),
            }
        }
        match (wishes.write, wishes.cases.is_empty()) {
            (true, false) => return Err("--write records every case: name none".into()),
            (_, true) => wishes.cases = case::names().collect(),
            (false, false) => {}
        }
        Ok(wishes)
    }

    /// Counts and prints, and records what was found or says whether it may be as it is.
    fn fulfil(&self) -> Outcome<bool> {
        if cfg!(debug_assertions) {
            return Err("only an optimised build is worth counting: see benches/instructions/build.toml".into());
        }
        let maker = Maker::of_this_build()?;
        let is_first = self.write && !self.recorded.exists();
        let mut record = if is_first { Record::default() } else { Record::read(&self.recorded)? };
        let verdicts = self.count(&record, &maker)?;
        if self.write {
            record.replace(maker, &verdicts);
            record.write(&self.recorded)?;
            return Ok(true);
        }
        let stale: Vec<_> = record.stale().map(|case| format!("{case} is on record, and no case any more")).collect();
        let is_green = stale.is_empty() && !verdicts.iter().any(Verdict::is_red);
        let said = verdicts.iter().filter_map(Verdict::said).chain(stale);
        for line in record.reservation(&maker).into_iter().chain(said) {
            writeln!(std::io::stdout(), "{line}")?;
        }
        Ok(is_green)
    }

    /// Counts the cases, and prints a line for each as soon as it is known.
    fn count(&self, record: &Record, maker: &Maker) -> Outcome<Vec<Verdict>> {
        let mut out = std::io::stdout();
        writeln!(out, "| case | instructions a row | recorded | change |\n|---|---:|---:|---:|")?;
        let mut verdicts = Vec::new();
        for case in &self.cases {
            let verdict = record.judge(case, callgrind::count(case)?, maker);
            writeln!(out, "{}", verdict.line())?;
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }
}
