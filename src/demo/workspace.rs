//! The demo's private folder: what a person would have on the jump host in an incident.
//!
//! Comes in: both servers. Goes out: `failback.toml`, a password file, and place for the run, in a folder of mode 0700 that is
//! gone with its owner unless it is kept.
//! Never: holds a password but in the password file.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::binaries::Binaries;
use super::cluster::{Cluster, USER, random_hex, remove_kept};
use super::estate::databases;
use super::server_folder::storage;
use super::standin::end_kept;
use crate::error::{Error, ErrorKind, Result};

/// The configuration's file name.
pub(super) const CONFIG: &str = "failback.toml";

/// The folder of stand-ins.
pub(super) const STANDINS: &str = "standins";

/// The folder of runs.
const RUNS: &str = "runs";

/// The password file.
const PASSWORDS: &str = "pgpass";

/// The file that proves that a folder is a demo's that was kept; it lists the folders of the servers, one a line.
const MARKER: &str = "failback-demo";

/// What the demo knows about its tables that failback cannot know, as people who know their application would write it down.
const TABLES: [(&str, &str, &str, &str); 4] = [
    ("", "audit.changes", "created = \"changed_at\"", "an audit trail: rows are written once, at changed_at"),
    (
        "chain_db",
        "public.tokens",
        "method = \"compare\"",
        "the price job switches tokens_touch off, so updated_at does not tell what it changed",
    ),
    (
        "publisher_db",
        "public.publications",
        "method = \"compare\"",
        "repair scripts switch publications_touch off, so updated_at does not tell what they changed",
    ),
    (
        "story_generator_db",
        "public.chapters",
        "method = \"compare\"",
        "the embedding job switches chapters_touch off, so updated_at does not tell what it changed",
    ),
];

/// A private folder. Dropping it removes it.
pub(super) struct Workspace {
    folder: PathBuf,
    kept: bool,
}

impl Workspace {
    /// Makes the folder and writes the files.
    pub(super) fn create(old: &Cluster, new: &Cluster, cutover: Timestamp) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("failback-demo-{}", random_hex(4)?));
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(|cause| storage("create", &folder, cause))?;
        // From here on drop cleans up.
        let workspace = Self { folder, kept: false };
        let line = |server: &Cluster| format!("127.0.0.1:{}:*:{USER}:{}\n", server.port(), server.password);
        workspace.write(PASSWORDS, &(line(old) + &line(new)))?;
        workspace.write(CONFIG, &workspace.config(old, new, cutover))?;
        Ok(workspace)
    }

    /// Returns the folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the folder of runs.
    pub(super) fn runs(&self) -> PathBuf {
        self.folder.join(RUNS)
    }

    /// Returns a connection string for `psql`, without the password.
    pub(super) fn connection(&self, port: u16) -> String {
        self.connection_to(port, databases()[0])
    }

    /// The same for a database of the server.
    pub(super) fn connection_to(&self, port: u16, database: &str) -> String {
        let passwords = self.folder.join(PASSWORDS);
        format!("host=127.0.0.1 port={port} user={USER} dbname={database} passfile={}", passwords.display())
    }

    /// Leaves the folder where it is, with the folders of the servers written down for [`stop`].
    pub(super) fn keep(mut self, servers: &[PathBuf]) -> Result<()> {
        let lines: Vec<String> = servers.iter().map(|folder| folder.display().to_string()).collect();
        self.write(MARKER, &(lines.join("\n") + "\n"))?;
        self.kept = true;
        Ok(())
    }

    fn config(&self, old: &Cluster, new: &Cluster, cutover: Timestamp) -> String {
        let text = |value: &str| toml_edit::Value::from(value).to_string().trim().to_owned();
        let passwords = text(&self.folder.join(PASSWORDS).to_string_lossy());
        let names: Vec<_> = databases().iter().map(|name| text(name)).collect();
        let mut config = format!(
            "# Written by `failback demo`.\n\ncutover = \"{cutover}\"\ndatabases.only = [{}]\nzone = \"UTC\"\n\
             runs = \"{RUNS}\"\n",
            names.join(", ")
        );
        for (side, server) in [("old", old), ("new", new)] {
            let port = server.port();
            let _ = write!(
                config,
                "\n[{side}]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{USER}\"\ndbname = \"postgres\"\n\
                 passfile = {passwords}\n"
            );
        }
        for (database, table, setting, why) in TABLES {
            let section = if database.is_empty() { String::new() } else { format!("databases.{database}.") };
            let _ = write!(config, "\n[{section}tables.\"{table}\"]\n{setting}\nwhy = {}\n", text(why));
        }
        config
    }

    /// Adds to a file.
    pub(super) fn append(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        let file = fs::OpenOptions::new().append(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|cause| storage("write", &path, cause))
    }

    /// Writes another text into a file.
    pub(super) fn replace(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|cause| storage("write", &path, cause))
    }

    /// Makes a folder below.
    pub(super) fn make_folder(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(|cause| storage("create", &path, cause))
    }

    /// Returns the newest folder below a place among the runs.
    pub(super) fn newest(&self, place: &[&str]) -> Result<PathBuf> {
        let path = place.iter().fold(self.runs(), |path, name| path.join(name));
        let entries = fs::read_dir(&path).map_err(|cause| storage("look into", &path, cause))?;
        let folders = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
        folders.max().ok_or_else(|| Error::new(ErrorKind::Storage, "find a rollback").at(path.display()))
    }

    /// Writes a file that is not there yet.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|cause| storage("write", &path, cause))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if !self.kept {
            // Drop cannot report an error.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Stops the servers and the stand-ins of a demo that was kept, and removes them and its folder.
///
/// # Errors
/// `Refused` if the folder is not one that a demo with `keep` left.
pub fn stop(binaries: &Binaries, folder: &Path) -> Result<()> {
    let servers = fs::read_to_string(folder.join(MARKER)).map_err(|_| {
        Error::new(ErrorKind::Refused, "stop a demo")
            .at(folder.display())
            .because("the folder is not one that `failback demo --keep` left")
            .next("give the folder that `failback demo --keep` printed")
    })?;
    end_kept(&folder.join(STANDINS));
    // A machine that was started anew may have emptied its folder for temporary files.
    for server in servers.lines().map(Path::new).filter(|server| server.exists()) {
        remove_kept(binaries, server)?;
    }
    fs::remove_dir_all(folder).map_err(|cause| storage("remove", folder, cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_demos_folder_is_ever_removed() {
        let Ok(binaries) = Binaries::find(&|name| std::env::var(name).ok()) else { return };
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("precious"), "").unwrap();
        assert_eq!(stop(&binaries, folder.path()).unwrap_err().kind(), ErrorKind::Refused);
        assert!(folder.path().join("precious").exists());
    }
}
