//! One command line, measured by a small process that does nothing else: a child's peak memory begins at what its parent
//! had when it was started.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use wait4::Wait4 as _;

use super::Outcome;

/// The hidden verb of the bench's own program.
pub(crate) const VERB: &str = "measure";

/// What one command line took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) exit_code: Option<i32>,
    pub(crate) wall_s: f64,
    pub(crate) cpu_s: f64,
    /// The most memory that its largest single process had at once.
    pub(crate) peak_bytes: u64,
}

/// Runs a shell's command line, prepared by the caller but for program and arguments, and returns what it took. Its output is
/// left in `stdout` and `stderr` of a folder.
pub(crate) fn measure(line: &str, prepared: impl FnOnce(&mut Command), output: &Path) -> Outcome<Measured> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([VERB, line]).arg(output.join("stdout")).arg(output.join("stderr"));
    prepared(&mut command);
    let run = command.stdin(Stdio::null()).output()?;
    if !run.status.success() {
        return Err(format!("measure: {}", String::from_utf8_lossy(&run.stderr).trim()).into());
    }
    Ok(serde_json::from_slice(&run.stdout)?)
}

/// Is the small process: runs the command line, prints what it took.
pub(crate) fn child(arguments: &[String]) -> Outcome<()> {
    let [line, stdout, stderr] = arguments else { return Err("measure wants a command line and two files".into()) };
    let mut command = Command::new("bash");
    command.args(["-o", "pipefail", "-c", line]).stdin(Stdio::null());
    command.stdout(File::create(stdout)?).stderr(File::create(stderr)?);
    let began = Instant::now();
    let done = command.spawn()?.wait4()?;
    let wall = began.elapsed();
    let measured = Measured {
        exit_code: done.status.code(),
        wall_s: wall.as_secs_f64(),
        cpu_s: (done.rusage.utime + done.rusage.stime).as_secs_f64(),
        peak_bytes: done.rusage.maxrss,
    };
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&measured)?)?;
    Ok(())
}
