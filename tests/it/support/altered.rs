//! A store in which one file has other bytes than it was given.

use failback::error::Result;
use failback::store::{LocalStore, Store};

use super::pass_on;

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
    fn read(&self, relative: &str) -> Result<Vec<u8>> {
        if relative == self.path { Ok(self.bytes.clone()) } else { self.store.read(relative) }
    }

    pass_on!(location, create_file, put_if_absent, open_checked, append_line, exists, remove_file, remove_folder, lock, sweep);
}
