//! A run in a folder of this machine's disk.

use std::fs::{self, DirBuilder, DirEntry, FileType, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::checked_file::{is_absent, open_checked, open_regular};
use super::run_path::{FOLDER_MODE, run_path, sync_parent};
use super::{
    AtomicFile, FileDigest, FileReader, FileWriter, LOCK_FILE, ProgramsLock, RunLock, Store, fault, journal, lock, sweep,
};
use crate::error::{Error, ErrorKind, Result};

/// The folder of one run. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LocalStore {
    folder: PathBuf,
}

impl LocalStore {
    /// Makes a new run in `folder`, with the folders above it.
    ///
    /// # Errors
    /// Refused if something is there already, unless it is an empty folder.
    pub fn create(folder: &Path) -> Result<Self> {
        let failed = |error| fault("create the run", folder, error);
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(failed)?;
        if fs::read_dir(folder).map_err(failed)?.next().is_some() {
            return Err(Error::new(ErrorKind::Refused, "create the run")
                .at(folder.display())
                .because("the folder is not empty")
                .next("name a folder that does not exist yet"));
        }
        fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE)).map_err(failed)?;
        lock::open(&folder.join(LOCK_FILE))?;
        sync_parent(&folder.join(LOCK_FILE))?;
        sync_parent(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Opens the run in `folder`.
    ///
    /// # Errors
    /// Usage if there is no folder.
    pub fn open(folder: &Path) -> Result<Self> {
        match fs::metadata(folder) {
            Ok(found) if found.is_dir() => Ok(Self { folder: folder.to_owned() }),
            Ok(_) => Err(no_run(folder, "it is not a folder")),
            Err(error) if is_absent(&error) => Err(no_run(folder, "there is no such folder")),
            Err(error) => Err(fault("open the run", folder, error)),
        }
    }

    /// Returns the runs in a folder of runs, by name; none where there is not even the folder. Folders that
    /// [`create`](Self::create) did not make are passed over.
    ///
    /// # Errors
    /// Storage if the folder cannot be read.
    pub fn list(runs: &Path) -> Result<Vec<Self>> {
        let failed = |error| fault("look for runs", runs, error);
        let entries = match fs::read_dir(runs) {
            Ok(entries) => entries,
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let folder = entry.path();
            if entry.file_type().map_err(failed)?.is_dir() && folder.join(LOCK_FILE).is_file() {
                found.push(Self { folder });
            }
        }
        found.sort_by(|left, right| left.folder.cmp(&right.folder));
        Ok(found)
    }

    /// Returns the run's folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns how many bytes the files in the run's folders have, one of this name apart: all but those that lie in its own.
    ///
    /// # Errors
    /// Storage if a folder cannot be read.
    pub fn bytes_in_folders(&self, but: &str) -> Result<u64> {
        self.folders(but)?.iter().map(|folder| bytes_below(folder)).sum()
    }

    /// Removes the run's folders with all that is in them, one of this name apart, and leaves the files that lie in its own.
    ///
    /// # Errors
    /// Storage if one cannot be removed.
    pub fn remove_folders(&self, but: &str) -> Result<()> {
        for folder in self.folders(but)? {
            fs::remove_dir_all(&folder).map_err(|error| fault("remove a folder of the run", &folder, error))?;
        }
        sync_parent(&self.folder.join(LOCK_FILE))
    }

    fn folders(&self, but: &str) -> Result<Vec<PathBuf>> {
        let is_meant = |(path, kind): &(PathBuf, FileType)| kind.is_dir() && path.file_name().is_none_or(|name| name != but);
        Ok(entries(&self.folder)?.into_iter().filter(is_meant).map(|(path, _)| path).collect())
    }

    /// Returns the temporary files that a crash left behind, and those that are being written right now.
    pub fn leftovers(&self) -> Result<Vec<PathBuf>> {
        sweep::leftovers(&self.folder)
    }

    /// Appends one line that is made of all that stands before it, as [`append_line`](Store::append_line) does: of several
    /// callers at the same time, on this machine, each sees the line of the one before.
    ///
    /// # Errors
    /// Storage if it cannot be written; whatever `line` returns.
    pub fn append_after(&self, relative: &str, line: &mut dyn FnMut(&[u8]) -> Result<String>) -> Result<()> {
        journal::append_after(&self.folder, &run_path(&self.folder, relative)?, line)
    }

    /// Opens an empty file and locks it, for programs to hold open: the lock ends when the last of them has ended, whatever
    /// became of this process. `None` where programs of before still hold it.
    ///
    /// # Errors
    /// Storage if it cannot be opened.
    pub fn held_by_programs(&self, relative: &str) -> Result<Option<ProgramsLock>> {
        lock::held_by_programs(&run_path(&self.folder, relative)?)
    }

    fn begin(&self, relative: &str) -> Result<AtomicFile> {
        AtomicFile::create(&self.folder, relative, run_path(&self.folder, relative)?)
    }
}

