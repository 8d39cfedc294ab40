//! Instructions, counted by valgrind's callgrind.

use std::io::ErrorKind;
use std::process::{Command, Output};

use super::Outcome;

/// How often a case runs behind the first time, which is not counted.
const TIMES: u32 = 2;

/// Counts the instructions that one run of a case takes.
pub(crate) fn count(case: &str) -> Outcome<u32> {
    let (first, all) = (instructions(case, 1)?, instructions(case, 1 + TIMES)?);
    let more = all.checked_sub(first).ok_or_else(|| format!("{case}: {all} instructions in all, {first} at first"))?;
    Ok(u32::try_from(more / u64::from(TIMES))?)
}

/// Returns what valgrind calls its version.
pub(crate) fn version() -> Outcome<String> {
    let output = valgrind(Command::new("valgrind").arg("--version"))?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Counts the instructions of a process that runs a case so many times.
fn instructions(case: &str, times: u32) -> Outcome<u64> {
    let folder = tempfile::tempdir()?;
    let counts = folder.path().join("counts");
    valgrind(
        Command::new("valgrind")
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", counts.display()))
            .arg(std::env::current_exe()?)
            .args([case, &times.to_string()]),
    )?;
    let text = std::fs::read_to_string(&counts)?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary: ")).ok_or("callgrind wrote no summary")?;
    Ok(total.trim().parse()?)
}

fn valgrind(command: &mut Command) -> Outcome<Output> {
    let output = command.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => "valgrind is missing (apt-get install valgrind)".to_owned(),
        _ => format!("start valgrind: {error}"),
    })?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("valgrind failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}
