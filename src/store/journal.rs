//! Lines added to the end of a file, each of them safe on the disk before the call returns.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::fault;
use super::run_path::{FILE_MODE, make_folders, sync_parent};
use crate::error::{Error, ErrorKind, Result};

/// Appends one line and syncs. If a crash left half a line at the end, the new one still starts on a line of its own.
pub(super) fn append_line(root: &Path, path: &Path, line: &str) -> Result<()> {
    if line.contains('\n') {
        return Err(Error::new(ErrorKind::Storage, "append a line").at(path.display()).because("the line holds a line break"));
    }
    let is_new = !path.exists();
    if is_new {
        make_folders(root, path)?;
    }
    write_line(path, line).map_err(|error| fault("append a line", path, error))?;
    if is_new { sync_parent(path) } else { Ok(()) }
}

/// Appends one line that is made of what stands before it. Who appends in this way waits for others who do, so that no line
/// comes between what was read and what is written.
pub(super) fn append_after(root: &Path, path: &Path, line: &mut dyn FnMut(&[u8]) -> Result<String>) -> Result<()> {
    let is_new = !path.exists();
    if is_new {
        make_folders(root, path)?;
    }
    let failed = |error| fault("append a line", path, error);
    let mut file = open(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    let mut before = Vec::new();
    file.read_to_end(&mut before).map_err(failed)?;
    add(&mut file, &line(&before)?).map_err(failed)?;
    if is_new { sync_parent(path) } else { Ok(()) }
}

fn write_line(path: &Path, line: &str) -> io::Result<()> {
    add(&mut open(path)?, line)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(FILE_MODE).open(path)
}

fn add(file: &mut File, line: &str) -> io::Result<()> {
    let mut text = String::with_capacity(line.len() + 2);
    if is_torn(file)? {
        text.push('\n');
    }
    text.push_str(line);
    text.push('\n');
    // One write, so that readers meet whole lines; one sync, so that what was told is true.
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use crate::store::{LocalStore, Store as _};

    #[test]
    fn lines_stay_lines_after_a_torn_write() {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        store.append_line("journal.jsonl", "{\"step\":1}").unwrap();
        store.append_line("journal.jsonl", "{\"step\":2}").unwrap();
        assert_eq!(store.read("journal.jsonl").unwrap(), b"{\"step\":1}\n{\"step\":2}\n");
        std::fs::write(store.folder().join("journal.jsonl"), "{\"step\":1}\n{\"st").unwrap();
        store.append_line("journal.jsonl", "{\"step\":3}").unwrap();
        assert_eq!(store.read("journal.jsonl").unwrap(), b"{\"step\":1}\n{\"st\n{\"step\":3}\n");
        assert!(store.append_line("journal.jsonl", "two\nlines").is_err());
    }
}
