//! Where a mark is kept: a file of its own, outside of any run.

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::staging::Mark;
use crate::store::{LocalStore, Store as _};

/// A file that holds a mark, or will.
pub(super) struct MarkFile {
    folder: LocalStore,
    name: String,
}

impl MarkFile {
    /// Finds the file's folder.
    ///
    /// # Errors
    /// `Usage` where the path names no file; whatever opening the folder can give.
    pub(super) fn at(path: &Path) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "find the mark").at(path.display()).because("it is the name of no file")
        })?;
        Ok(Self { folder: LocalStore::open(folder)?, name: name.to_owned() })
    }

    /// # Errors
    /// `Refused` where there is a file.
    pub(super) fn expect_none(&self) -> Result<()> {
        if self.folder.exists(&self.name)? { Err(Mark::there_is_one(&self.folder, &self.name)) } else { Ok(()) }
    }

    /// Writes a mark as a new file.
    pub(super) fn write(&self, mark: &Mark) -> Result<()> {
        mark.write(&self.folder, &self.name).map(drop)
    }

    /// Reads the mark.
    pub(super) fn read(&self) -> Result<Mark> {
        Ok(Mark::read(&self.folder, &self.name)?.into_content())
    }
}
