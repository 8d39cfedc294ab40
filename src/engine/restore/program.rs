//! PostgreSQL's own programs, and `az`: an argument list, never a shell; an environment of named variables; what they print
//! heard as it comes.
//!
//! Passwords are in the environment of the program that needs them, and never among its arguments.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::engine::run::Stop;
use crate::error::{Error, ErrorKind, Result};

/// Variables of an environment, by name.
pub type Variables = Vec<(String, String)>;

/// Of what a program complains, so many lines are kept: its last.
const KEPT_LINES: usize = 200;

/// How long a program that is to stop may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// The programs that `--bin` may lead to.
const POSTGRES: [&str; 3] = ["pg_dump", "pg_restore", "psql"];

/// Runs programs.
#[derive(Clone)]
pub struct Programs {
    paths: BTreeMap<String, String>,
    folder: Option<PathBuf>,
    environment: Variables,
    stop: Stop,
}

/// How a program ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub(super) code: Option<i32>,
    /// The last lines of what it complained.
    pub(super) lines: Vec<String>,
}

/// Who hears what a program prints.
pub(super) struct Ears<'a> {
    /// Gets what it prints on standard output, in pieces.
    pub(super) out: &'a mut (dyn FnMut(&[u8]) + Send),
    /// Gets each line that it complains; the program is ended where this returns false.
    pub(super) err: &'a mut (dyn FnMut(&str) -> bool + Send),
}

impl Programs {
    /// Takes where programs are that are not found by their names, the folder of PostgreSQL's, the variables that all of them
    /// see, and the user's wish to stop.
    #[must_use]
    pub const fn new(paths: BTreeMap<String, String>, folder: Option<PathBuf>, environment: Variables, stop: Stop) -> Self {
        Self { paths, folder, environment, stop }
    }

    /// Returns the user's wish to stop.
    pub(super) const fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Starts a program in a process group of its own.
    ///
    /// # Errors
    /// `Config` where it cannot be started.
    pub(super) fn start(&self, argv: &[String], more: &Variables, stdin: Stdio) -> Result<Running> {
        let name = argv.first().map(String::as_str).unwrap_or_default();
        let in_folder = self.folder.as_ref().filter(|_| POSTGRES.contains(&name)).map(|folder| folder.join(name));
        let named = in_folder.or_else(|| self.paths.get(name).map(PathBuf::from));
        let child = Command::new(named.unwrap_or_else(|| PathBuf::from(name)))
            .args(&argv[1.min(argv.len())..])
            .env_clear()
            .envs(self.environment.iter().chain(more).map(|(name, value)| (name, value)))
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let child = child.map_err(|error| {
            let error = Error::new(ErrorKind::Config, format!("start {name}")).because(error);
            if POSTGRES.contains(&name) {
                error.next("install PostgreSQL's client programs, or name their folder with --bin")
            } else {
                error.next(format!("install {name}, or write its path under [tools] in failback.toml"))
            }
        })?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok(Running { child, group })
    }

    /// Runs a program to its end, and lets others hear what it prints.
    ///
    /// # Errors
    /// `Config` where it cannot be started, `Interrupted` where the user asked to stop: it was ended then.
    pub(super) async fn run(&self, argv: &[String], more: &Variables, ears: Ears<'_>) -> Result<Ended> {
        let running = self.start(argv, more, Stdio::null())?;
        self.attend(running, ears).await
    }

    /// Hears a program that was started, to its end.
    ///
    /// # Errors
    /// As [`Programs::run`].
    pub(super) async fn attend(&self, mut running: Running, ears: Ears<'_>) -> Result<Ended> {
        let (out, err) = (running.child.stdout.take(), running.child.stderr.take());
        let mut lines = Vec::new();
        let heard = async {
            let (printed, complained) = (hear(out, ears.out), hear_lines(err, &mut lines, ears.err));
            tokio::pin!(printed, complained);
            let mut is_printed = false;
            let is_enough = tokio::select! {
                is_enough = &mut complained => is_enough,
                () = &mut printed => {
                    is_printed = true;
                    complained.await
                }
            };
            // What it printed may still be on its way when it has nothing more to complain of.
            if !is_enough && !is_printed {
                printed.await;
            }
            !is_enough
        };
        let heard = self.stop.or(heard).await;
        match heard {
            Ok(true) => {}
            Ok(false) | Err(_) => running.end().await,
        }
        heard?;
        let status = running.child.wait().await;
        running.group = None;
        Ok(Ended { code: status.ok().and_then(|status| status.code()), lines })
    }

