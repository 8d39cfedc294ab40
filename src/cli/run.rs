//! Which run a verb works on: the one that was named, the newest, or a new one.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use jiff::Timestamp;

use super::settings::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::staging::layout;
use crate::store::{LOCK_FILE, LocalStore, RunLock, Store as _};

/// Opens the run that was named, else the newest that holds an export.
///
/// # Errors
/// `Usage` where there is none.
pub(super) fn open(settings: &Settings) -> Result<LocalStore> {
    if let Some(path) = settings.named_run() {
        return LocalStore::open(path);
    }
    let runs = Path::new(settings.config.runs());
    // A run whose export failed does not hide the one before it, unless it is the only one.
    let found = match LocalStore::newest_holding(runs, layout::MANIFEST)? {
        Some(path) => Some(path),
        None => LocalStore::newest(runs)?,
    };
    let path = found.ok_or_else(|| {
        Error::new(ErrorKind::Usage, "find the newest run")
            .at(runs.display())
            .because("there is no run yet")
            .next("name a run's folder with --run, or make a run with `failback export`")
    })?;
    LocalStore::open(&path)
}

/// Opens a run for writing.
///
/// # Errors
/// As [`open`]; `Refused` where another process is at work on it.
pub(super) fn open_for_writing(settings: &Settings) -> Result<(LocalStore, RunLock)> {
    let store = open(settings)?;
    let lock = store.lock()?;
    Ok((store, lock))
}

/// Makes the run that was named, else one with a name of its own. A run that was named and exists is opened: whether it may be
/// exported into is the engine's to say.
pub(super) fn make(settings: &Settings) -> Result<(LocalStore, RunLock)> {
    let path = settings.named_run().map_or_else(|| Path::new(settings.config.runs()).join(fresh_id()), Path::to_path_buf);
    let store = if is_run(&path) { LocalStore::open(&path)? } else { LocalStore::create(&path)? };
    let lock = store.lock()?;
    // What an export that was killed left behind.
    store.sweep(&lock)?;
    Ok((store, lock))
}

/// Opens the folder that we are in, for a verb that keeps no run.
pub(super) fn none() -> Result<LocalStore> {
    LocalStore::open(Path::new("."))
}

fn is_run(path: &Path) -> bool {
    LocalStore::open(path).and_then(|store| store.exists(LOCK_FILE)).unwrap_or(false)
}

/// Returns a run's name: names sort by time, and two of one second differ.
fn fresh_id() -> String {
    let now = Timestamp::now();
    // Seeded by the operating system.
    let chance = RandomState::new().hash_one(now) & 0xffff;
    format!("{}-{chance:04x}", now.strftime("%Y%m%dT%H%M%SZ"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_as_documented() {
        let id = fresh_id();
        let (time, chance) = id.split_once('-').unwrap();
        assert_eq!((time.len(), chance.len(), &time[8..9], &time[15..]), (16, 4, "T", "Z"));
        assert!(time.starts_with("20") && chance.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
    }
}
