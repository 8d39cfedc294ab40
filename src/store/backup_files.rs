//! Backups that lie on this machine's disks: found, measured and read; and the pieces of one that is being fetched.
//!
//! Comes in: a path that a person named. Goes out: what lies there, its first and last bytes, its digests.
//! Never: writes into a file that it did not fetch itself, follows a link out of a folder that it lists.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use md5::Md5;
use sha2::{Digest as _, Sha256};

use super::fault_of_write;
use super::run_path::{FILE_MODE, sync_parent};
use crate::error::{Error, ErrorKind, Result};

/// How much is read at a time.
const PIECE: usize = 1024 * 1024;

/// Something that may be a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Its name, without the folder.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Its bytes; of a folder, those of the files in it.
    pub bytes: u64,
    /// When it was last written; of a folder, the last of the files in it.
    pub written: SystemTime,
}

/// The digests of a file, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// By SHA-256.
    pub sha256: String,
    /// By MD5, which Azure keeps of a blob.
    pub md5: String,
    /// How many bytes were read.
    pub bytes: u64,
}

/// Looks at one file or folder.
///
/// # Errors
/// `Usage` where there is nothing, `Storage` where it cannot be looked at.
pub fn look(path: &Path) -> Result<FoundFile> {
    let metadata = fs::metadata(path).map_err(|error| missing(path, error))?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let written = metadata.modified().map_err(|error| missing(path, error))?;
    let mut found = FoundFile { name, path: path.to_owned(), is_folder: metadata.is_dir(), bytes: metadata.len(), written };
    if found.is_folder {
        found.bytes = 0;
        for entry in fs::read_dir(path).map_err(|error| missing(path, error))? {
            let inner = entry.and_then(|entry| entry.metadata()).map_err(|error| missing(path, error))?;
            found.bytes += if inner.is_file() { inner.len() } else { 0 };
            found.written = found.written.max(inner.modified().map_err(|error| missing(path, error))?);
        }
    }
    Ok(found)
}

/// Lists what lies in a folder, by name; links are passed over.
///
/// # Errors
/// As [`look`].
pub fn list(folder: &Path) -> Result<Vec<FoundFile>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| missing(folder, error))? {
        let entry = entry.map_err(|error| missing(folder, error))?;
        if !entry.file_type().map_err(|error| missing(folder, error))?.is_symlink() {
            found.push(look(&entry.path())?);
        }
    }
    found.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(found)
}

/// Reads the first bytes of a file, as many as there are.
///
/// # Errors
/// As [`look`].
pub fn head(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| missing(path, error))?;
    file.take(most as u64).read_to_end(&mut bytes).map_err(|error| missing(path, error))?;
    Ok(bytes)
}

/// Reads the last bytes of a file, as many as there are.
///
/// # Errors
/// As [`look`].
pub fn tail(path: &Path, most: u32) -> Result<Vec<u8>> {
    let read = || -> io::Result<Vec<u8>> {
        let (mut file, mut bytes) = (File::open(path)?, Vec::new());
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(most.into())))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| missing(path, error))
}

/// Reads a small text that lies beside a backup; nothing where there is none.
///
/// # Errors
/// `Storage` where it is there and cannot be read.
pub fn beside(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(missing(path, error)),
    }
}

/// Reads a file whole, each piece given to `piece` on its way.
///
/// # Errors
/// As [`look`]; what `piece` returns.
pub fn read_through(path: &Path, piece: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<u64> {
    let mut file = File::open(path).map_err(|error| missing(path, error))?;
    let (mut buffer, mut bytes) = (vec![0; PIECE], 0);
    loop {
        match file.read(&mut buffer).map_err(|error| missing(path, error))? {
            0 => return Ok(bytes),
            read => {
                bytes += read as u64;
                piece(&buffer[..read])?;
            }
        }
    }
}

/// Works out the digests of a file. `go_on` is asked between pieces.
///
/// # Errors
/// As [`read_through`].
pub fn digests(path: &Path, go_on: &dyn Fn() -> Result<()>) -> Result<Digests> {
    let (mut sha256, mut md5) = (Sha256::new(), Md5::new());
    let bytes = read_through(path, &mut |piece| {
        sha256.update(piece);
        md5.update(piece);
        go_on()
    })?;
    Ok(Digests { sha256: hexadecimal(&sha256.finalize()), md5: hexadecimal(&md5.finalize()), bytes })
}

/// Spells bytes in hexadecimal.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]).collect()
}

