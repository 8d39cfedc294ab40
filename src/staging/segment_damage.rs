//! What is said of a segment that is not what the manifest says.

use std::error::Error as StdError;

use crate::error::{Error, ErrorKind};

/// A segment cannot be read.
pub(super) fn unreadable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Damaged, "read the segment").because(cause)
}

/// As [`unreadable`], with where it lies.
pub(super) fn damaged(location: &str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
    unreadable(cause).at(location)
}

/// A segment has more rows, or fewer, than are listed.
pub(super) fn wrong_count(location: &str, expected: u64, found: u64) -> Error {
    damaged(location, format!("expected {expected} rows, found {found}"))
}
