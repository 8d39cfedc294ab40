//! What a staged segment holds.

use crate::error::{Error, ErrorKind, Result};
use crate::staging::{Segment, TableRecord};

/// What a staged segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Staged {
    /// NEW's rows.
    Rows,
    /// Keys that NEW lacks.
    Keys,
}

/// Finds a staged segment by its path, and what it holds.
pub(super) fn staged<'a>(record: &'a TableRecord, path: &str) -> Result<(&'a Segment, Staged)> {
    let candidates = record.candidates.iter().map(|segment| (segment, Staged::Rows));
    let absent = record.absent.iter().map(|segment| (segment, Staged::Keys));
    candidates
        .chain(absent)
        .find(|(segment, _)| segment.file.path == path)
        .ok_or_else(|| Error::new(ErrorKind::Damaged, "read the manifest").at(path).because("it lists no such file"))
}
