//! failback's own verbs as child processes: exactly what a person would type.
//!
//! Comes in: arguments, and the folder in which they are meant. Goes out: the command line for reading, what the child printed,
//! and its exit code. Children see nothing of our environment, so no `OLD_PG…` of the operator's can lead one to another
//! server. Never: hands a password over, on the command line or otherwise; the folder's files name the password file.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::error::{Error, ErrorKind, Result};
use crate::text::shell_line;

/// Where children find `sh`, should they need it.
const PATH: &str = "/usr/bin:/bin";

/// Runs verbs.
pub(super) struct Verbs {
    /// The failback program.
    pub(super) program: PathBuf,
    /// The folder with `failback.toml`.
    pub(super) folder: PathBuf,
    /// Options for every verb beside its own.
    pub(super) besides: Vec<String>,
    /// Variables beside those that every child sees.
    pub(super) variables: Vec<(String, String)>,
}

/// What a verb did.
pub(super) struct Ended {
    /// What it wrote to standard output.
    pub(super) stdout: String,
    /// Its narration and errors.
    pub(super) stderr: String,
    /// Its exit code.
    pub(super) code: i32,
}

impl Verbs {
    /// Runs one verb to its end. Dropping the future kills it.
    ///
    /// # Errors
    /// `Server` if it cannot be started, or ends otherwise than with one of the exit codes in `expected`.
    pub(super) async fn run(&self, arguments: &[&str], expected: &[i32]) -> Result<Ended> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .args(&self.besides)
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", PATH)
            .env("HOME", &self.folder)
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        let failed = |cause: String| Error::new(ErrorKind::Server, "run a verb").at(line(arguments)).because(cause);
        let Output { status, stdout, stderr } = command.output().await.map_err(|cause| failed(cause.to_string()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ended = Ended { stdout: text(&stdout), stderr: text(&stderr), code: status.code().unwrap_or(-1) };
        if expected.contains(&ended.code) {
            return Ok(ended);
        }
        Err(failed(format!("it ended with {status}\n{}", ended.stderr.trim())))
    }
}

/// Returns the command line as a person would type it.
pub(super) fn line(arguments: &[&str]) -> String {
    shell_line(&[&["failback"], arguments].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted_into_a_shell() {
        assert_eq!(line(&["merge", "--confirm", "127.0.0.1:5432"]), "failback merge --confirm 127.0.0.1:5432");
        assert_eq!(line(&["decide", "--why", "it's old"]), r"failback decide --why 'it'\''s old'");
    }
}
