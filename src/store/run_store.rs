//! A run's folder: made, found, opened, written and read.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::file_digest::{is_absent, open_regular};
use super::run_path::{FOLDER_MODE, run_path, sync_parent};
use super::{AtomicFile, FileDigest, LOCK_FILE, RunLock, fault, journal, lock, sweep};
use crate::error::{Error, ErrorKind, Result};

/// The folder of one run. Cheap to clone; any number of threads may write different files at once.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// Makes a new run at `path`, with the folders above it.
    ///
    /// # Errors
    /// Refused if something is there already, unless it is an empty folder.
    pub fn create(path: &Path) -> Result<Self> {
        let failed = |error| fault("create the run", path, error);
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path).map_err(failed)?;
        if fs::read_dir(path).map_err(failed)?.next().is_some() {
            return Err(Error::new(ErrorKind::Refused, "create the run")
                .at(path.display())
                .because("the folder is not empty")
                .next("name a folder that does not exist yet"));
        }
        fs::set_permissions(path, Permissions::from_mode(FOLDER_MODE)).map_err(failed)?;
        lock::open(&path.join(LOCK_FILE))?;
        sync_parent(&path.join(LOCK_FILE))?;
        sync_parent(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Opens the run at `path`.
    ///
    /// # Errors
    /// Usage if there is no folder.
    pub fn open(path: &Path) -> Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Ok(Self { path: path.to_owned() }),
            Ok(_) => Err(no_run(path, "it is not a folder")),
            Err(error) if is_absent(&error) => Err(no_run(path, "there is no such folder")),
            Err(error) => Err(fault("open the run", path, error)),
        }
    }

    /// Returns the newest run in a folder of runs: the last by name, as run ids begin with the time. Folders that
    /// [`create`](Self::create) did not make are passed over. `None` if there is no run, or not even the folder.
    pub fn newest(runs: &Path) -> Result<Option<PathBuf>> {
        Self::newest_holding(runs, LOCK_FILE)
    }

    /// Returns the newest run as [`newest`](Self::newest) does, among those that hold a certain file: a run that failed at its
    /// first step must not hide the one before it.
    pub fn newest_holding(runs: &Path, file: &str) -> Result<Option<PathBuf>> {
        let failed = |error| fault("look for the newest run", runs, error);
        let entries = match fs::read_dir(runs) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut newest: Option<PathBuf> = None;
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let is_run =
                entry.file_type().map_err(failed)?.is_dir() && path.join(LOCK_FILE).is_file() && path.join(file).is_file();
            if is_run && newest.as_ref().is_none_or(|best| path > *best) {
                newest = Some(path);
            }
        }
        Ok(newest)
    }

    /// Returns the run's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a file. It exists once it is committed, with the folders above it.
    pub fn create_file(&self, relative: &str) -> Result<AtomicFile> {
        AtomicFile::create(&self.path, relative, run_path(&self.path, relative)?)
    }

    /// Writes a whole file, replacing one of that name: readers see the old content or the new, never a mixture.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> Result<FileDigest> {
        let mut file = self.create_file(relative)?;
        file.write_all(bytes).map_err(|error| fault("write a file of the run", file.path(), error))?;
        file.commit()
    }

    /// Reads a whole file that has no digest, such as the manifest.
    ///
    /// # Errors
    /// Damaged if it is missing; ask [`exists`](Self::exists) where that is no fault.
    pub fn read(&self, relative: &str) -> Result<Vec<u8>> {
        let path = run_path(&self.path, relative)?;
        let mut bytes = Vec::new();
        open_regular(&path)?.read_to_end(&mut bytes).map_err(|error| fault("read a file of the run", &path, error))?;
        Ok(bytes)
    }

    /// Opens a file if it is, to the byte, what was committed. Reads all of it once to know.
    ///
    /// # Errors
    /// Damaged if it is missing, shorter, longer or altered.
    pub fn open_checked(&self, file: &FileDigest) -> Result<File> {
        file.open_checked(&run_path(&self.path, &file.path)?)
    }

    /// Appends one line to a file, making it if need be, and syncs. If a crash tore the last line, that half stays on a line of
    /// its own: who reads must pass over it.
    pub fn append_line(&self, relative: &str, line: &str) -> Result<()> {
        journal::append_line(&self.path, &run_path(&self.path, relative)?, line)
    }

    /// Returns whether a file or folder of that name is there.
    pub fn exists(&self, relative: &str) -> Result<bool> {
        let path = run_path(&self.path, relative)?;
        match fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(fault("look for a file of the run", &path, error)),
        }
    }

    /// Removes a file of the run. None there is fine.
    pub fn remove_file(&self, relative: &str) -> Result<()> {
        let path = run_path(&self.path, relative)?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(fault("remove a file of the run", &path, error)),
        }
    }

    /// Removes a folder of the run with everything in it. None there is fine.
    pub fn remove_dir(&self, relative: &str) -> Result<()> {
        let path = run_path(&self.path, relative)?;
        match fs::remove_dir_all(&path) {
            Ok(()) => sync_parent(&path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(fault("remove a folder of the run", &path, error)),
        }
    }

    /// Takes the right to write into this run, until the lock is dropped.
    ///
    /// # Errors
    /// Refused if another process, or another handle of this one, holds it.
    pub fn lock(&self) -> Result<RunLock> {
        RunLock::take(&self.path)
    }

    /// Returns the temporary files that a crash left behind, and those that are being written right now.
    pub fn leftovers(&self) -> Result<Vec<PathBuf>> {
        sweep::leftovers(&self.path)
    }

    /// Removes the [`leftovers`](Self::leftovers) and returns how many. Asks for the lock, so that no other process's files can
    /// be among them; call it before this process begins files of its own.
    pub fn sweep(&self, _held: &RunLock) -> Result<usize> {
        let found = self.leftovers()?;
        for path in &found {
            fs::remove_file(path).map_err(|error| fault("remove a leftover", path, error))?;
        }
        Ok(found.len())
    }
}

