//! What can be asked of the place where a run lives, wherever that is.

use std::fmt;
use std::io::{self, Write};

use super::{FileDigest, RunLock, fault_of_write};
use crate::error::Result;

/// The files of one run. Any number of threads may write different files at once.
///
/// Files are named relative to the run, with `/` between the parts of a name; where and how they are kept is the
/// implementation's affair, and no caller learns it but as text for people.
pub trait Store: fmt::Debug + Send + Sync {
    /// Returns where the run is, as text for people.
    fn location(&self) -> String;

    /// Begins a file. It exists once it is committed, and replaces one of that name.
    fn create_file(&self, relative: &str) -> Result<Box<dyn FileWriter>>;

    /// Writes a whole file, replacing one of that name: readers see the old content or the new, never a mixture.
    fn write(&self, relative: &str, bytes: &[u8]) -> Result<FileDigest> {
        let mut file = self.create_file(relative)?;
        file.write_all(bytes).map_err(|error| fault_of_write("write a file of the run", file.location(), error))?;
        file.commit()
    }

    /// Writes a whole file if there is none of that name, and returns whether it did. Of several callers at the same time, on
    /// whatever machines, exactly one gets `true`.
    fn put_if_absent(&self, relative: &str, bytes: &[u8]) -> Result<bool>;

    /// Reads a whole file that has no digest, such as the manifest.
    ///
    /// # Errors
    /// Damaged if it is missing; ask [`exists`](Self::exists) where that is no fault.
    fn read(&self, relative: &str) -> Result<Vec<u8>>;

    /// Opens a file if it is, to the byte, what was committed. Reads all of it once to know.
    ///
    /// # Errors
    /// Damaged if it is missing, shorter, longer or altered.
    fn open_checked(&self, file: &FileDigest) -> Result<Box<dyn FileReader>>;

    /// Appends one line to a file, making it if need be; it is safe when the call returns. If a crash tore the last line, that
    /// half stays on a line of its own: who reads must pass over it.
    fn append_line(&self, relative: &str, line: &str) -> Result<()>;

    /// Returns whether there is a file of that name, or any file below it.
    fn exists(&self, relative: &str) -> Result<bool>;

    /// Removes a file. None there is fine.
    fn remove_file(&self, relative: &str) -> Result<()>;

    /// Removes every file below a name. None there is fine.
    fn remove_folder(&self, relative: &str) -> Result<()>;

    /// Takes the right to write into this run, until the lock is dropped.
    ///
    /// # Errors
    /// Refused if another process, or another handle of this one, holds it.
    fn lock(&self) -> Result<RunLock>;

    /// Removes what writers that crashed have left behind, and returns how many files that were. Asks for the lock, so that no
    /// other process's files can be among them; call it before this process begins files of its own.
    fn sweep(&self, held: &RunLock) -> Result<usize>;
}

/// A file on its way into a run: nothing exists before [`commit`](Self::commit), and dropping it leaves nothing behind.
///
/// The error of a failed `write` or `flush` carries the store's own [`Error`](crate::error::Error): [`fault_of_write`] takes it
/// out.
pub trait FileWriter: Write + Send {
    /// Returns where the file will be, as text for people.
    fn location(&self) -> &str;

    /// Makes the file exist, whole and safe from a crash.
    ///
    /// # Errors
    /// If any write has failed, or committing fails. Only when the last step of committing fails may the file exist all the
    /// same.
    fn commit(self: Box<Self>) -> Result<FileDigest>;
}

/// A file of a run, open for reading at any place. Any number of threads may read at once.
pub trait FileReader: fmt::Debug + Send + Sync {
    /// Returns the size.
    fn bytes(&self) -> u64;

    /// Reads bytes that begin at `offset` into `buffer`, and returns how many: 0 at the end only.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}
