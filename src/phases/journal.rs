//! The journal of a rollback: one record a line, only ever added to, each line with the digest of the one before it, safe on
//! the disk before what it announces is done. Status, resume and post-mortem are read from it and from nothing else.
//!
//! A last line that a crash tore is passed over and counted. A line that was altered, taken out or put in breaks the chain,
//! which is damage: the journal is then evidence of nothing. What the chain cannot show, that the last lines were altered or
//! taken off, a second file does, which is written after each line; a crash between the two leaves it one line behind.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use super::record::Record;
use crate::error::{Error, ErrorKind, Result};
use crate::store::{LocalStore, Store as _};

/// The journal's file, in the rollback's folder.
pub const JOURNAL: &str = "journal.jsonl";

/// The file that says how far the journal has come: how many lines, and the digest of the last.
pub const HEAD: &str = "journal.head";

/// What the first line has in the place of a digest.
const START: &str = "start";

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Which line it is, from 1.
    pub seq: u64,
    /// The blake3 digest of the line before it, as it stands in the file.
    pub prev: String,
    /// When it was written, by this machine's clock.
    pub at: Timestamp,
    /// Which machine wrote it.
    pub host: String,
    /// What happened.
    #[serde(flatten)]
    pub record: Record,
}

/// How far the journal has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    seq: u64,
    digest: String,
}

/// The journal of one rollback. Cheap to clone.
#[derive(Clone, Debug)]
pub struct JournalFile {
    store: LocalStore,
}

impl JournalFile {
    /// Names the journal in a rollback's folder.
    #[must_use]
    pub const fn new(store: LocalStore) -> Self {
        Self { store }
    }

    /// Adds a record; it is safe when the call returns. Any number of processes may add to one journal.
    ///
    /// # Errors
    /// `Storage` where it cannot be written, `Damaged` where what stands before it is broken.
    pub fn append(&self, record: &Record) -> Result<()> {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let failed = |error| Error::new(ErrorKind::Storage, "write the journal").because(error);
        let mut head = None;
        self.store.append_after(JOURNAL, &mut |before| {
            let (lines, _) = read(before, self.head()?)?;
            let seq = lines.last().map_or(1, |(line, _)| line.seq + 1);
            let prev = lines.last().map_or_else(|| START.to_owned(), |(_, digest)| digest.clone());
            let line = Line { seq, prev, at: Timestamp::now(), host: host.clone(), record: record.clone() };
            let text = serde_json::to_string(&line).map_err(failed)?;
            head = Some(Head { seq, digest: blake3::hash(text.as_bytes()).to_hex().to_string() });
            Ok(text)
        })?;
        self.store.write(HEAD, &serde_json::to_vec(&head).map_err(failed)?).map(|_| ())
    }

    fn head(&self) -> Result<Option<Head>> {
        if !self.store.exists(HEAD)? {
            return Ok(None);
        }
        serde_json::from_slice(&self.store.read(HEAD)?).map_err(|_| broken("what says how far it has come cannot be read"))
    }

    /// Reads the lines, oldest first, and how many torn ones there are between them.
    ///
    /// # Errors
    /// `Damaged` where the chain is broken.
    pub fn read(&self) -> Result<(Vec<Line>, usize)> {
        if !self.store.exists(JOURNAL)? && !self.store.exists(HEAD)? {
            return Ok((Vec::new(), 0));
        }
        // First how far it had come: whoever adds to it meanwhile writes the line first.
        let head = self.head()?;
        let is_young = head.is_none();
        let found = match read(&self.store.read(JOURNAL)?, head) {
            // It may have been written between the two looks.
            Err(_) if is_young => {
                let head = self.head()?;
                read(&self.store.read(JOURNAL)?, head)
            }
            found => found,
        };
        let (lines, torn) = found?;
        Ok((lines.into_iter().map(|(line, _)| line).collect(), torn))
    }

    /// Returns the number that the next line will have, for the names of files that belong to it.
    ///
    /// # Errors
    /// As [`JournalFile::read`].
    pub fn next_number(&self) -> Result<String> {
        let (lines, _) = self.read()?;
        Ok(format!("{:04}", lines.len() + 1))
    }
}

