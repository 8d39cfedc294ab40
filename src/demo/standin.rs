//! Stand-ins for what no machine of ours has: Azure's control plane, a cluster's API, a zone's name server, health pages. The
//! same programs as in the tests (`fixtures/standins`), which say what they imitate; failback's own engine knows none of them.
//!
//! Comes in: a folder, and where programs are. Goes out: the stand-ins' files, and processes that end with their owner.
//! Never: runs a real `az`, which would talk to somebody's subscription.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::server_folder::storage;
use crate::error::{Error, ErrorKind, Result};

const SCRIPT: &str = include_str!("standin.sh");

const KEPT_SCRIPT: &str = include_str!("standin_kept.sh");

/// What they are written in.
const PYTHON: &str = "python3";

/// The stand-ins, by the names of their files.
const FILES: [(&str, &str); 6] = [
    ("az", include_str!("../../fixtures/standins/az")),
    ("dns.py", include_str!("../../fixtures/standins/dns.py")),
    ("kube.py", include_str!("../../fixtures/standins/kube.py")),
    ("kubectl", include_str!("../../fixtures/standins/kubectl")),
    ("terraform", include_str!("../../fixtures/standins/terraform")),
    ("web.py", include_str!("../../fixtures/standins/web.py")),
];

/// How long one that was kept may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// How long a stand-in may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// What tells one that is kept to run on, and what it leaves where it has ended.
const RUNS: &str = "runs";
const ENDED: &str = "ended";

/// Stand-ins in a folder. Dropped, those that run are ended.
pub(super) struct Standins {
    folder: PathBuf,
    path: String,
    keep: bool,
    running: Vec<Child>,
}

impl Standins {
    /// Writes them into a new folder; `path` is where programs are looked for. With `keep`, they may outlive us.
    ///
    /// # Errors
    /// `Refused` where there is no Python.
    pub(super) fn unpack(folder: PathBuf, path: &str, keep: bool) -> Result<Self> {
        if on_path(path, PYTHON).is_none() {
            return Err(Error::new(ErrorKind::Refused, "play the stand-ins of the demo")
                .because(format!("they are written in Python, and there is no {PYTHON} on PATH"))
                .next("Debian, Ubuntu: apt-get install python3")
                .next("or play the recovery alone, which needs none: failback demo"));
        }
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(|cause| storage("create", &folder, cause))?;
        for (name, text) in FILES {
            let file = folder.join(name);
            let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o700).open(&file);
            let written = opened.and_then(|mut opened| opened.write_all(text.as_bytes()));
            written.map_err(|cause| storage("write", &file, cause))?;
        }
        Ok(Self { folder, path: path.to_owned(), keep, running: Vec::new() })
    }

    /// Where one of them is.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Starts one that listens on loopback, with what it looks at; returns its port. Blocks until it listens.
    ///
    /// # Errors
    /// `Server` where it does not start.
    pub(super) fn serve(&mut self, name: &str, looks_at: &Path) -> Result<u16> {
        let failed = |cause: String| Error::new(ErrorKind::Server, "start a stand-in").at(name).because(cause);
        let port_file = self.folder.join(format!("{name}.port"));
        let mut shell = Command::new("sh");
        if self.keep {
            let runs = self.folder.join(name).with_extension(RUNS);
            fs::write(&runs, "").map_err(|cause| storage("write", &runs, cause))?;
            shell.args(["-c", KEPT_SCRIPT, "failback-standin"]).arg(self.folder.join(name).with_extension(""));
        } else {
            shell.args(["-c", SCRIPT, "failback-standin"]);
        }
        shell.arg(PYTHON).arg(self.program(name)).arg(&port_file).arg(looks_at);
        // Its own process group: Ctrl-C at the terminal is for us to answer.
        shell.env_clear().env("PATH", &self.path).current_dir(&self.folder).process_group(0);
        let complaints = self.folder.join(format!("{name}.err"));
        let err = fs::File::create(&complaints).map_err(|cause| storage("write", &complaints, cause))?;
        shell.stdin(if self.keep { Stdio::null() } else { Stdio::piped() }).stdout(Stdio::null()).stderr(err);
        self.running.push(shell.spawn().map_err(|cause| failed(cause.to_string()))?);
        let begun = Instant::now();
        loop {
            if let Some(port) = fs::read_to_string(&port_file).ok().and_then(|text| text.trim().parse().ok()) {
                return Ok(port);
            }
            if begun.elapsed() > PATIENCE {
                let said = fs::read_to_string(&complaints).unwrap_or_default();
                return Err(failed(format!("it does not listen; {}", said.lines().last().unwrap_or_default())));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Standins {
    /// Lets them run on without us, until [`end_kept`].
    pub(super) fn keep(mut self) {
        self.running.clear();
    }
}

/// Ends the stand-ins of a folder that were kept, and waits for their end. Those that do not run any more are no failure.
pub(super) fn end_kept(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let runs: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|ending| ending == RUNS)).collect();
    for file in &runs {
        // One that cannot be removed goes with its folder, and ends its stand-in as well.
        let _ = fs::remove_file(file);
    }
    let begun = Instant::now();
    let have_ended = || runs.iter().all(|runs| runs.with_extension(ENDED).exists());
    while !have_ended() && begun.elapsed() < GRACE {
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for Standins {
    fn drop(&mut self) {
        if self.keep && !self.running.is_empty() {
            end_kept(&self.folder);
        }
        self.running.iter_mut().for_each(|child| drop(child.stdin.take()));
        self.running.iter_mut().for_each(|child| drop(child.wait()));
    }
}

/// Finds a program as a shell would.
pub(super) fn on_path(path: &str, name: &str) -> Option<PathBuf> {
    let is_program =
        |file: &PathBuf| fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    std::env::split_paths(path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name)).find(is_program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stand_in_says_what_it_stands_in_for() {
        for (name, text) in FILES {
            assert!(text.starts_with("#!/usr/bin/env python3\n\"\"\"Stands in for "), "{name}");
        }
    }

    #[test]
    fn without_python_it_is_said_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = Standins::unpack(folder.path().join("standins"), "/nowhere", false).err().unwrap();
        assert!(error.causes().join(" ").contains("python3"), "{error:?}");
        assert!(!folder.path().join("standins").exists());
    }
}
