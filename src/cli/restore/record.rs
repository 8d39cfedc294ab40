//! Where it is written down what restores have made.

use std::path::{Path, PathBuf};

use super::super::run;
use super::super::settings::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::staging::{RESTORED, RunId};
use crate::store::{LocalStore, Store as _};

fn folder(settings: &Settings) -> PathBuf {
    Path::new(settings.config.runs()).join("restore")
}

/// Makes the folder that was named, or opens it; else makes one by a new id. Returns where it is.
pub(super) fn make(settings: &Settings, named: Option<&Path>) -> Result<(LocalStore, PathBuf)> {
    let path = named.map_or_else(|| folder(settings).join(RunId::fresh().as_str()), Path::to_path_buf);
    Ok((run::folder(&path)?, path))
}

/// Opens the folder that was named, or the newest that a restore was written down in.
///
/// # Errors
/// `Usage` where there is none.
pub(super) fn open(settings: &Settings, named: Option<&Path>) -> Result<(LocalStore, PathBuf)> {
    if let Some(path) = named {
        return Ok((LocalStore::open(path)?, path.to_owned()));
    }
    let mut stores = LocalStore::list(&folder(settings))?;
    stores.retain(|store| store.exists(RESTORED).unwrap_or(false));
    // Ids begin with the time.
    let newest = stores.pop().ok_or_else(|| {
        Error::new(ErrorKind::Usage, "find what was restored")
            .at(folder(settings).display())
            .because("nothing was restored yet")
            .next("name the folder with --record, or restore a backup with `failback restore run`")
    })?;
    let path = newest.folder().to_owned();
    Ok((newest, path))
}
