//! The folder of one throwaway server: its data, its settings, its log.
//!
//! Comes in: the account that the server runs under. Goes out: a folder that only this account can enter, marked so that it can
//! be told from any other, and the files in it.
//! Never: removes a folder that lacks the mark.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::cluster_options::ServerTls;
use crate::error::{Error, ErrorKind, Result};

/// The file that proves that a folder is a throwaway server's.
const MARKER: &str = "failback-throwaway-server";

/// The files of TLS, in the folder with the server's data.
const CERTIFICATE: &str = "server.crt";
const KEY: &str = "server.key";
const CLIENT_AUTHORITY: &str = "client_authority.crt";

/// A throwaway server's folder.
pub(super) struct ServerFolder {
    path: PathBuf,
    account: Account,
}

impl ServerFolder {
    /// Makes a folder. It has no mark yet; see [`ServerFolder::mark`].
    pub(super) fn create(path: PathBuf, account: Account) -> Result<Self> {
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(|cause| storage("create", &path, cause))?;
        Ok(Self { path, account })
    }

    /// Takes a folder that was made earlier.
    ///
    /// # Errors
    /// `Refused` if it lacks the mark.
    pub(super) fn open(path: &Path, account: Account) -> Result<Self> {
        if !path.join(MARKER).is_file() {
            let error = Error::new(ErrorKind::Refused, "remove a throwaway server").at(path.display());
            return Err(error.because("the folder is not a throwaway server's"));
        }
        Ok(Self { path: path.to_path_buf(), account })
    }

    /// Hands it to the server's account and marks it.
    pub(super) fn mark(&self) -> Result<()> {
        self.give(&self.path)?;
        self.write(MARKER, "")
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// Returns the folder with the server's data.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// Returns the server's pid file.
    pub(super) fn pid_file(&self) -> PathBuf {
        self.data().join("postmaster.pid")
    }

    /// Returns the log of the server's latest start.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// Returns what the log says.
    pub(super) fn log_lines(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Puts the log of an earlier start aside, so that what it says is not taken for what the next start says.
    pub(super) fn rotate_log(&self) {
        let _ = fs::rename(self.log(), self.path.join("server.log.1"));
    }

    /// Appends a setting; the last one of a name is in force.
    pub(super) fn set(&self, name: &str, value: &str) -> Result<()> {
        let line = format!("{name} = '{}'\n", value.replace('\'', "''"));
        let path = self.data().join("postgresql.conf");
        let file = fs::OpenOptions::new().append(true).open(&path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(|cause| storage("write", &path, cause))
    }

    /// Writes who may connect how.
    pub(super) fn write_hba(&self, lines: &[String]) -> Result<()> {
        self.write(self.data().join("pg_hba.conf"), &(lines.join("\n") + "\n"))
    }

    /// Writes the server's certificate and the settings that name it.
    pub(super) fn write_tls(&self, tls: &ServerTls) -> Result<()> {
        let data = self.data();
        self.write(data.join(CERTIFICATE), &tls.certificate)?;
        self.write(data.join(KEY), &tls.key)?;
        self.write(data.join(CLIENT_AUTHORITY), tls.client_authority.as_deref().unwrap_or_default())?;
        let client_authority = tls.client_authority.as_ref().map_or("", |_| CLIENT_AUTHORITY);
        [("ssl", "on"), ("ssl_cert_file", CERTIFICATE), ("ssl_key_file", KEY), ("ssl_ca_file", client_authority)]
            .iter()
            .try_for_each(|(name, value)| self.set(name, value))
    }

    /// Writes a file that only the server's account can read, in place of one that may be there.
    pub(super) fn write(&self, name: impl AsRef<Path>, text: &str) -> Result<()> {
        let path = self.path.join(name);
        // A new file, never through a link of the server's account.
        let _ = fs::remove_file(&path);
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|cause| storage("write", &path, cause))?;
        self.give(&path)
    }

    /// Removes a file.
    pub(super) fn remove(&self, name: &str) -> Result<()> {
        fs::remove_file(self.path.join(name)).map_err(|cause| storage("remove", &self.path, cause))
    }

    /// Makes the server's account the owner.
    fn give(&self, path: &Path) -> Result<()> {
        match self.account {
            Account::Own => Ok(()),
            Account::Other { uid, gid } => chown(path, Some(uid), Some(gid)).map_err(|cause| storage("hand over", path, cause)),
        }
    }
}

/// Returns the error of a file of the demo.
pub(super) fn storage(verb: &str, path: &Path, cause: std::io::Error) -> Error {
    let kind = if cause.kind() == std::io::ErrorKind::StorageFull { ErrorKind::StorageFull } else { ErrorKind::Storage };
    Error::new(kind, format!("{verb} a file of the demo")).at(path.display()).because(cause)
}