/// Adds a piece that was fetched to the end of what was fetched before it, and removes the piece; returns how many bytes there
/// are now. A piece that is not as long as it should be is removed, and nothing is added.
///
/// # Errors
/// `Storage` or `StorageFull` where it cannot be written, or the piece is not whole.
pub fn join_piece(piece: &Path, whole: &Path, wanted: u64) -> Result<u64> {
    let fault = |error| fault_of_write("keep what was fetched", &whole.display().to_string(), error);
    let read = |error| missing(piece, error);
    let length = fs::metadata(piece).map_err(read)?.len();
    if length != wanted {
        fs::remove_file(piece).map_err(read)?;
        return Err(Error::new(ErrorKind::Storage, "fetch a piece of a backup")
            .at(piece.display())
            .because(format!("it has {length} bytes, and {wanted} were asked for"))
            .next("run the same command again: it goes on where it stopped"));
    }
    let mut from = File::open(piece).map_err(read)?;
    let mut into = OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(whole).map_err(fault)?;
    let before = into.metadata().map_err(fault)?.len();
    let copied = io::copy(&mut from, &mut into).and_then(|_| into.sync_all());
    if let Err(error) = copied {
        // What is half there would be taken for whole by the next call.
        let _ = into.set_len(before);
        return Err(fault(error));
    }
    fs::remove_file(piece).map_err(read)?;
    Ok(before + length)
}

/// Gives a file that is whole its name, and the time that it was written at where it comes from.
///
/// # Errors
/// `Storage` where that cannot be done.
pub fn settle(part: &Path, whole: &Path, written: SystemTime) -> Result<()> {
    let fault = |error| fault_of_write("keep what was fetched", &whole.display().to_string(), error);
    OpenOptions::new().append(true).open(part).and_then(|file| file.set_modified(written)).map_err(fault)?;
    fs::rename(part, whole).map_err(fault)?;
    sync_parent(whole)
}

/// Writes a small text beside what is fetched.
///
/// # Errors
/// `Storage` or `StorageFull` where it cannot be written.
pub fn write_note(path: &Path, text: &str) -> Result<()> {
    let fault = |error| fault_of_write("write a note", &path.display().to_string(), error);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path).map_err(fault)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)
}

/// Removes a file, if it is there.
///
/// # Errors
/// `Storage` where that cannot be done.
pub fn discard(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(fault_of_write("remove a file", &path.display().to_string(), error)),
    }
}

/// Returns how many bytes are free where a path is; nothing where that cannot be asked.
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

fn missing(path: &Path, error: io::Error) -> Error {
    let is_gone = error.kind() == io::ErrorKind::NotFound;
    let kind = if is_gone { ErrorKind::Usage } else { ErrorKind::Storage };
    let error = Error::new(kind, "read a backup").at(path.display()).because(error);
    if is_gone { error.next("correct the path: `failback restore list` shows what a folder holds") } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"abc").unwrap();
        let found = digests(&path, &|| Ok(())).unwrap();
        assert_eq!(found.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((found.md5.as_str(), found.bytes), ("900150983cd24fb0d6963f7d28e17f72", 3));
        assert!(free_bytes(folder.path()).is_some_and(|bytes| bytes > 0));
    }

    #[test]
    fn a_piece_is_added_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let (piece, whole) = (folder.path().join("piece"), folder.path().join("whole"));
        fs::write(&piece, b"abc").unwrap();
        assert_eq!(join_piece(&piece, &whole, 3).unwrap(), 3);
        fs::write(&piece, b"d").unwrap();
        assert_eq!(join_piece(&piece, &whole, 2).unwrap_err().kind(), ErrorKind::Storage);
        assert!(!piece.exists() && fs::read(&whole).unwrap() == b"abc");
        assert_eq!(tail(&whole, 2).unwrap(), b"bc");
        assert_eq!(look(&folder.path().join("none")).unwrap_err().kind(), ErrorKind::Usage);
    }
}
