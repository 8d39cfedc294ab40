//! Which run a verb works on: the one that was named, the newest, or a new one.

use std::path::Path;

use super::settings::Settings;
use crate::config::Mask;
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{Demands, RunId, RunRecord, layout};
use crate::store::{LOCK_FILE, LocalStore, RunLock, Store};

/// Opens the run that was named, else the newest that holds an export.
///
/// # Errors
/// `Usage` where there is none.
pub(super) fn open(settings: &Settings) -> Result<LocalStore> {
    if let Some(path) = settings.named_run() {
        return LocalStore::open(path);
    }
    let runs = Path::new(settings.config.runs());
    let (exported, others): (Vec<_>, Vec<_>) =
        LocalStore::list(runs)?.into_iter().partition(|run| run.exists(layout::MANIFEST).unwrap_or(false));
    // A run whose export failed does not hide the one before it, unless it is the only one.
    let newest = match RunRecord::newest(exported)? {
        Some(run) => Some(run),
        None => RunRecord::newest(others)?,
    };
    newest.ok_or_else(|| {
        Error::new(ErrorKind::Usage, "find the newest run")
            .at(runs.display())
            .because("there is no run yet")
            .next("name a run's folder with --run, or make a run with `failback export`")
    })
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

/// Makes the run that was named, else one whose folder is called by the run's id. A run that was named and exists is opened:
/// whether it may be exported into is the engine's to say.
pub(super) fn make(settings: &Settings) -> Result<(LocalStore, RunLock)> {
    let id = RunId::fresh();
    let path = settings.named_run().map_or_else(|| Path::new(settings.config.runs()).join(id.as_str()), Path::to_path_buf);
    let store = folder(&path)?;
    let lock = store.lock()?;
    // What an export that was killed left behind.
    store.sweep(&lock)?;
    RunRecord::make(&store, id)?;
    Ok((store, lock))
}

/// Opens a folder of ours, or makes it: one that was begun and left is used again.
pub(super) fn folder(path: &Path) -> Result<LocalStore> {
    if is_run(path) { LocalStore::open(path) } else { LocalStore::create(path) }
}

/// Opens the folder that we are in, for a verb that keeps no run.
pub(super) fn none() -> Result<LocalStore> {
    LocalStore::open(Path::new("."))
}

/// Returns which columns are hidden of a run: those of the configuration, and those that it had when the run was made, with
/// what is to be said of these.
///
/// # Errors
/// `Damaged` where what was asked then cannot be read.
pub(super) fn mask(settings: &Settings, store: &dyn Store) -> Result<(Mask, Vec<String>)> {
    let now = settings.config.mask();
    let (mut mask, mut notes) = (now.clone(), Vec::new());
    for demand in Demands::read(store)? {
        if demand.mask.rules() > 0 && demand.mask != *now {
            let origin = demand.origin();
            notes.push(format!("columns are masked as {origin} has it"));
            mask = mask.and(demand.mask.of(&origin));
        }
    }
    Ok((mask, notes))
}

fn is_run(path: &Path) -> bool {
    LocalStore::open(path).and_then(|store| store.exists(LOCK_FILE)).unwrap_or(false)
}
