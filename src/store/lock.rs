//! One writer per run: a lock on a file in its folder, held by the operating system and so released by a crash.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::UNIX_EPOCH;

use jiff::Timestamp;

use super::fault;
use super::run_path::{FILE_MODE, run_path};
use crate::error::{Error, ErrorKind, Result};

/// The lock's file. It stays when the lock is released, and so marks a folder as a run.
pub const LOCK_FILE: &str = "lock";

/// The right to write into a run, until dropped or the process ends.
pub struct RunLock {
    /// Whatever releases the right when it is dropped.
    _held: Box<dyn Send + Sync>,
}

impl RunLock {
    /// Takes whatever releases the right when it is dropped.
    #[must_use]
    pub fn held_by(guard: impl Send + Sync + 'static) -> Self {
        Self { _held: Box::new(guard) }
    }
}

impl fmt::Debug for RunLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunLock")
    }
}

/// Takes the lock of the run at `root`, without waiting.
pub(super) fn take(root: &Path) -> Result<RunLock> {
    let path = run_path(root, LOCK_FILE)?;
    let mut file = open(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(held(&path, &mut file)),
        Err(TryLockError::Error(error)) => return Err(fault("lock the run", &path, error)),
    }
    sign(&mut file).map_err(|error| fault("lock the run", &path, error))?;
    Ok(RunLock::held_by(file))
}

/// An empty file that is locked for as long as any process has it open that inherited it.
#[derive(Debug)]
pub struct ProgramsLock(File);

impl ProgramsLock {
    /// Returns it as something for a program to read from, which holds it for as long as the program lives.
    ///
    /// # Errors
    /// Where this process has no descriptor left.
    pub fn stdin(&self) -> std::io::Result<Stdio> {
        self.0.try_clone().map(Stdio::from)
    }
}

/// Locks a file whose holders are programs that inherit it.
pub(super) fn held_by_programs(path: &Path) -> Result<Option<ProgramsLock>> {
    let file = open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(ProgramsLock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(fault("lock a file", path, error)),
    }
}

/// Opens the lock's file, making it if need be. What it says is left alone: it names the holder.
pub(super) fn open(path: &Path) -> Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path)
        .map_err(|error| fault("open the run's lock", path, error))
}

/// Writes who holds the lock, for the message that a second holder gets.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{}\n", std::process::id()).as_bytes())
}

fn held(path: &Path, file: &mut File) -> Error {
    let mut text = String::new();
    // The holder may be about to write its number; then we do not know it, which is no second failure.
    let _ = (&*file).take(32).read_to_string(&mut text);
    let since = since(file).map_or_else(String::new, |since| format!(", since {since}"));
    let holder = match text.trim().parse::<u32>() {
        Ok(pid) => format!("process {pid} is at work on this run{since}"),
        Err(_) => format!("another process is at work on this run{since}"),
    };
    Error::new(ErrorKind::Refused, "lock the run")
        .at(path.display())
        .because(holder)
        .next("wait for it to end, or stop it, then run the same command again")
}

/// When the holder signed: nobody writes into the file later.
fn since(file: &File) -> Option<Timestamp> {
    let signed = file.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Timestamp::from_second(i64::try_from(signed.as_secs()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{LocalStore, Store as _};

    #[test]
    fn a_second_holder_is_refused_until_the_first_lets_go() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        let first = store.lock().unwrap();
        let long_ago = UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        File::options().write(true).open(store.folder().join(LOCK_FILE)).unwrap().set_modified(long_ago).unwrap();
        let error = LocalStore::open(store.folder()).unwrap().lock().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        let process = std::process::id();
        assert_eq!(error.causes(), [format!("process {process} is at work on this run, since 2023-11-14T22:13:20Z")]);
        drop(first);
        store.lock().unwrap();
    }

    #[test]
    fn a_longer_number_from_before_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        std::fs::write(store.folder().join(LOCK_FILE), "4294967295\n").unwrap();
        let _held = store.lock().unwrap();
        let text = std::fs::read_to_string(store.folder().join(LOCK_FILE)).unwrap();
        assert_eq!(text, format!("{}\n", std::process::id()));
    }
}