fn read(bytes: &[u8], head: Option<Head>) -> Result<(Vec<(Line, String)>, usize)> {
    let (mut lines, mut torn): (Vec<(Line, String)>, _) = (Vec::new(), 0);
    for text in bytes.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
        let Ok(line) = serde_json::from_slice::<Line>(text) else {
            // What a crash tears is never whole: a line of ours ends with the brace that closes it.
            if serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok() {
                return Err(broken("one of its lines is whole, and none of a journal: somebody put it in")
                    .at(format!("{JOURNAL}, behind record {}", lines.len())));
            }
            torn += 1;
            continue;
        };
        let (seq, prev) = match lines.last() {
            Some((before, digest)) => (before.seq + 1, digest.as_str()),
            None => (1, START),
        };
        if (line.seq, line.prev.as_str()) != (seq, prev) {
            return Err(broken("its lines do not follow each other: one was altered, taken out or put in")
                .at(format!("{JOURNAL}, record {seq}")));
        }
        lines.push((line, blake3::hash(text).to_hex().to_string()));
    }
    // Between the first line and the second file there may be a crash, later the file is there.
    if head.is_none() && lines.len() > 1 {
        return Err(broken("journal.head, which says how far it has come, is not there"));
    }
    if let Some(Head { seq, digest }) = head
        && !lines.iter().rev().any(|(line, of)| line.seq == seq && *of == digest)
    {
        return Err(broken("its last lines are not those that were written: they were altered or taken off"));
    }
    Ok((lines, torn))
}

fn broken(cause: &str) -> Error {
    Error::new(ErrorKind::Damaged, "read the journal")
        .at(JOURNAL)
        .because(cause)
        .next("take the journal from a copy, with journal.head; nothing is done on the word of this one")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> (tempfile::TempDir, JournalFile) {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        (root, JournalFile::new(store))
    }

    fn note(text: &str) -> Record {
        Record::Noted { by: "ada".to_owned(), text: text.to_owned() }
    }

    fn path(root: &tempfile::TempDir) -> std::path::PathBuf {
        root.path().join("r1").join(JOURNAL)
    }

    #[test]
    fn lines_follow_each_other_over_a_torn_one() {
        let (root, journal) = journal();
        journal.append(&note("one")).unwrap();
        journal.append(&note("two")).unwrap();
        let whole = std::fs::read_to_string(path(&root)).unwrap();
        std::fs::write(path(&root), format!("{whole}{{\"seq\":3,\"pr")).unwrap();
        assert_eq!(journal.next_number().unwrap(), "0003");
        journal.append(&note("three")).unwrap();
        let (lines, torn) = journal.read().unwrap();
        let seen: Vec<_> = lines.iter().map(|line| (line.seq, line.record.clone())).collect();
        assert_eq!(seen, [(1, note("one")), (2, note("two")), (3, note("three"))]);
        assert_eq!(torn, 1);
    }

    #[test]
    fn a_line_that_was_altered_taken_out_or_put_in_is_damage() {
        let (root, journal) = journal();
        for text in ["one", "two", "three"] {
            journal.append(&note(text)).unwrap();
        }
        let whole = std::fs::read_to_string(path(&root)).unwrap();
        let lines: Vec<_> = whole.lines().collect();
        let altered = whole.replace("\"two\"", "\"tow\"");
        let fewer = format!("{}\n{}\n", lines[0], lines[2]);
        let first_gone = format!("{}\n{}\n", lines[1], lines[2]);
        let doubled = format!("{}\n{}\n{}\n", lines[0], lines[1], lines[1]);
        let foreign = format!("{whole}{{\"deploy\":\"done\"}}\n");
        let last_altered = whole.replace("\"three\"", "\"there\"");
        let last_gone = format!("{}\n{}\n", lines[0], lines[1]);
        for text in [altered, fewer, first_gone, doubled, foreign, last_altered, last_gone, String::new()] {
            std::fs::write(path(&root), &text).unwrap();
            assert_eq!(journal.read().unwrap_err().kind(), ErrorKind::Damaged, "{text}");
            assert!(journal.append(&note("more")).is_err());
        }
    }

    #[test]
    fn a_crash_before_the_second_file_leaves_a_journal_that_is_gone_on_with() {
        let (root, journal) = journal();
        journal.append(&note("one")).unwrap();
        let head = std::fs::read(root.path().join("r1").join(HEAD)).unwrap();
        journal.append(&note("two")).unwrap();
        std::fs::write(root.path().join("r1").join(HEAD), head).unwrap();
        journal.append(&note("three")).unwrap();
        assert_eq!(journal.read().unwrap().0.len(), 3);
    }

    #[test]
    fn many_writers_make_one_chain() {
        let (_root, journal) = journal();
        journal.append(&note("declared")).unwrap();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let journal = journal.clone();
                scope.spawn(move || (0..5).for_each(|more| journal.append(&note(&format!("{number} {more}"))).unwrap()));
            }
        });
        assert_eq!(journal.read().unwrap().0.len(), 41);
    }

    #[test]
    fn what_a_newer_failback_wrote_is_passed_over() {
        let line = r#"{"seq":1,"prev":"start","at":"2026-11-30T10:00:00Z","host":"h","record":"flew","to":"the moon"}"#;
        assert_eq!(read(line.as_bytes(), None).unwrap().0[0].0.record, Record::Unknown);
    }
}
