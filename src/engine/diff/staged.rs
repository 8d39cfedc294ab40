//! The staged segments that a diff goes through, and what they hold.

use crate::error::{Error, ErrorKind, Result};
use crate::staging::{Chunk, DatabaseRecord, Segment, TableRecord, Task};

/// Lists a database's segments; what one becomes is a file of its own.
pub(super) fn chunks(database: &DatabaseRecord) -> Vec<Chunk> {
    let of = |record: &TableRecord| {
        let (database, table) = (database.name.clone(), record.id);
        let chunk = move |(number, segment): (u32, &Segment)| Chunk {
            database: database.clone(),
            table,
            number,
            weight: segment.rows,
            task: Task::Compare { segment: segment.file.path.clone() },
        };
        (1..).zip(record.candidates.iter().chain(&record.absent)).map(chunk).collect::<Vec<_>>()
    };
    database.tables.iter().flat_map(of).collect()
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

/// What a staged segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Staged {
    /// NEW's rows.
    Rows,
    /// Keys that NEW lacks.
    Keys,
}
