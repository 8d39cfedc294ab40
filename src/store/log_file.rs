//! A log: lines added to the end of a file that a person named, for whoever reads them later.
//!
//! Unlike a journal's, its lines are not synced: a log tells what was done, and nothing is decided by it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::fault;
use super::run_path::FILE_MODE;
use crate::error::{Error, ErrorKind, Result};

/// A file that is open for lines to be added. Any number of threads may add some at once.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    location: String,
}

impl LogFile {
    /// Opens a file for appending, and makes it, for its owner alone, if there is none.
    ///
    /// # Errors
    /// `Usage` where it cannot be opened, or is a pipe: writing to one waits until somebody reads.
    pub fn open(path: &Path) -> Result<Self> {
        let location = path.display().to_string();
        let refused = |cause: io::Error| {
            Error::new(ErrorKind::Usage, "open the log file")
                .at(&location)
                .because(cause)
                .next("name a file that can be written: --log-file FILE")
        };
        if std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo()) {
            return Err(refused(io::Error::other("it is a pipe")));
        }
        let file = OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(path).map_err(refused)?;
        Ok(Self { file, location })
    }

    /// Adds a line, which must hold no line break, in one write: readers meet whole lines.
    ///
    /// # Errors
    /// `StorageFull` or `Storage`.
    pub fn append(&self, line: &str) -> Result<()> {
        let text = format!("{line}\n");
        (&self.file).write_all(text.as_bytes()).map_err(|error| fault("write the log", Path::new(&self.location), error))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn lines_are_added_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for line in ["one", "two"] {
            LogFile::open(&path).unwrap().append(line).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_cannot_be_opened_is_the_callers_mistake() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("no/such/folder")] {
            let error = LogFile::open(&path).unwrap_err();
            assert_eq!((error.kind(), error.places()), (ErrorKind::Usage, &[path.display().to_string()][..]));
        }
    }

    #[test]
    fn a_full_disk_is_said() {
        let error = LogFile::open(Path::new("/dev/full")).unwrap().append("one").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }
}