fn no_run(path: &Path, cause: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("no run at {}", path.display()))
        .because(cause.to_owned())
        .next("name the run's folder with `--run`, or make a run with `failback export`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_run_is_its_owners_alone() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::create(&root.path().join("runs/r1")).unwrap();
        store.write("shop/stage/t0001/a", b"row").unwrap();
        store.append_line("journal.jsonl", "{}").unwrap();
        for folder in ["", "shop", "shop/stage/t0001"] {
            assert_eq!(mode(&store.path().join(folder)), 0o700, "{folder}");
        }
        for file in ["shop/stage/t0001/a", "journal.jsonl", LOCK_FILE] {
            assert_eq!(mode(&store.path().join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn what_is_there_is_not_taken_over() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("empty")).unwrap();
        let store = Store::create(&root.path().join("empty")).unwrap();
        assert_eq!(mode(store.path()), 0o700);
        assert_eq!(Store::create(store.path()).unwrap_err().kind(), ErrorKind::Refused);
        fs::write(root.path().join("file"), "").unwrap();
        assert_eq!(Store::create(&root.path().join("file")).unwrap_err().kind(), ErrorKind::Storage);
    }

    #[test]
    fn no_run_is_a_matter_of_usage() {
        let root = tempfile::tempdir().unwrap();
        let error = Store::open(&root.path().join("none")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.what().starts_with("no run at /"), "{error:?}");
        fs::write(root.path().join("file"), "").unwrap();
        assert_eq!(Store::open(&root.path().join("file")).unwrap_err().kind(), ErrorKind::Usage);
    }

    #[test]
    fn the_newest_run_is_the_last_by_name() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path().join("runs");
        assert_eq!(Store::newest(&runs).unwrap(), None);
        for id in ["20261122T080300Z-b", "20261123T010000Z-a", "20261121T235959Z-c"] {
            Store::create(&runs.join(id)).unwrap();
        }
        fs::create_dir(runs.join("notes")).unwrap();
        fs::write(runs.join("zz"), "").unwrap();
        assert_eq!(Store::newest(&runs).unwrap(), Some(runs.join("20261123T010000Z-a")));
        assert_eq!(Store::newest_holding(&runs, "manifest.json").unwrap(), None);
        fs::write(runs.join("20261122T080300Z-b/manifest.json"), "{}").unwrap();
        assert_eq!(Store::newest_holding(&runs, "manifest.json").unwrap(), Some(runs.join("20261122T080300Z-b")));
    }

    #[test]
    fn write_replaces_and_read_finds() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::create(&root.path().join("r1")).unwrap();
        assert!(!store.exists("manifest.json").unwrap());
        assert_eq!(store.read("manifest.json").unwrap_err().kind(), ErrorKind::Damaged);
        store.write("manifest.json", b"one, and longer").unwrap();
        let file = store.write("manifest.json", b"two").unwrap();
        assert_eq!(store.read("manifest.json").unwrap(), b"two");
        assert_eq!((file.path.as_str(), file.bytes), ("manifest.json", 3));
        assert!(store.exists("manifest.json").unwrap());
    }

    #[test]
    fn no_call_leaves_the_run() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::create(&root.path().join("r1")).unwrap();
        fs::write(root.path().join("secret"), "x").unwrap();
        let file = FileDigest { path: "../secret".into(), bytes: 1, blake3: blake3::hash(b"x").to_hex().to_string() };
        assert_eq!(store.open_checked(&file).unwrap_err().kind(), ErrorKind::Damaged);
        assert!(store.read("../secret").is_err());
        assert!(store.write("../other", b"").is_err());
        assert!(store.create_file("/tmp/other").is_err());
        assert!(store.append_line("../secret", "y").is_err());
        assert!(store.exists("../secret").is_err());
        assert!(store.remove_dir("..").is_err());
        assert_eq!(fs::read(root.path().join("secret")).unwrap(), b"x");
    }

    #[test]
    fn folders_go_and_leftovers_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::create(&root.path().join("r1")).unwrap();
        store.write("shop/stage/t0001/a", b"row").unwrap();
        let mut pending = store.create_file("shop/stage/t0001/b").unwrap();
        pending.write_all(b"half").unwrap();
        // As after a kill: the destructor does not run.
        std::mem::forget(pending);
        assert_eq!(store.leftovers().unwrap().len(), 1);
        let lock = store.lock().unwrap();
        assert_eq!(store.sweep(&lock).unwrap(), 1);
        assert_eq!(store.sweep(&lock).unwrap(), 0);
        assert!(store.exists("shop/stage/t0001/a").unwrap());
        store.remove_dir("shop/stage").unwrap();
        store.remove_dir("shop/stage").unwrap();
        assert!(!store.exists("shop/stage").unwrap() && store.exists("shop").unwrap());
    }
}