impl Store for LocalStore {
    fn location(&self) -> String {
        self.folder.display().to_string()
    }

    fn create_file(&self, relative: &str) -> Result<Box<dyn FileWriter>> {
        Ok(Box::new(self.begin(relative)?))
    }

    fn put_if_absent(&self, relative: &str, bytes: &[u8]) -> Result<bool> {
        self.begin(relative)?.put_if_absent(bytes)
    }

    fn read(&self, relative: &str) -> Result<Vec<u8>> {
        let path = run_path(&self.folder, relative)?;
        let mut bytes = Vec::new();
        open_regular(&path)?.read_to_end(&mut bytes).map_err(|error| fault("read a file of the run", &path, error))?;
        Ok(bytes)
    }

    fn open_checked(&self, file: &FileDigest) -> Result<Box<dyn FileReader>> {
        Ok(Box::new(open_checked(file, &run_path(&self.folder, &file.path)?)?))
    }

    fn append_line(&self, relative: &str, line: &str) -> Result<()> {
        journal::append_line(&self.folder, &run_path(&self.folder, relative)?, line)
    }

    fn exists(&self, relative: &str) -> Result<bool> {
        let path = run_path(&self.folder, relative)?;
        match fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(fault("look for a file of the run", &path, error)),
        }
    }

    fn remove_file(&self, relative: &str) -> Result<()> {
        let path = run_path(&self.folder, relative)?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(fault("remove a file of the run", &path, error)),
        }
    }

    fn remove_folder(&self, relative: &str) -> Result<()> {
        let path = run_path(&self.folder, relative)?;
        match fs::remove_dir_all(&path) {
            Ok(()) => sync_parent(&path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(fault("remove a folder of the run", &path, error)),
        }
    }

    fn lock(&self) -> Result<RunLock> {
        lock::take(&self.folder)
    }

    fn sweep(&self, _held: &RunLock) -> Result<usize> {
        let found = self.leftovers()?;
        for path in &found {
            fs::remove_file(path).map_err(|error| fault("remove a leftover", path, error))?;
        }
        Ok(found.len())
    }
}

/// Lists what lies in a folder, without following links.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, FileType)>> {
    let failed = |error| fault("read a folder of the run", folder, error);
    let entry = |entry: io::Result<DirEntry>| entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)));
    fs::read_dir(folder).map_err(failed)?.map(|found| entry(found).map_err(failed)).collect()
}

fn bytes_below(folder: &Path) -> Result<u64> {
    let size = |path: &Path| fs::symlink_metadata(path).map_err(|error| fault("read a file of the run", path, error));
    let of =
        |(path, kind): (PathBuf, FileType)| if kind.is_dir() { bytes_below(&path) } else { size(&path).map(|file| file.len()) };
    entries(folder)?.into_iter().map(of).sum()
}