    /// Runs a program, and returns what it printed where it went well.
    ///
    /// # Errors
    /// As [`Programs::run`]; `Server` where it failed, with what it complained.
    pub(super) async fn output(&self, argv: &[String], more: &Variables) -> Result<String> {
        let mut out = Vec::new();
        let ears = Ears { out: &mut |piece| out.extend_from_slice(piece), err: &mut |_| true };
        let ended = self.run(argv, more, ears).await?;
        if ended.code == Some(0) {
            return Ok(String::from_utf8_lossy(&out).into_owned());
        }
        let name = argv.first().map(String::as_str).unwrap_or_default();
        Err(Error::new(ErrorKind::Server, format!("run {name}")).because(ended.said(name)))
    }

    /// Returns the major version of one of PostgreSQL's programs.
    ///
    /// # Errors
    /// `Config` where it cannot be started, or says no version.
    pub(super) async fn major(&self, program: &str) -> Result<u32> {
        let said = self.output(&[program.to_owned(), "--version".to_owned()], &Vec::new()).await?;
        let version = said.split("(PostgreSQL) ").nth(1).and_then(super::header::major);
        version.ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("ask {program} for its version"))
                .because(format!("it said {}", said.trim()))
                .next("name the folder of PostgreSQL's client programs with --bin")
        })
    }
}

impl Ended {
    /// Says how it ended, with what it complained of last.
    pub(super) fn said(&self, program: &str) -> String {
        let end = match self.code {
            Some(code) => format!("{program} ended with exit code {code}"),
            None => format!("{program} was ended by a signal"),
        };
        // The Azure CLI announces what it did not expect, and says it in the next line.
        let is_fault = |line: &&String| line.to_ascii_lowercase().contains("error:") && !line.ends_with("traceback:");
        match self.lines.iter().find(is_fault).or_else(|| self.lines.last()) {
            Some(line) => format!("{end}: {line}"),
            None => end,
        }
    }
}

/// A program that runs, with all that it has started: they are ended where nobody waits for them any more.
pub(super) struct Running {
    child: Child,
    group: Option<Pid>,
}

impl Running {
    /// Takes what it reads from.
    pub(super) fn take_input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes what it prints, for another program to read.
    pub(super) fn take_output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for its end without hearing it.
    pub(super) async fn wait(mut self) -> Option<i32> {
        let status = self.child.wait().await;
        self.group = None;
        status.ok().and_then(|status| status.code())
    }

    async fn end(&mut self) {
        let Some(group) = self.group else { return };
        // A group that is gone is what was wanted.
        let _ = kill_process_group(group, Signal::INT);
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // Nobody may be left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn hear(pipe: Option<impl AsyncRead + Unpin>, ear: &mut (dyn FnMut(&[u8]) + Send)) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = vec![0; 256 * 1024];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        ear(&buffer[..read]);
    }
}

/// Hears lines to their end; true where whoever hears them has had enough.
async fn hear_lines(
    pipe: Option<impl AsyncRead + Unpin>,
    lines: &mut Vec<String>,
    ear: &mut (dyn FnMut(&str) -> bool + Send),
) -> bool {
    let Some(pipe) = pipe else { return false };
    let (mut reader, mut line) = (BufReader::new(pipe), Vec::new());
    while let Ok(1..) = reader.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        let goes_on = ear(&text);
        if lines.len() == KEPT_LINES {
            lines.remove(0);
        }
        lines.push(text);
        if !goes_on {
            return true;
        }
    }
    false
}
