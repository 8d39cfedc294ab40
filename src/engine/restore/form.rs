//! In which form a backup is: read off its first bytes, never off its name alone.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::store::backup_files::{self, FoundFile};
use crate::words::words;

/// The forms that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `pg_dump --format=custom`.
    Custom,
    /// `pg_dump --format=directory`.
    Directory,
    /// `pg_dump --format=tar`.
    Tar,
    /// `pg_dump --format=plain`: a script.
    Plain,
    /// The same, compressed by gzip.
    PlainGzip,
}

words!(Form {
    Custom => "custom",
    Directory => "directory",
    Tar => "tar",
    Plain => "plain",
    PlainGzip => "plain_gzip",
});

/// How every custom archive, and the table of contents of a directory, begins.
pub(super) const MAGIC: &[u8] = b"PGDMP";

/// The table of contents of a directory.
pub(super) const CONTENTS: &str = "toc.dat";

/// Where the name of the first file of a tar archive stands, and what says that it is one.
const TAR_MARK: (usize, &[u8]) = (257, b"ustar");

const GZIP: &[u8] = &[0x1f, 0x8b];

/// How many bytes of a file say what it is.
pub(super) const HEAD: usize = 4096;

impl Form {
    /// Returns whether it is a script, which psql reads, and no archive, which `pg_restore` reads.
    #[must_use]
    pub const fn is_script(self) -> bool {
        matches!(self, Self::Plain | Self::PlainGzip)
    }

    /// Says in which form something is, and what it begins with; `None` where it is no backup of any of them.
    pub(super) fn of(found: &FoundFile) -> Result<Option<(Self, Vec<u8>)>> {
        if found.is_folder {
            let contents = found.path.join(CONTENTS);
            if !crate::store::host_files::exists(&contents) {
                return Ok(None);
            }
            return Ok(Some((Self::Directory, backup_files::head(&contents, HEAD)?)));
        }
        let head = backup_files::head(&found.path, HEAD)?;
        Ok(Self::of_head(&found.name, &head).map(|form| (form, head)))
    }

    /// As [`Form::of`], of a file of which no more than its name and its beginning is known.
    pub(super) fn of_head(name: &str, head: &[u8]) -> Option<Self> {
        let has_tar_mark = head.get(TAR_MARK.0..).is_some_and(|rest| rest.starts_with(TAR_MARK.1));
        let is_named = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
        if head.starts_with(MAGIC) {
            Some(Self::Custom)
        } else if has_tar_mark && head.starts_with(CONTENTS.as_bytes()) {
            Some(Self::Tar)
        } else if head.starts_with(GZIP) && is_named(".sql.gz") {
            Some(Self::PlainGzip)
        } else if is_named(".sql") || String::from_utf8_lossy(head).contains("-- PostgreSQL database dump") {
            Some(Self::Plain)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_off_the_first_bytes() {
        let mut tar = vec![0; 512];
        tar[..7].copy_from_slice(b"toc.dat");
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(Form::of_head("a", &tar), Some(Form::Tar));
        assert_eq!(Form::of_head("a.sql", b"PGDMP\x01"), Some(Form::Custom), "whatever it is called");
        assert_eq!(Form::of_head("a.dump", b"--\n-- PostgreSQL database dump\n--\n"), Some(Form::Plain));
        assert_eq!(Form::of_head("a.sql.gz", b"\x1f\x8b\x08"), Some(Form::PlainGzip));
        assert_eq!((Form::of_head("a.tar.gz", b"\x1f\x8b\x08"), Form::of_head("notes.txt", b"hello")), (None, None));
    }
}
