//! Which backups a folder holds, and which of them is the one to go back to.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use super::backup::{Backup, Grade};
use super::form::Form;
use crate::error::{Error, ErrorKind, Result};
use crate::store::backup_files;

/// Lists the backups of a folder, the oldest first; or the one that a path leads to.
///
/// # Errors
/// `Usage` where there is nothing, or what is there is no backup.
pub fn backups(source: &Path) -> Result<Vec<Backup>> {
    let found = backup_files::look(source)?;
    let is_folder_of = found.is_folder && Form::of(&found)?.is_none();
    if !is_folder_of {
        let Some(backup) = Backup::of(&found)? else {
            return Err(Error::new(ErrorKind::Usage, "find a backup")
                .at(source.display())
                .because("it is no dump of PostgreSQL's: neither an archive of pg_dump's, nor a script")
                .next("an archive that is packed once more has to be unpacked first"));
        };
        return Ok(vec![backup]);
    }
    let mut backups = Vec::new();
    for found in backup_files::list(source)? {
        backups.extend(Backup::of(&found)?);
    }
    backups.sort_by(|left, right| (left.ended, &left.name).cmp(&(right.ended, &right.name)));
    Ok(backups)
}

/// Reads a point of time, which has to say its offset: without one it is another moment on every machine.
///
/// # Errors
/// `Usage` where it says none, or is none.
pub fn point_of_time(text: &str) -> Result<Timestamp> {
    text.parse().map_err(|error: jiff::Error| {
        let has_no_offset = text.parse::<jiff::civil::DateTime>().is_ok();
        let fault = Error::new(ErrorKind::Usage, "read the point of time").at(text);
        let fault = if has_no_offset {
            fault.because("it says no offset, so that it is another moment on every machine")
        } else {
            fault.because(error)
        };
        fault.next("write it as 2026-11-22T10:00:00+02:00, or with Z for UTC")
    })
}

/// Chooses the newest backup of each database that ended before a point of time and can be restored. Without names, of each
/// database that any backup says it is of.
///
/// # Errors
/// `Refused` where there is none of a database, with what there is; `Usage` where no database is known.
pub fn choose(backups: &[Backup], at: Timestamp, databases: &[String]) -> Result<Vec<(String, Backup)>> {
    let said: BTreeSet<&str> = backups.iter().filter_map(|backup| backup.database.as_deref()).collect();
    let names: Vec<&str> =
        if databases.is_empty() { said.into_iter().collect() } else { databases.iter().map(String::as_str).collect() };
    if names.is_empty() {
        return Err(Error::new(ErrorKind::Usage, "choose a backup")
            .because("none of them says which database it is of")
            .next("name the databases with --databases: a file is of the one that its name begins with"));
    }
    names.into_iter().map(|name| newest(backups, at, name).map(|backup| (name.to_owned(), backup.clone()))).collect()
}

fn newest<'a>(backups: &'a [Backup], at: Timestamp, name: &str) -> Result<&'a Backup> {
    let all = || backups.iter().filter(|backup| backup.is_of(name));
    let fits = |backup: &&Backup| backup.ended <= at && backup.grade != Grade::Failure;
    if let Some(found) = all().filter(fits).max_by_key(|backup| backup.ended) {
        return Ok(found);
    }
    let mut error = Error::new(ErrorKind::Refused, "choose a backup")
        .at(format!("database {name}"))
        .because(format!("none that can be restored ended by {at}"));
    for backup in all().take(5) {
        let why = if backup.ended > at { "too late".to_owned() } else { backup.why.join("; ") };
        error = error.next(format!("{} ended {}: {why}", backup.name, backup.ended));
    }
    Err(error.next("look at what there is (`failback restore list`), and choose another --at, or another source"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backup(name: &str, ended: &str, grade: Grade) -> Backup {
        Backup {
            name: name.to_owned(),
            place: String::new(),
            form: Some(Form::Custom),
            bytes: 1,
            ended: ended.parse().unwrap(),
            database: Some("a".to_owned()),
            stamped: None,
            dumped_by: None,
            server: None,
            checksum: None,
            tier: None,
            grade,
            why: Vec::new(),
        }
    }

    #[test]
    fn the_newest_that_ended_before_is_chosen() {
        let backups = [
            backup("one", "2026-11-22T01:00:00Z", Grade::Warning),
            backup("two", "2026-11-22T02:00:00Z", Grade::Ok),
            backup("broken", "2026-11-22T02:30:00Z", Grade::Failure),
            backup("three", "2026-11-22T03:00:00Z", Grade::Ok),
        ];
        let chosen = |at: &str| choose(&backups, point_of_time(at).unwrap(), &[]).map(|found| found[0].1.name.clone());
        // Half past four there is half past two in UTC.
        assert_eq!(chosen("2026-11-22T04:30:00+02:00").unwrap(), "two");
        assert_eq!(chosen("2026-11-22T01:00:00Z").unwrap(), "one", "at that very moment it had ended");
        let error = chosen("2026-11-22T00:59:59Z").unwrap_err();
        assert!(error.kind() == ErrorKind::Refused && error.hints()[0].contains("too late"), "{error:?} {:?}", error.hints());
        assert!(choose(&backups, Timestamp::MAX, &["b".to_owned()]).is_err());
    }

    #[test]
    fn a_time_without_an_offset_is_none() {
        for text in ["2026-11-22T10:00:00", "2026-11-22 10:00", "yesterday", ""] {
            assert_eq!(point_of_time(text).unwrap_err().kind(), ErrorKind::Usage, "{text}");
        }
        assert!(point_of_time("2026-11-22T10:00:00").unwrap_err().causes()[0].contains("offset"));
        assert!(point_of_time("2026-11-22T10:00:00+02:00").is_ok() && point_of_time("2026-11-22 10:00:00Z").is_ok());
    }
}
