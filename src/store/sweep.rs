//! What a crash left behind: temporary files, told by their names.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::fault;
use crate::error::Result;

/// Returns `.<name>.<pid>-<n>.tmp` beside `target`: hidden, on the same disk, and never one of the run's own names.
pub(super) fn temporary_name(target: &Path, pid: u32, number: u64) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{pid}-{number}.tmp"));
    target.with_file_name(name)
}

fn is_temporary(name: &str) -> bool {
    let Some(stem) = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".tmp")) else { return false };
    let Some((_, tail)) = stem.rsplit_once('.') else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    tail.split_once('-').is_some_and(|(pid, number)| digits(pid) && digits(number))
}

/// Returns every temporary file below `folder`, in order of path. Links are not followed.
pub(super) fn leftovers(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        look(&folder, &mut folders, &mut found).map_err(|error| fault("look for leftovers", &folder, error))?;
    }
    found.sort();
    Ok(found)
}

fn look(folder: &Path, folders: &mut Vec<PathBuf>, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push(entry.path());
        } else if kind.is_file() && entry.file_name().to_str().is_some_and(is_temporary) {
            found.push(entry.path());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_temporary_names_are_known_and_no_others() {
        let name = temporary_name(Path::new("/r/manifest.json"), 41, 7);
        assert_eq!(name, Path::new("/r/.manifest.json.41-7.tmp"));
        assert!(is_temporary(".manifest.json.41-7.tmp"));
        for other in ["manifest.json", ".a.tmp", ".a.1-.tmp", ".a.-1.tmp", ".a.x-1.tmp", "a.1-1.tmp", ".tmp", ".1-1.tmp"] {
            assert!(!is_temporary(other), "{other}");
        }
    }
}
