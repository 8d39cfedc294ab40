//! Opening a file of the run: it must be a regular file and, where it is listed, the file that was listed.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{FileDigest, FileReader, fault};
use crate::error::{Error, ErrorKind, Result};

const CHUNK_BYTES: usize = 1 << 20;
/// Enough of a digest to tell two files apart on a screen.
const SHOWN: usize = 16;

/// Opens `path` if it is the listed file to the byte. Reads all of it, 1 MiB at a time.
pub(super) fn open_checked(listed: &FileDigest, path: &Path) -> Result<CheckedFile> {
    let mut file = open_regular(path)?;
    let (bytes, digest) = digest(&mut file).map_err(|error| fault("check a file of the run", path, error))?;
    if bytes == listed.bytes && digest == listed.blake3 {
        return Ok(CheckedFile { file, bytes });
    }
    let trouble = match bytes.cmp(&listed.bytes) {
        std::cmp::Ordering::Less => "the file is shorter than it was",
        std::cmp::Ordering::Greater => "the file is longer than it was",
        std::cmp::Ordering::Equal => "the file was altered",
    };
    let cause = format!(
        "{trouble}: expected {} bytes, blake3 {}; found {bytes} bytes, blake3 {}",
        listed.bytes,
        head(&listed.blake3),
        head(&digest)
    );
    Err(Error::new(ErrorKind::Damaged, "check a file of the run").at(path.display()).because(cause))
}

/// A file whose digest was as listed when it was opened.
#[derive(Debug)]
pub(super) struct CheckedFile {
    file: File,
    bytes: u64,
}

impl FileReader for CheckedFile {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(&self.file, buffer, offset)
    }
}

/// Opens a file of the run for reading. Anything but a regular file is damage: opening a pipe would wait for ever.
pub(super) fn open_regular(path: &Path) -> Result<File> {
    let damaged =
        |cause: &str| Error::new(ErrorKind::Damaged, "open a file of the run").at(path.display()).because(cause.to_owned());
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(damaged("it is not a regular file")),
        Err(error) if is_absent(&error) => return Err(damaged("the file is missing")),
        Err(error) => return Err(fault("open a file of the run", path, error)),
    }
    File::open(path).map_err(|error| fault("open a file of the run", path, error))
}

/// Whether there is no such file: nothing of that name, or a file where a folder was expected.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn digest(file: &mut File) -> io::Result<(u64, String)> {
    let mut hasher = blake3::Hasher::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&chunk[..read]);
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}

/// A manifest edited by hand may hold anything here, so no slicing by byte.
fn head(digest: &str) -> String {
    digest.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::store::{LocalStore, Store};

    fn stored() -> (tempfile::TempDir, LocalStore, FileDigest, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let store = LocalStore::create(&root.path().join("r1")).unwrap();
        let bytes: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
        let file = store.write("shop/stage/a", &bytes).unwrap();
        let path = store.folder().join("shop/stage/a");
        (root, store, file, path)
    }

    fn refusal(store: &LocalStore, file: &FileDigest) -> String {
        let error = store.open_checked(file).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
        assert!(error.places().iter().any(|place| place.ends_with("shop/stage/a")), "{error:?}");
        assert!(!error.hints().is_empty());
        error.causes().join("; ")
    }

    #[test]
    fn a_sound_file_is_read_from_any_place() {
        let (_root, store, file, _) = stored();
        let found = store.open_checked(&file).unwrap();
        let mut bytes = vec![0; usize::try_from(found.bytes()).unwrap() + 1];
        assert_eq!(found.read_at(&mut bytes, 2_999_999).unwrap(), 1);
        assert_eq!(found.read_at(&mut bytes, 0).unwrap(), 3_000_000);
        assert_eq!(found.read_at(&mut bytes, 3_000_000).unwrap(), 0);
        bytes.pop();
        assert_eq!(blake3::hash(&bytes).to_hex().as_str(), file.blake3);
    }

    #[test]
    fn a_flipped_bit_is_found_wherever_it_is() {
        let (_root, store, file, path) = stored();
        let sound = fs::read(&path).unwrap();
        for place in [0, 1_048_576, sound.len() - 1] {
            let mut bytes = sound.clone();
            bytes[place] ^= 0x10;
            fs::write(&path, &bytes).unwrap();
            let cause = refusal(&store, &file);
            assert!(cause.contains("altered") && cause.contains(&file.blake3[..16]) && !cause.contains(&file.blake3[..17]));
            assert!(cause.contains(&blake3::hash(&bytes).to_hex()[..16]), "{cause}");
        }
        fs::write(&path, &sound).unwrap();
        store.open_checked(&file).unwrap();
    }

    #[test]
    fn short_long_and_missing_are_found() {
        let (_root, store, file, path) = stored();
        let sound = fs::read(&path).unwrap();
        fs::write(&path, &sound[..sound.len() - 1]).unwrap();
        assert!(refusal(&store, &file).contains("shorter"));
        fs::write(&path, [&sound[..], &[0]].concat()).unwrap();
        assert!(refusal(&store, &file).contains("longer"));
        fs::write(&path, []).unwrap();
        assert!(refusal(&store, &file).contains("found 0 bytes"));
        fs::remove_file(&path).unwrap();
        assert!(refusal(&store, &file).contains("missing"));
        fs::create_dir(&path).unwrap();
        assert!(refusal(&store, &file).contains("not a regular file"));
    }

    #[test]
    fn a_digest_that_is_no_digest_does_not_panic() {
        let (_root, store, mut file, _) = stored();
        file.blake3 = "ü".repeat(9);
        assert!(refusal(&store, &file).contains("altered"));
        file.blake3.clear();
        assert!(refusal(&store, &file).contains("altered"));
    }
}
