//! A file for a program that we call and that reads no pipe: nobody else may read it, and it goes when it is dropped.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::fault_of_write;
use super::run_path::FILE_MODE;
use super::sweep::temporary_name;
use crate::error::Result;

/// Tells this process's files apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A file in the system's folder for such.
#[derive(Debug)]
pub struct PrivateFile {
    path: PathBuf,
}

impl PrivateFile {
    /// Writes one.
    ///
    /// # Errors
    /// `Storage` or `StorageFull` where it cannot be written.
    pub fn write(bytes: &[u8]) -> Result<Self> {
        let folder = std::env::temp_dir();
        loop {
            let path = temporary_name(&folder.join("failback"), std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let fault = |error| fault_of_write("write a file for another program", &path.display().to_string(), error);
            match OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&path) {
                Ok(mut file) => {
                    let made = Self { path: path.clone() };
                    return file.write_all(bytes).map(|()| made).map_err(fault);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(fault(error)),
            }
        }
    }

    /// Returns where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // What cannot be removed holds nothing that anybody else may read.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn nobody_else_may_read_it_and_it_goes_with_its_owner() {
        let file = PrivateFile::write(b"text").unwrap();
        let path = file.path().to_owned();
        assert_eq!(fs::read(&path).unwrap(), b"text");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, FILE_MODE);
        drop(file);
        assert!(!path.exists());
    }
}
