//! Folders in which commands leave their files.

use std::fs;
use std::path::Path;

use super::Outcome;

/// Makes a folder anew, empty.
pub(crate) fn renew(path: &Path) -> Outcome<()> {
    if path.exists() {
        fs::remove_dir_all(path)?;
    }
    Ok(fs::create_dir_all(path)?)
}

/// Calls for every file below a folder.
pub(crate) fn walk(folder: &Path, visit: &mut impl FnMut(&Path) -> Outcome<()>) -> Outcome<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { walk(&path, visit)? } else { visit(&path)? }
    }
    Ok(())
}

/// Returns the size of all files below a folder.
pub(crate) fn bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    walk(folder, &mut |path| {
        bytes += fs::metadata(path)?.len();
        Ok(())
    })?;
    Ok(bytes)
}
