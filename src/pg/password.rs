//! A password, and where it came from.
//!
//! Comes in: a password from one of the places a person may keep it in, or a command that prints it. Goes out: the password to
//! the driver, and the name of its place to errors.
//! Never: shows a password, nor anything that the command printed to its standard output.

use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::error::{Error, ErrorKind, Result};

/// How long a password command may run. Long enough for a cloud's login helper, short enough to notice one that waits for a key
/// press it will never get.
const COMMAND_LIMIT: Duration = Duration::from_mins(1);

/// A password; shows as stars.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(String);

impl Password {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the password itself, for the driver alone.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a password was taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The connection string.
    Given,
    /// A secret that the caller has read.
    Secret,
    /// The variable of this name.
    Variable(String),
    /// The password command.
    Command,
    /// The section of this name in the service file.
    Service(String),
    /// This password file.
    Passfile(PathBuf),
    /// Nowhere.
    Nowhere,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => f.write_str("the connection string"),
            Self::Secret => f.write_str("a secret that was named"),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Command => f.write_str("the password command"),
            Self::Service(name) => write!(f, "the service {name}"),
            Self::Passfile(path) => write!(f, "the password file {}", path.display()),
            Self::Nowhere => f.write_str("nowhere: none was given"),
        }
    }
}

/// Runs a command with `sh -c` and returns the first line that it prints.
///
/// # Errors
/// `Permission` if the command cannot be started, fails, prints nothing or does not end in time. The exit code is named, and
/// what it said on its standard error, without what it printed.
pub(super) async fn run_command(command: &str) -> Result<Password> {
    run_within(COMMAND_LIMIT, command).await
}

async fn run_within(limit: Duration, command: &str) -> Result<Password> {
    let fault = |cause: String| {
        Error::new(ErrorKind::Permission, "run the password command")
            .because(cause)
            .next("run the command by hand: its first line of output must be the password")
    };
    let cannot = |error: std::io::Error| fault(format!("sh could not be started: {error}"));
    let child = tokio::process::Command::new("sh")
        .args(["-c", command])
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    let mut group = Group::led_by(&child);
    let output = tokio::time::timeout(limit, child.wait_with_output())
        .await
        .map_err(|_| fault(format!("it did not end within {} seconds", limit.as_secs())))?
        .map_err(cannot)?;
    group.release();
    if !output.status.success() {
        let end = match output.status.code() {
            Some(code) => format!("it ended with exit code {code}"),
            None => "it was ended by a signal".to_owned(),
        };
        return Err(fault(match complaint(&output) {
            Some(said) => format!("{end}: {said}"),
            None => end,
        }));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| fault("its output is not UTF-8 text".to_owned()))?;
    match text.lines().next().unwrap_or_default() {
        "" => Err(fault("it printed nothing".to_owned())),
        line => Ok(Password::new(line)),
    }
}

/// A command and whatever it has started: all of them are ended if it is given up, because it takes too long or nobody waits
/// for it any more.
struct Group(Option<Pid>);

impl Group {
    /// Takes the process that was started as the first of a group of its own.
    fn led_by(child: &tokio::process::Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// Lets what a command that ended has left behind live: it may be an agent that is meant to stay.
    fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Nobody may be left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// How much of what a command said is shown: its end, where the reason stands.
const SHOWN_CHARACTERS: usize = 300;

/// What a command said on its standard error, on one line. Whatever it also printed may be the password, and is left out.
fn complaint(output: &std::process::Output) -> Option<String> {
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut said = String::from_utf8_lossy(&output.stderr).into_owned();
    for secret in printed.split_whitespace().chain(printed.lines().map(str::trim)).filter(|secret| !secret.is_empty()) {
        said = said.replace(secret, "…");
    }
    let said: Vec<_> = said.split_whitespace().collect();
    let said: Vec<_> = said.join(" ").chars().collect();
    let shown: String = said[said.len().saturating_sub(SHOWN_CHARACTERS)..].iter().collect();
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &str) -> Result<Password> {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run_command(command))
    }

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(run("printf 's3 cret\\nmore\\n'").unwrap().reveal(), "s3 cret");
    }

    #[test]
    fn failures_name_the_exit_code_and_the_complaint_and_nothing_printed() {
        let error = run("echo s3cret; echo 'vault: s3cret is\nexpired' >&2; exit 3").unwrap_err();
        assert_eq!(error.causes(), ["it ended with exit code 3: vault: … is expired"]);
        assert_eq!(run("exit 4").unwrap_err().causes(), ["it ended with exit code 4"]);
        assert!(!format!("{error:?}{:?}", error.hints()).contains("s3cret"));
        assert_eq!(run("true").unwrap_err().causes(), ["it printed nothing"]);
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(run_within(Duration::from_secs(1), "exec sleep 60")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permission);
        assert_eq!(error.causes(), ["it did not end within 1 seconds"]);
    }

    /// Whether a process runs: one that has ended and waits for its parent to notice does not.
    fn runs(process: &str) -> bool {
        let said = std::process::Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap();
        let state = String::from_utf8_lossy(&said.stdout).trim().to_owned();
        !state.is_empty() && !state.starts_with('Z')
    }

    fn expect_gone(process: &str) {
        let began = std::time::Instant::now();
        while runs(process) {
            assert!(began.elapsed() < Duration::from_secs(20), "process {process} lives on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn what_a_command_has_started_ends_with_it_when_it_is_given_up() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let written = folder.path().join("pid");
        let command = format!("sleep 1000 & echo $! > '{0}.new'; mv '{0}.new' '{0}'; sleep 1000", written.display());
        let started = async || {
            while !written.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            std::fs::read_to_string(&written).unwrap().trim().to_owned()
        };
        let limit = Duration::from_secs(1);
        let (error, process) = runtime.block_on(async { tokio::join!(run_within(limit, &command), started()) });
        assert_eq!(error.unwrap_err().causes(), ["it did not end within 1 seconds"]);
        expect_gone(&process);

        std::fs::remove_file(&written).unwrap();
        let process = runtime.block_on(async {
            tokio::select! {
                _ = run_command(&command) => panic!("it hangs"),
                process = started() => process,
            }
        });
        expect_gone(&process);
    }

    #[test]
    fn debug_shows_stars() {
        assert_eq!(format!("{:?}", Password::new("s3cret")), "***");
    }
}
