//! Paths stay inside the run, whatever a manifest says: it may have been edited by hand, or come from elsewhere.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::fault;
use crate::error::{Error, ErrorKind, Result};

/// Only the owner: a run holds production rows.
pub(super) const FOLDER_MODE: u32 = 0o700;
/// As [`FOLDER_MODE`], for files.
pub(super) const FILE_MODE: u32 = 0o600;

/// Joins the run's folder and a path relative to it. Refuses absolute paths, empty parts, `.`, `..`, and links on the way,
/// even to a place inside: nothing of ours makes links, so a link was made by another program.
pub(super) fn run_path(root: &Path, relative: &str) -> Result<PathBuf> {
    let mut path = root.to_owned();
    for part in relative.split('/') {
        if matches!(part, "" | "." | "..") || part.contains('\0') {
            return Err(escape(root, relative, "the path does not stay inside the run"));
        }
        path.push(part);
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
            return Err(escape(root, relative, "the path goes through a symbolic link"));
        }
    }
    Ok(path)
}

fn escape(root: &Path, relative: &str, cause: &str) -> Error {
    Error::new(ErrorKind::Damaged, "find a file of the run")
        .at(format!("{relative:?}"))
        .at(root.display())
        .because(cause)
        .next("take the run's files from an unedited copy: failback itself never writes such a path")
}

/// Makes the folders above `path` that are missing below `root`, and makes them last.
pub(super) fn make_folders(root: &Path, path: &Path) -> Result<()> {
    let mut missing = Vec::new();
    let mut folder = path.parent();
    while let Some(here) = folder.filter(|here| *here != root && !here.is_dir()) {
        missing.push(here);
        folder = here.parent();
    }
    for folder in missing.into_iter().rev() {
        match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
            Ok(()) => {}
            // Another worker made it between our look and our call.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            Err(error) => return Err(fault("make a folder of the run", folder, error)),
        }
        sync_parent(folder)?;
    }
    Ok(())
}

/// Makes what happened to the name `path` last: without this, a power cut may undo a rename.
pub(super) fn sync_parent(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| fault("sync a folder of the run", folder, error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn paths_that_leave_are_refused() {
        let root = tempfile::tempdir().unwrap();
        for hostile in ["", "/etc/passwd", "..", "a/../../b", "./a", "a//b", "a/", "a\0b"] {
            let error = run_path(root.path(), hostile).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "{hostile:?}");
        }
        assert_eq!(run_path(root.path(), "shop/stage/t0001/..a").unwrap(), root.path().join("shop/stage/t0001/..a"));
    }

    #[test]
    fn links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        symlink("/etc", root.path().join("shop")).unwrap();
        symlink("/etc/passwd", root.path().join("journal.jsonl")).unwrap();
        assert!(run_path(root.path(), "shop/passwd").is_err());
        assert!(run_path(root.path(), "journal.jsonl").is_err());
    }

    #[test]
    fn folders_are_made_private_and_twice_is_fine() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("shop/stage/t0001/new.parquet");
        make_folders(root.path(), &path).unwrap();
        make_folders(root.path(), &path).unwrap();
        let mode = fs::metadata(root.path().join("shop/stage")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
