//! One backup, and what is known of it before it is read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::header::Header;
use crate::error::Result;
use crate::store::backup_files::{self, FoundFile};
use crate::words::words;

/// What a backup is worth, as far as it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Nothing speaks against it.
    Ok,
    /// Something has to be known before it is relied on.
    Warning,
    /// It cannot be restored.
    Failure,
}

words!(Grade {
    Ok => "ok",
    Warning => "warning",
    Failure => "failure",
});

/// A digest that somebody has written down for a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checksum {
    /// `sha256` or `md5`.
    pub by: String,
    /// In hexadecimal.
    pub digest: String,
}

/// One backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Its name within the folder or container.
    pub name: String,
    /// Where it is: a path, or the address of a blob.
    pub place: String,
    /// Its form; nothing where it is not known, or it is none.
    pub form: Option<Form>,
    /// Its bytes.
    pub bytes: u64,
    /// When it was last written, which is when it ended.
    pub ended: Timestamp,
    /// The database that it is of, where it says so.
    pub database: Option<String>,
    /// When it was begun, by the clock of the machine that dumped, whose offset the archive does not say.
    pub stamped: Option<String>,
    /// The `pg_dump` that made it.
    pub dumped_by: Option<String>,
    /// The server that was dumped.
    pub server: Option<String>,
    /// What somebody has written down of its content.
    pub checksum: Option<Checksum>,
    /// The tier that a blob is kept in.
    pub tier: Option<String>,
    /// What it is worth.
    pub grade: Grade,
    /// Why.
    pub why: Vec<String>,
}

/// How a file is called that holds the digest of the one beside it.
const SIDECAR: &str = ".sha256";

/// What is still being fetched, and the last piece of it.
pub(super) const PART: &str = ".part";
pub(super) const PIECE: &str = ".piece";

/// How files are called that hold archives.
const PACKED: [&str; 8] = [".tar.gz", ".tgz", ".gz", ".zst", ".xz", ".bz2", ".zip", ".7z"];

/// How archives are called.
const CALLED: [&str; 6] = [".dump", ".backup", ".pgdump", ".tar", ".bak", ".sql"];

/// How much of the end of a script is looked at.
const TAIL: u32 = 512;

impl Backup {
    /// Looks at something that lies in a folder; `None` where it is not meant to be a backup.
    pub(super) fn of(found: &FoundFile) -> Result<Option<Self>> {
        if found.name.ends_with(SIDECAR) || found.name.starts_with('.') {
            return Ok(None);
        }
        let mut backup = Self {
            name: found.name.clone(),
            place: found.path.display().to_string(),
            form: None,
            bytes: found.bytes,
            ended: Timestamp::try_from(found.written).unwrap_or(Timestamp::UNIX_EPOCH),
            database: None,
            stamped: None,
            dumped_by: None,
            server: None,
            checksum: sidecar(found)?,
            tier: None,
            grade: Grade::Ok,
            why: Vec::new(),
        };
        if [PART, PIECE].iter().any(|ending| found.name.ends_with(ending)) {
            backup.mind(Grade::Failure, "it is still being fetched, or its fetching was broken off");
            return Ok(Some(backup));
        }
        let Some((form, head)) = Form::of(found)? else {
            let Some(why) = unreadable(found)? else { return Ok(None) };
            backup.mind(Grade::Failure, why);
            return Ok(Some(backup));
        };
        backup.form = Some(form);
        backup.read_head(form, &head);
        if form == Form::Plain {
            let tail = backup_files::tail(&found.path, TAIL)?;
            if !String::from_utf8_lossy(&tail).contains("-- PostgreSQL database dump complete") {
                backup.mind(Grade::Failure, "it does not end as a dump does: it was cut off");
            }
        }
        if backup.checksum.is_none() {
            backup.mind(Grade::Warning, "no checksum is known of it");
        }
        Ok(Some(backup))
    }

    fn read_head(&mut self, form: Form, head: &[u8]) {
        let header = match form {
            Form::Custom | Form::Directory => Header::parse(head),
            // Behind the first header of a tar archive lies the table of contents.
            Form::Tar => head.get(512..).and_then(Header::parse),
            Form::Plain => Some(Header::of_script(head)),
            Form::PlainGzip => Some(Header::default()),
        };
        match header {
            Some(Header { database, server, dumped_by, stamped, .. }) => {
                (self.database, self.server, self.dumped_by, self.stamped) = (database, server, dumped_by, stamped);
            }
            None => self.mind(Grade::Failure, "its header cannot be read"),
        }
    }

    /// Notes what speaks against it.
    pub(super) fn mind(&mut self, grade: Grade, why: &str) {
        self.grade = self.grade.max(grade);
        self.why.push(why.to_owned());
    }

    /// Whether it is of a database: as it says itself, else as it is called.
    #[must_use]
    pub fn is_of(&self, database: &str) -> bool {
        if let Some(own) = &self.database {
            return own == database;
        }
        let file = self.name.rsplit('/').next().unwrap_or_default();
        let rest = file.strip_prefix(database);
        rest.is_some_and(|rest| !rest.chars().next().is_some_and(|next| next.is_alphanumeric() || next == '_'))
    }
}

/// Says why something that was meant to be a backup is none that can be restored; `None` where it was not meant to be one.
fn unreadable(found: &FoundFile) -> Result<Option<&'static str>> {
    if found.is_folder {
        let has_data = |file: &FoundFile| file.name.starts_with(|c: char| c.is_ascii_digit()) && file.name.contains(".dat");
        let has_data = backup_files::list(&found.path)?.iter().any(has_data);
        return Ok(has_data.then_some("it has no table of contents (toc.dat): the dump did not come to its end"));
    }
    let name = found.name.to_ascii_lowercase();
    let is_packed = PACKED.iter().any(|ending| name.ends_with(ending));
    let is_called = CALLED.iter().any(|ending| name.ends_with(ending));
    Ok(match found.bytes {
        0 if is_packed || is_called => Some("it is empty"),
        _ if is_packed => Some("it is packed in a form that is not read here: unpack it first, into a folder"),
        _ if is_called => Some("it does not begin as a dump does"),
        _ => None,
    })
}

/// Reads the digest that lies beside a file: alone, or as `sha256sum` writes it.
fn sidecar(found: &FoundFile) -> Result<Option<Checksum>> {
    let mut path = found.path.clone().into_os_string();
    path.push(SIDECAR);
    let Some(text) = backup_files::beside(path.as_ref())? else { return Ok(None) };
    let digest = text.split_whitespace().next().unwrap_or_default().trim_start_matches('\\').to_ascii_lowercase();
    Ok(Some(Checksum { by: "sha256".to_owned(), digest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_says_nothing_is_of_the_database_it_is_called_by() {
        let called = |name: &str, database: Option<&str>| Backup {
            name: name.to_owned(),
            place: String::new(),
            form: None,
            bytes: 1,
            ended: Timestamp::UNIX_EPOCH,
            database: database.map(str::to_owned),
            stamped: None,
            dumped_by: None,
            server: None,
            checksum: None,
            tier: None,
            grade: Grade::Ok,
            why: Vec::new(),
        };
        for name in ["chain_db", "chain_db.dump", "nightly/chain_db-2025-11-22.sql", "chain_db 1"] {
            assert!(called(name, None).is_of("chain_db"), "{name}");
        }
        assert!(!called("chain_db.dump", None).is_of("chain") && !called("chain_db_old.dump", None).is_of("chain_db"));
        assert!(
            called("any.dump", Some("chain_db")).is_of("chain_db") && !called("chain_db.dump", Some("x")).is_of("chain_db")
        );
    }
}
