//! The run's JSON files: each step writes one when it has finished, which makes what it did exist. Each bears its own digest,
//! and names that of the one that it was made from: they are a chain, and every reader checks the part that it stands on.
//!
//! This is the only way to read one: there is no other that leaves the digest unchecked. The format version comes next, so
//! that another version's run is refused in words instead of misread.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::seal::{self, Found};
use crate::error::{Error, ErrorKind, Result};
use crate::store::Store;

/// The version of the run's files that this failback writes and reads.
pub const FORMAT_VERSION: u32 = 3;

/// One of the run's JSON files as it was read: its digest was that of its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed<T> {
    content: T,
    own_blake3: String,
}

impl<T> Sealed<T> {
    /// Takes a record and the digest of its file, as it was just written.
    pub(super) const fn new(content: T, own_blake3: String) -> Self {
        Self { content, own_blake3 }
    }

    /// Returns the digest by which the files made from this one name it.
    #[must_use]
    pub fn own_blake3(&self) -> &str {
        &self.own_blake3
    }

    /// Returns what the file says.
    #[must_use]
    pub fn into_content(self) -> T {
        self.content
    }
}

impl<T> Deref for Sealed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

/// Writes one of the run's JSON files, and returns its digest.
pub(super) fn write_json<T: Serialize>(store: &dyn Store, path: &str, value: &T) -> Result<String> {
    let (text, own_blake3) = json(path, value)?;
    store.write(path, &text).map(|_| own_blake3)
}

/// Returns a record as one line with its digest, for a file that records are added to.
pub(super) fn line<T: Serialize>(path: &str, value: &T) -> Result<String> {
    let text = serde_json::to_string(value).map_err(|error| unwritable(path, error))?;
    let open = text.strip_suffix('}').ok_or_else(|| unwritable(path, "it is no record"))?;
    Ok(seal::OF_LINE.put(open.to_owned()).0)
}

/// Reads a line that [`line`] made; `None` where it is not, to the bit, what was written.
pub(super) fn read_line<T: for<'de> Deserialize<'de>>(line: &[u8]) -> Option<T> {
    match seal::OF_LINE.check(line) {
        Found::Sound(_) => serde_json::from_slice(line).ok(),
        Found::Broken | Found::Missing => None,
    }
}

/// Returns the content of one of the run's JSON files, and its digest.
pub(super) fn json<T: Serialize>(path: &str, value: &T) -> Result<(Vec<u8>, String)> {
    let text = serde_json::to_string_pretty(value).map_err(|error| unwritable(path, error))?;
    let open = text.strip_suffix("\n}").ok_or_else(|| unwritable(path, "it is no record"))?;
    let (text, own_blake3) = seal::OF_FILE.put(format!("{open},\n"));
    Ok((text.into_bytes(), own_blake3))
}

fn unwritable(path: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Storage, format!("write {path}")).because(cause)
}

/// Reads one of the run's JSON files; `made_by` is the command that writes it.
///
/// # Errors
/// `Refused` where it does not exist or another version of the format wrote it, `Damaged` where it is not, to the bit, what was
/// written.
pub(super) fn read_json<T: for<'de> Deserialize<'de>>(store: &dyn Store, path: &str, made_by: &str) -> Result<Sealed<T>> {
    if !store.exists(path)? {
        return Err(Error::new(ErrorKind::Refused, format!("read {path}"))
            .at(store.location())
            .because("this run has no such file: the step that writes it has not finished")
            .next(format!("run `{made_by}` first")));
    }
    let bytes = store.read(path)?;
    let again = |error: Error| match error.kind() {
        ErrorKind::Damaged => error.next(format!("take the file from a copy of the run, or write it anew with `{made_by}`")),
        _ => error,
    };
    let own_blake3 = checked(store, path, &bytes).map_err(again)?;
    let unread = |error: serde_json::Error| again(damaged(store, path).because(error));
    let version: Version = serde_json::from_slice(&bytes).map_err(unread)?;
    if version.format_version != FORMAT_VERSION {
        return Err(other_version(store, path, version.format_version));
    }
    serde_json::from_slice(&bytes).map_err(unread).map(|content| Sealed { content, own_blake3 })
}

/// Checks the digest that one of the run's JSON files bears, and returns it.
///
/// # Errors
/// As [`read_json`].
pub(super) fn own_blake3(store: &dyn Store, path: &str) -> Result<String> {
    checked(store, path, &store.read(path)?)
}

/// Checks a file's bytes before anything is read out of them.
fn checked(store: &dyn Store, path: &str, bytes: &[u8]) -> Result<String> {
    match seal::OF_FILE.check(bytes) {
        Found::Sound(digest) => return Ok(digest),
        Found::Broken => {}
        // Older versions wrote no digest, and a newer one may write it otherwise.
        Found::Missing => {
            if let Some(version) =
                serde_json::from_slice(bytes).ok().filter(|one: &Version| one.format_version != FORMAT_VERSION)
            {
                return Err(other_version(store, path, version.format_version));
            }
        }
    }
    Err(damaged(store, path).because("its digest, which is its last entry, is not that of its bytes: it was edited or damaged"))
}

fn damaged(store: &dyn Store, path: &str) -> Error {
    Error::new(ErrorKind::Damaged, format!("read {path}")).at(store.location())
}

fn other_version(store: &dyn Store, path: &str, version: u32) -> Error {
    let age = if version > FORMAT_VERSION { "a newer" } else { "an older" };
    Error::new(ErrorKind::Refused, format!("read {path}"))
        .at(store.location())
        .because(format!("{age} failback wrote it: it has format version {version}, and this one reads {FORMAT_VERSION} only"))
        .next("use the failback that made the run, or make a new run with `failback export`")
}

#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::LocalStore;

    #[derive(Debug, Serialize, Deserialize)]
    struct Record {
        format_version: u32,
    }

    #[test]
    fn another_version_is_refused_in_words_and_a_flipped_one_is_damage() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        let kind = |text: &[u8]| {
            store.write("a.json", text).unwrap();
            let error = read_json::<Record>(&store, "a.json", "failback diff").unwrap_err();
            (error.kind(), error.causes().join("; "))
        };
        let (older, _) = kind(b"{\n  \"format_version\": 2\n}\n");
        let (newer, cause) = kind(&json("a.json", &Record { format_version: FORMAT_VERSION + 1 }).unwrap().0);
        assert_eq!((older, newer), (ErrorKind::Refused, ErrorKind::Refused));
        assert!(cause.contains("a newer failback"), "{cause}");
        let sound = String::from_utf8(json("a.json", &Record { format_version: FORMAT_VERSION }).unwrap().0).unwrap();
        let flipped = sound.replace("\"format_version\": 3", "\"format_version\": 2");
        assert_eq!(kind(flipped.as_bytes()).0, ErrorKind::Damaged);
        assert_eq!(kind(b"{\n  \"format_version\": 3\n}\n").0, ErrorKind::Damaged, "this version writes a digest");
    }

    #[test]
    fn what_is_written_is_read_with_the_digest_it_bears() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        let written = write_json(&store, "a.json", &Record { format_version: FORMAT_VERSION }).unwrap();
        let read: Sealed<Record> = read_json(&store, "a.json", "failback diff").unwrap();
        assert_eq!((read.own_blake3(), own_blake3(&store, "a.json").unwrap()), (written.as_str(), written.clone()));
        assert!(String::from_utf8(store.read("a.json").unwrap()).unwrap().contains(&written));
    }
}
