//! Programs that steps run: an argument list, never a shell; an environment of named variables; a deadline; what they print
//! kept as evidence, with every secret taken out.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::journal::{JournalFile, Record};
use super::keyring::Keyring;
use super::secrets::Secrets;
use crate::engine::Stop;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{LocalStore, ProgramsLock, Store as _, host_files};

/// More of what a program prints is read and thrown away, which the evidence says.
const PRINTED_MAX: usize = 8 * 1024 * 1024;

/// A longer line of what a program prints is no line for people.
const LINE_MAX: usize = 4096;

/// How long a program that is to stop may take to put things in order (terraform gives back its state's lock).
const GRACE: Duration = Duration::from_secs(15);

/// Variables of an environment, by name.
pub type Variables = Vec<(String, String)>;

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code; `None` where a signal ended it, or its time was over.
    pub code: Option<i32>,
    /// What it printed on standard output, secrets included: for reading, not for showing.
    pub out: String,
    /// What it printed on standard error, secrets taken out.
    pub err: String,
    /// Whether its time was over.
    pub late: bool,
}

impl Ran {
    /// Whether the exit code is 0.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.code == Some(0)
    }

    /// Says how it ended, with the last line of what it complained.
    #[must_use]
    pub fn said(&self, program: &str) -> String {
        let end = match self.code {
            _ if self.late => "did not end in time".to_owned(),
            Some(code) => format!("ended with exit code {code}"),
            None => "was ended by a signal".to_owned(),
        };
        // Terraform draws a frame around what it complains.
        let bare = |line: &str| line.trim_matches(|c: char| c.is_whitespace() || "│╷╵".contains(c)).to_owned();
        let all: Vec<_> = self.err.lines().map(bare).collect();
        let mut lines = all.iter().map(String::as_str).filter(|line| !line.is_empty());
        let is_fault = |line: &&str| is_fault(line);
        // Where a program says which line is the fault, it is that one; else the last that is no remark.
        let last = lines.clone().find(is_fault).or_else(|| lines.rfind(|line| !line.starts_with("note:"))).unwrap_or_default();
        // failback's own verbs say beneath it why.
        let why = all.iter().find_map(|line| line.strip_prefix("cause: ")).filter(|_| is_fault(&last));
        let said = if last.is_empty() { format!("{program} {end}") } else { format!("{program} {end}: {last}") };
        why.map_or(said.clone(), |why| format!("{said}: {why}"))
    }
}

/// Whether a line of what a program complains says which fault it was. The Azure CLI announces what it did not expect by a line
/// of the same form, and says it in the next one.
fn is_fault(line: &str) -> bool {
    line.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("error:")) && !line.ends_with("Here is the traceback:")
}

/// What becomes of a program, for who looks on; secrets are taken out.
#[derive(Clone, Copy, Debug)]
pub enum Doing<'a> {
    /// It is started for a step, with these arguments.
    Starts(&'a str, &'a [String]),
    /// It printed a line.
    Prints(&'a str),
    /// It is over.
    Ends,
}

