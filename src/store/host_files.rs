//! Files that belong to the person or the machine, not to a run: configuration, certificates, password and service files.
//!
//! Comes in: a path. Goes out: its content, or whether others may read it.
//! Never: writes, and never quotes a file's content in an error.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, ErrorKind, Result};

/// Reads a text file.
///
/// # Errors
/// `Config` if the file is missing, unreadable or not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = read_bytes(path)?;
    String::from_utf8(bytes)
        .map_err(|_| Error::new(ErrorKind::Config, "read a text file").at(path.display()).because("the file is not UTF-8 text"))
}

/// Reads a file's bytes.
///
/// # Errors
/// `Config` if the file is missing or unreadable.
pub fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| fault(path, error))
}

/// Returns whether a file exists; a folder on the way that cannot be searched counts as "no", as it does for libpq.
#[must_use]
pub fn exists(path: &Path) -> bool {
    std::fs::metadata(path).is_ok()
}

/// Returns whether a file can be run as a program by somebody.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.mode() & 0o111 != 0)
}

/// Returns whether only the file's owner may read or write it (no bit of `0077` is set).
///
/// # Errors
/// `Config` if the file is missing.
pub fn mode_is_private(path: &Path) -> Result<bool> {
    let metadata = std::fs::metadata(path).map_err(|error| fault(path, error))?;
    let others = metadata.mode() & 0o077;
    Ok(others == 0)
}

/// Returns the name of the user this process runs as, where `/proc` and `/etc/passwd` know it.
#[must_use]
pub fn user_name() -> Option<String> {
    let uid = std::fs::metadata("/proc/self").ok()?.uid();
    user_of(&std::fs::read_to_string("/etc/passwd").ok()?, uid)
}

/// Returns who this process acts for: the user's name, or what is known of it. Never empty.
#[must_use]
pub fn acting_user() -> String {
    let number = || std::fs::metadata("/proc/self").ok().map(|process| format!("uid {}", process.uid()));
    user_name().or_else(asked).or_else(number).unwrap_or_else(|| "an unknown user".to_owned())
}

/// Asks the system, whose users may stand in a directory, and which may have no `/proc`.
fn asked() -> Option<String> {
    let output = Command::new("id").arg("-un").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !name.is_empty()).then_some(name)
}

fn user_of(passwd: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}

fn fault(path: &Path, error: io::Error) -> Error {
    let what = if error.kind() == io::ErrorKind::NotFound { "find a file" } else { "read a file" };
    Error::new(ErrorKind::Config, what).at(path.display()).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nshop:x:1001:1001::/home/shop:/bin/sh\n";
        assert_eq!(user_of(passwd, 1001).as_deref(), Some("shop"));
        assert_eq!(user_of(passwd, 7), None);
    }

    #[test]
    fn whoever_acts_has_a_name() {
        let name = asked().expect("a system with `id`");
        assert_eq!(user_name().unwrap_or_else(|| name.clone()), name);
        assert_eq!(acting_user(), name);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_text(Path::new("/nonexistent/failback")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.places(), ["/nonexistent/failback"]);
    }

    #[test]
    fn group_readable_is_not_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        let set = |mode| std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        set(0o600);
        assert!(mode_is_private(file.path()).unwrap());
        set(0o640);
        assert!(!mode_is_private(file.path()).unwrap());
    }
}