fn no_run(folder: &Path, cause: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("no run at {}", folder.display()))
        .because(cause.to_owned())
        .next("name the run's folder with `--run`, or make a run with `failback export`")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_run_is_its_owners_alone() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("runs/r1")).unwrap();
        store.write("shop/stage/t0001/a", b"row").unwrap();
        store.append_line("journal.jsonl", "{}").unwrap();
        for folder in ["", "shop", "shop/stage/t0001"] {
            assert_eq!(mode(&store.folder().join(folder)), 0o700, "{folder}");
        }
        for file in ["shop/stage/t0001/a", "journal.jsonl", LOCK_FILE] {
            assert_eq!(mode(&store.folder().join(file)), 0o600, "{file}");
        }
    }

    #[test]
    fn what_is_there_is_not_taken_over() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("empty")).unwrap();
        let store = LocalStore::create(&root.path().join("empty")).unwrap();
        assert_eq!(mode(store.folder()), 0o700);
        assert_eq!(LocalStore::create(store.folder()).unwrap_err().kind(), ErrorKind::Refused);
        fs::write(root.path().join("file"), "").unwrap();
        assert_eq!(LocalStore::create(&root.path().join("file")).unwrap_err().kind(), ErrorKind::Storage);
    }

    #[test]
    fn no_run_is_a_matter_of_usage() {
        let root = tempfile::tempdir().unwrap();
        let error = LocalStore::open(&root.path().join("none")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.what().starts_with("no run at /"), "{error:?}");
        fs::write(root.path().join("file"), "").unwrap();
        assert_eq!(LocalStore::open(&root.path().join("file")).unwrap_err().kind(), ErrorKind::Usage);
    }

    #[test]
    fn runs_are_listed_and_other_folders_are_not() {
        let root = tempfile::tempdir().unwrap();
        let runs = root.path().join("runs");
        assert!(LocalStore::list(&runs).unwrap().is_empty());
        for name in ["b", "a"] {
            LocalStore::create(&runs.join(name)).unwrap();
        }
        fs::create_dir(runs.join("notes")).unwrap();
        fs::write(runs.join("zz"), "").unwrap();
        let found: Vec<_> = LocalStore::list(&runs).unwrap().iter().map(|run| run.folder().to_owned()).collect();
        assert_eq!(found, [runs.join("a"), runs.join("b")]);
    }

    #[test]
    fn write_replaces_and_read_finds() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        assert!(!store.exists("manifest.json").unwrap());
        assert_eq!(store.read("manifest.json").unwrap_err().kind(), ErrorKind::Damaged);
        store.write("manifest.json", b"one, and longer").unwrap();
        let file = store.write("manifest.json", b"two").unwrap();
        assert_eq!(store.read("manifest.json").unwrap(), b"two");
        assert_eq!((file.path.as_str(), file.bytes), ("manifest.json", 3));
        assert!(store.exists("manifest.json").unwrap());
    }

    #[test]
    fn of_many_who_put_a_file_one_does() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        let winners: Vec<u8> = std::thread::scope(|scope| {
            let put = |number: u8| store.put_if_absent("done/t0001", &[number; 100]).unwrap().then_some(number);
            let threads: Vec<_> = (0..16).map(|number| scope.spawn(move || put(number))).collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(winners.len(), 1, "{winners:?}");
        assert_eq!(store.read("done/t0001").unwrap(), [winners[0]; 100], "nobody replaced the winner's");
        assert!(!store.put_if_absent("done/t0001", b"later").unwrap());
        assert!(store.leftovers().unwrap().is_empty());
        assert_eq!(mode(&store.folder().join("done/t0001")), 0o600);
    }

    #[test]
    fn no_call_leaves_the_run() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        fs::write(root.path().join("secret"), "x").unwrap();
        let file = FileDigest { path: "../secret".into(), bytes: 1, blake3: blake3::hash(b"x").to_hex().to_string() };
        assert_eq!(store.open_checked(&file).unwrap_err().kind(), ErrorKind::Damaged);
        assert!(store.read("../secret").is_err());
        assert!(store.write("../other", b"").is_err());
        assert!(store.create_file("/tmp/other").is_err());
        assert!(store.put_if_absent("../other", b"").is_err());
        assert!(store.append_line("../secret", "y").is_err());
        assert!(store.exists("../secret").is_err());
        assert!(store.remove_folder("..").is_err());
        assert_eq!(fs::read(root.path().join("secret")).unwrap(), b"x");
    }

    #[test]
    fn folders_go_and_leftovers_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
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
        store.remove_folder("shop/stage").unwrap();
        store.remove_folder("shop/stage").unwrap();
        assert!(!store.exists("shop/stage").unwrap() && store.exists("shop").unwrap());
    }
}
