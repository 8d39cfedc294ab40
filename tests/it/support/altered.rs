//! A store in which one file has other bytes than it was given.

use failback::error::Result;
use failback::store::{FileDigest, FileReader, FileWriter, LocalStore, RunLock, Store};

/// A store that reads one of its files otherwise; everything else is the store beneath.
#[derive(Clone, Debug)]
pub(crate) struct Altered {
    pub(crate) store: LocalStore,
    pub(crate) path: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Altered {
    /// A store whose file at `path` has this bit of this byte flipped.
    pub(crate) fn flip(store: &LocalStore, path: &'static str, sound: &[u8], at: usize, bit: usize) -> Self {
        let mut bytes = sound.to_vec();
        bytes[at] ^= 1 << bit;
        Self { store: store.clone(), path, bytes }
    }
}

impl Store for Altered {
    fn location(&self) -> String {
        self.store.location()
    }

    fn create_file(&self, relative: &str) -> Result<Box<dyn FileWriter>> {
        self.store.create_file(relative)
    }

    fn put_if_absent(&self, relative: &str, bytes: &[u8]) -> Result<bool> {
        self.store.put_if_absent(relative, bytes)
    }

    fn read(&self, relative: &str) -> Result<Vec<u8>> {
        if relative == self.path { Ok(self.bytes.clone()) } else { self.store.read(relative) }
    }

    fn open_checked(&self, file: &FileDigest) -> Result<Box<dyn FileReader>> {
        self.store.open_checked(file)
    }

    fn append_line(&self, relative: &str, line: &str) -> Result<()> {
        self.store.append_line(relative, line)
    }

    fn exists(&self, relative: &str) -> Result<bool> {
        self.store.exists(relative)
    }

    fn remove_file(&self, relative: &str) -> Result<()> {
        self.store.remove_file(relative)
    }

    fn remove_folder(&self, relative: &str) -> Result<()> {
        self.store.remove_folder(relative)
    }

    fn lock(&self) -> Result<RunLock> {
        self.store.lock()
    }

    fn sweep(&self, held: &RunLock) -> Result<usize> {
        self.store.sweep(held)
    }
}