/// Is told what becomes of programs.
pub type Watcher = Arc<dyn Fn(&Doing<'_>) + Send + Sync>;

/// Runs programs for the steps of one rollback.
pub struct Tools {
    paths: BTreeMap<String, String>,
    environment: Variables,
    servers: Variables,
    store: LocalStore,
    journal: JournalFile,
    secrets: Secrets,
    keyring: Keyring,
    stop: Stop,
    /// Empty, and locked for as long as any program that was started here lives.
    held: ProgramsLock,
    watcher: Option<Watcher>,
}

/// What failback's own verbs are run as.
pub const OWN: &str = "failback";

/// The file that programs hold open.
const HELD: &str = "programs.lock";

/// How long programs of a process that was killed are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

impl Tools {
    /// Takes where programs are that are not found by their names, the variables that all of them may see, those that
    /// failback's own verbs may see besides, and where evidence goes. Where a process was killed while programs of this
    /// rollback ran, they may still be at work: they are waited for.
    ///
    /// # Errors
    /// `Refused` where they do not end.
    pub async fn new(
        paths: BTreeMap<String, String>,
        (environment, servers): (Variables, Variables),
        store: LocalStore,
        secrets: Secrets,
        stop: Stop,
    ) -> Result<Self> {
        let journal = JournalFile::new(store.clone());
        let begun = Instant::now();
        let held = loop {
            if let Some(held) = store.held_by_programs(HELD)? {
                break held;
            }
            if begun.elapsed() > PATIENCE {
                return Err(Error::new(ErrorKind::Refused, "go on with the rollback")
                    .at(store.location())
                    .because("a program that it started before is still at work")
                    .next("wait for it to end, or stop it (`fuser programs.lock` in that folder names it), then resume"));
            }
            stop.or(tokio::time::sleep(Duration::from_millis(100))).await?;
        };
        Ok(Self {
            paths,
            environment,
            servers,
            store,
            journal,
            secrets,
            keyring: Keyring::default(),
            stop,
            held,
            watcher: None,
        })
    }

    /// Has somebody look on.
    #[must_use]
    pub fn watched_by(self, watcher: Watcher) -> Self {
        Self { watcher: Some(watcher), ..self }
    }

    /// Lets steps and channels take secrets by name.
    #[must_use]
    pub fn with_keyring(self, keyring: Keyring) -> Self {
        Self { keyring, ..self }
    }

    fn tell(&self, doing: &Doing<'_>) {
        if let Some(watcher) = &self.watcher {
            watcher(doing);
        }
    }

    /// Returns the rollback's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.store.folder()
    }

    /// Returns the rollback's files.
    #[must_use]
    pub const fn store(&self) -> &LocalStore {
        &self.store
    }

    /// Returns the user's wish to stop.
    #[must_use]
    pub const fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Returns the secrets that nothing may show.
    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Returns where secrets are kept.
    #[must_use]
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Says why a program cannot be started, if it cannot.
    #[must_use]
    pub fn lacks(&self, name: &str) -> Option<String> {
        let program = self.paths.get(name).map_or(name, String::as_str);
        if program.contains('/') {
            return (!host_files::is_program(Path::new(program))).then(|| format!("{program} is no program"));
        }
        let path = self.environment.iter().find(|(variable, _)| variable == "PATH").map_or("", |(_, value)| value);
        let is_there = path.split(':').any(|folder| host_files::is_program(&Path::new(folder).join(program)));
        (!is_there).then(|| "it is neither on PATH nor under [tools] in failback.toml".to_owned())
    }

    /// Runs a program to its end, which sees these variables besides. What it prints is kept beside the journal, which gets a
    /// line with the exit code. A program whose time is over, or that the user wants stopped, is asked to end and then made to,
    /// with all that it has started.
    ///
    /// # Errors
    /// `Config` where it cannot be started, `Interrupted` where the user asked to stop, `Storage` where evidence cannot be
    /// kept.
    pub async fn run(&self, step: &str, argv: &[String], variables: &Variables, timeout: Duration) -> Result<Ran> {
        let begun = Instant::now();
        let mut child = self.start(argv, variables)?;
        self.tell(&Doing::Starts(step, &self.hidden(argv)));
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let heard = |line: &str| self.tell(&Doing::Prints(&self.secrets.hide(line)));
        let printed = async { tokio::join!(read_all(out, &heard), read_all(err, &heard)) };
        tokio::pin!(printed);
        let (code, late, asked, (out, err)) = tokio::select! {
            printed = &mut printed => (child.wait().await.ok().and_then(|status| status.code()), false, false, printed),
            stopped = self.end_of_time(timeout) => {
                end(group, &mut child).await;
                // What still holds the pipes open is not waited for.
                let printed = tokio::time::timeout(Duration::from_secs(1), &mut printed).await.unwrap_or_default();
                (None, !stopped, stopped, printed)
            }
        };
        let ran = Ran { code, out, err: self.secrets.hide(&err), late };
        self.keep(step, argv, &ran, begun.elapsed())?;
        self.tell(&Doing::Ends);
        if asked { Err(Error::new(ErrorKind::Interrupted, "stop").at(step).because("asked to stop")) } else { Ok(ran) }
    }

    /// Runs a program that prints a secret, of which nothing is kept.
    ///
    /// # Errors
    /// `Config` where it cannot be started, `Interrupted` where the user asked to stop.
    pub async fn ask(&self, argv: &[String], timeout: Duration) -> Result<Ran> {
        let mut child = self.start(argv, &Variables::new())?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let ended = async { (tokio::join!(read_all(out, &|_| {}), read_all(err, &|_| {})), child.wait().await) };
        let ended = self.stop.or(tokio::time::timeout(timeout, ended)).await;
        match ended {
            Ok(Ok(((out, err), status))) => {
                Ok(Ran { code: status.ok().and_then(|status| status.code()), out, err: self.secrets.hide(&err), late: false })
            }
            given_up => {
                // What it has started may hold the secret as well.
                let _ = group.map(|group| kill_process_group(group, Signal::KILL));
                given_up.map(|_| Ran { code: None, out: String::new(), err: String::new(), late: true })
            }
        }
    }

    /// Waits until the time is over, or the user asks to stop: whether it was the user.
    async fn end_of_time(&self, timeout: Duration) -> bool {
        self.stop.or(tokio::time::sleep(timeout)).await.is_err()
    }

    fn start(&self, argv: &[String], variables: &Variables) -> Result<Child> {
        let name = argv.first().map(String::as_str).unwrap_or_default();
        let program = self.paths.get(name).map_or(name, String::as_str);
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Config, format!("start {name}"))
                .because(error)
                .next(format!("install {name}, or write its path under [tools] in failback.toml"))
        };
        // How the servers are reached, passwords included, is for failback's own verbs alone.
        let for_servers = if name == OWN { self.servers.as_slice() } else { &[] };
        // An empty file to read from; whoever has it open is known to be alive.
        let empty = self.held.stdin().map_err(failed)?;
        Command::new(OsStr::new(program))
            .args(&argv[1.min(argv.len())..])
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .envs(for_servers.iter().chain(variables).map(|(name, value)| (name, value)))
            .stdin(empty)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)
    }

    fn hidden(&self, argv: &[String]) -> Vec<String> {
        argv.iter().map(|word| self.secrets.hide(word)).collect()
    }

    fn keep(&self, step: &str, argv: &[String], ran: &Ran, took: Duration) -> Result<()> {
        let place = format!("evidence/{}-{}", self.journal.next_number()?, step.replace('/', "-"));
        let files = [("out", &ran.out), ("err", &ran.err)].into_iter().filter(|(_, text)| !text.is_empty());
        let write = |(ending, text): (&str, &String)| {
            let file = format!("{place}.{ending}");
            self.store.write(&file, self.secrets.hide(text).as_bytes()).map(|digest| (file, digest.blake3))
        };
        let evidence = files.map(write).collect::<Result<BTreeMap<_, _>>>()?;
        self.journal.append(&Record::Command {
            step: step.to_owned(),
            argv: self.hidden(argv),
            exit: ran.code,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            evidence,
        })
    }
}

