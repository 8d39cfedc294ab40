//! What the operating system's refusals mean to a person.

use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind};

/// Names a failed call to the operating system: what was tried, on which file, and what to do about it. `what` is verb and
/// object in lower case, as "write the manifest".
pub(super) fn fault(what: &str, path: &Path, cause: io::Error) -> Error {
    let (kind, hint) = judge(cause.kind(), path);
    let error = Error::new(kind, what).at(path.display()).because(cause);
    match hint {
        Some(hint) => error.next(hint),
        None => error,
    }
}

/// Takes the store's own error out of one that came through [`Write`](std::io::Write); `what` and `location` are for one that
/// is none of the store's.
#[must_use]
pub fn fault_of_write(what: &str, location: &str, error: io::Error) -> Error {
    error.downcast::<Error>().unwrap_or_else(|other| fault(what, Path::new(location), other))
}

fn judge(cause: io::ErrorKind, path: &Path) -> (ErrorKind, Option<String>) {
    let folder = path.parent().unwrap_or(path).display();
    match cause {
        io::ErrorKind::StorageFull => (
            ErrorKind::StorageFull,
            Some(format!("free space on the disk that holds {folder}, then run the same command again")),
        ),
        io::ErrorKind::QuotaExceeded => (
            ErrorKind::StorageFull,
            Some(format!("free space under {folder} or raise the user's disk quota, then run the same command again")),
        ),
        io::ErrorKind::FileTooLarge => (
            ErrorKind::StorageFull,
            Some(format!("raise the file size limit (`ulimit -f`) for {folder}, then run the same command again")),
        ),
        io::ErrorKind::PermissionDenied => {
            (ErrorKind::Permission, Some(format!("run as the user who owns {folder}, or give this user access to it")))
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            (ErrorKind::Storage, Some(format!("{folder} is on a read-only file system: remount it, or copy the run elsewhere")))
        }
        _ => (ErrorKind::Storage, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_store_comes_through_a_writer_whole() {
        let own = fault("write the segment", Path::new("/runs/r1/a"), io::ErrorKind::StorageFull.into());
        let found = fault_of_write("write", "elsewhere", io::Error::new(io::ErrorKind::StorageFull, own));
        assert_eq!((found.kind(), found.places()), (ErrorKind::StorageFull, &["/runs/r1/a".to_owned()][..]));
        let other = fault_of_write("write", "elsewhere", io::Error::other("closed"));
        assert_eq!((other.kind(), other.places()), (ErrorKind::Storage, &["elsewhere".to_owned()][..]));
    }

    #[test]
    fn every_way_of_being_full_is_one_kind() {
        for cause in [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge] {
            let error = fault("write the segment", Path::new("/runs/r1/shop/a.parquet"), cause.into());
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            assert_eq!(error.places(), ["/runs/r1/shop/a.parquet"]);
            assert!(error.hints()[0].contains("/runs/r1/shop"), "{:?}", error.hints());
        }
        assert_eq!(fault("read the manifest", Path::new("x"), io::ErrorKind::TimedOut.into()).kind(), ErrorKind::Storage);
    }
}
