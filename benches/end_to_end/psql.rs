//! Statements that prepare a measurement or check its result, through psql.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use failback::demo::Binaries;

use super::Outcome;

/// The folder of the bench's statements.
pub(crate) const SQL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/end_to_end/sql");

/// Returns the search path for programs, the folder of PostgreSQL's own first: what Debian has in /usr/bin is a script that
/// takes longer to start than a small table to send.
pub(crate) fn search_path() -> &'static OsStr {
    static FOUND: LazyLock<OsString> = LazyLock::new(|| {
        let installed = Binaries::find_installed(&|name| std::env::var(name).ok()).ok().flatten();
        let folder = installed.map(|binaries| binaries.folder().to_path_buf()).filter(|folder| folder.join("psql").exists());
        let given = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(folder.into_iter().chain(std::env::split_paths(&given))).unwrap_or(given.clone())
    });
    &FOUND
}

/// A way to one database.
pub(crate) struct Psql {
    keywords: String,
    password: String,
    folder: Option<PathBuf>,
    variables: Vec<String>,
}

impl Psql {
    pub(crate) fn new(keywords: String, password: String) -> Self {
        Self { keywords, password, folder: None, variables: Vec::new() }
    }

    /// Runs in a folder, where the statements name files.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_path_buf());
        self
    }

    /// Sets a variable of psql.
    pub(crate) fn set(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.variables.push(format!("{name}={value}"));
        self
    }

    /// Runs a statement and returns what it prints, unaligned and without headings.
    pub(crate) fn run(&self, sql: &str) -> Outcome<String> {
        self.call(&["-c", sql], sql)
    }

    /// Runs a file of the bench's statements.
    pub(crate) fn file(&self, name: &str) -> Outcome<String> {
        self.call(&["-f", &format!("{SQL}/{name}.sql")], name)
    }

    /// Runs lines as they would be typed, which may hold what psql itself carries out, and nothing that may be seen in `ps`.
    pub(crate) fn script(&self, lines: &str) -> Outcome<String> {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut psql = command.spawn()?;
        psql.stdin.take().ok_or("psql has no input")?.write_all(lines.as_bytes())?;
        told(&psql.wait_with_output()?, "a script")
    }

    /// Runs a statement whose answer is one number.
    pub(crate) fn number(&self, sql: &str) -> Outcome<u64> {
        let text = self.run(sql)?;
        text.parse().map_err(|_| format!("a number was expected of {sql}, not {text:?}").into())
    }

    /// Returns the command; its output is the caller's.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("psql");
        command
            .args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-d", &self.keywords])
            .env("PGPASSWORD", &self.password)
            .env("PATH", search_path());
        for variable in &self.variables {
            command.args(["-v", variable]);
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    fn call(&self, arguments: &[&str], what: &str) -> Outcome<String> {
        told(&self.command().args(arguments).output().map_err(|error| format!("run psql: {error}"))?, what)
    }
}

/// Returns what psql printed.
fn told(output: &Output, what: &str) -> Outcome<String> {
    if !output.status.success() {
        return Err(format!("psql, {what}: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