/// Reads what a program prints to its end, and hands each line on that is not too long to be looked at.
async fn read_all(pipe: Option<impl AsyncRead + Unpin>, heard: &(dyn Fn(&str) + Send + Sync)) -> String {
    let Some(mut pipe) = pipe else { return String::new() };
    let (mut kept, mut buffer, mut line) = (Vec::new(), vec![0; 64 * 1024], Vec::new());
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        let room = PRINTED_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..read.min(room)]);
        for byte in &buffer[..read] {
            match byte {
                b'\n' => {
                    if line.len() < LINE_MAX {
                        heard(&String::from_utf8_lossy(&line));
                    }
                    line.clear();
                }
                // A line that is cut could show half of a secret.
                byte if line.len() < LINE_MAX => line.push(*byte),
                _ => {}
            }
        }
    }
    let mut text = String::from_utf8_lossy(&kept).into_owned();
    if kept.len() == PRINTED_MAX {
        text.push_str("\n[cut here]\n");
    }
    text
}

/// Asks a program and all that it has started to end, and makes them end when they do not.
async fn end(group: Option<Pid>, child: &mut Child) {
    let Some(group) = group else { return };
    // A group that is gone is what was wanted.
    let _ = kill_process_group(group, Signal::INT);
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_is_the_line_of_its_fault() {
        let said = |err: &str| Ran { code: Some(1), out: String::new(), err: err.to_owned(), late: false }.said("az");
        let expected = "ERROR: (NotFound) It is not there.\nCode: NotFound\nMessage: It is not there.\n";
        assert_eq!(said(expected), "az ended with exit code 1: ERROR: (NotFound) It is not there.");
        let unexpected = "ERROR: The command failed with an unexpected error. Here is the traceback:\nERROR: HTTP Error: 401\n\
                          Traceback (most recent call last):\n  File \"cli.py\", line 233, in invoke\n";
        assert_eq!(said(unexpected), "az ended with exit code 1: ERROR: HTTP Error: 401");
        assert_eq!(said("note: hm\nno such host\n"), "az ended with exit code 1: no such host");
    }
}
