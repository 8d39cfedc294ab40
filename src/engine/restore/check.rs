//! Whether a backup can be restored: it is read whole, by the program that would restore it, and its rows are counted on their
//! way.
//!
//! A look at an archive's table of contents says nothing of what comes behind it. Reading all of it finds what is cut off, and
//! what does not unpack; every flipped bit is found by a checksum alone.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::backup::{Backup, Checksum, Grade};
use super::form::Form;
use super::header::major;
use super::program::{Ears, Programs, Variables};
use super::script::{Counted, Counter};
use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;
use crate::store::backup_files;
use crate::text::amount;

/// A backup that was read whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckedBackup {
    /// The backup; its grade is what the reading came to.
    #[serde(flatten)]
    pub backup: Backup,
    /// The digest of its file, as it is now; nothing of a folder.
    pub sha256: Option<String>,
    /// Whether that is what somebody has written down; nothing where nobody has.
    pub checksum_holds: Option<bool>,
    /// The rows of each table whose data is copied.
    pub tables: Vec<ArchivedTable>,
    /// Tables whose rows are inserted one by one, and not counted.
    pub uncounted: u64,
    /// Tables that it defines, and whose rows it leaves out.
    pub without_data: Vec<ArchivedName>,
    /// Whether it holds commands to psql, as one that leads into another database, so that it cannot be restored beside what is
    /// there.
    pub connects: bool,
    /// How long the reading took.
    pub seconds: f64,
}

/// A table in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedTable {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
}

/// The name of a table in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedName {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
}

impl CheckedBackup {
    /// The tables whose rows it leaves out, as `schema.name`.
    #[must_use]
    pub fn names_without_data(&self) -> Vec<String> {
        self.without_data.iter().map(|table| QualifiedName::new(&table.schema, &table.name).to_string()).collect()
    }

    /// Says which tables' rows it leaves out; nothing where it has those of all.
    #[must_use]
    pub fn leaves_out(&self) -> Option<String> {
        let names = self.names_without_data();
        let count = amount::plural(names.len() as u64, "table", "tables");
        (!names.is_empty())
            .then(|| format!("it holds the definitions of {count} without their rows: {}", amount::names(&names)))
    }

    /// All rows that were counted.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// # Errors
    /// `Damaged` where it cannot be relied on.
    pub fn expect_sound(&self) -> Result<()> {
        if self.backup.grade != Grade::Failure {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Damaged, "read the backup whole")
            .at(&self.backup.place)
            .because(self.backup.why.join("; "))
            .next("take another copy of it, or an older backup: `failback restore list` shows what there is"))
    }
}

/// Reads a backup whole. `expected` is its digest by SHA-256, where somebody has given it by hand.
///
/// # Errors
/// `Config` where no program here can read it; `Interrupted`; whatever reading its file can give.
pub async fn check_backup(programs: &Programs, backup: &Backup, expected: Option<&str>) -> Result<CheckedBackup> {
    let began = Instant::now();
    let mut checked = CheckedBackup {
        backup: backup.clone(),
        sha256: None,
        checksum_holds: None,
        tables: Vec::new(),
        uncounted: 0,
        without_data: Vec::new(),
        connects: false,
        seconds: 0.0,
    };
    if let Some(digest) = expected {
        checked.backup.checksum = Some(Checksum { by: "sha256".to_owned(), digest: digest.to_ascii_lowercase() });
        checked.backup.why.retain(|why| !why.contains("no checksum"));
        checked.backup.grade = if checked.backup.why.is_empty() { Grade::Ok } else { checked.backup.grade };
    }
    compare_digest(programs, &mut checked)?;
    // What is not what it was written as is not given to a program that would take it for sound.
    if let (Some(form), true) = (backup.form, checked.backup.grade != Grade::Failure) {
        expect_reader(programs, backup, form).await?;
        let (counted, fault) = read(programs, backup, form).await?;
        if let Some(fault) = fault {
            checked.backup.mind(Grade::Failure, &fault);
        } else if !counted.ended {
            checked.backup.mind(Grade::Failure, "it does not come to an end as a dump does: it was cut off");
        }
        // What an archive becomes is text of pg_restore's own, in which a function's body may look like a command.
        let connects = counted.connects || (counted.commands && form.is_script());
        if connects {
            checked.backup.mind(Grade::Warning, "it holds commands to psql (as \\connect): it cannot be restored");
        }
        (checked.uncounted, checked.connects) = (counted.uncounted, connects);
        let table = |(name, rows): (QualifiedName, u64)| ArchivedTable {
            schema: name.schema.as_str().to_owned(),
            name: name.name.as_str().to_owned(),
            rows,
        };
        let name = |table: QualifiedName| ArchivedName {
            schema: table.schema.as_str().to_owned(),
            name: table.name.as_str().to_owned(),
        };
        checked.without_data = counted.without_data.into_iter().map(name).collect();
        if let Some(why) = checked.leaves_out() {
            checked.backup.mind(Grade::Warning, &why);
        }
        checked.tables = counted.rows.into_iter().map(table).collect();
    }
    checked.seconds = began.elapsed().as_secs_f64();
    Ok(checked)
}

fn compare_digest(programs: &Programs, checked: &mut CheckedBackup) -> Result<()> {
    if backup_files::look(checked.backup.place.as_ref())?.is_folder {
        return match &checked.backup.checksum {
            None => Ok(()),
            Some(_) => Err(Error::new(ErrorKind::Usage, "compare the digest of a backup")
                .at(&checked.backup.place)
                .because("it is a folder, which has none")
                .next("leave --sha256 out: it is read whole in any case")),
        };
    }
    let found = backup_files::digests(checked.backup.place.as_ref(), &|| programs.stop().check())?;
    if let Some(known) = checked.backup.checksum.clone() {
        let own = if known.by == "md5" { &found.md5 } else { &found.sha256 };
        let holds = *own == known.digest;
        checked.checksum_holds = Some(holds);
        if !holds {
            let why = format!("its {} is {own}, and {} is written down of it", known.by, known.digest);
            checked.backup.mind(Grade::Failure, &why);
        }
    }
    checked.sha256 = Some(found.sha256);
    Ok(())
}

/// # Errors
/// `Config` where the programs that are here are older than the archive.
pub(super) async fn expect_reader(programs: &Programs, backup: &Backup, form: Form) -> Result<()> {
    if form.is_script() {
        return Ok(());
    }
    let have = programs.major("pg_restore").await?;
    match backup.dumped_by.as_deref().and_then(major) {
        Some(wanted) if wanted > have => Err(Error::new(ErrorKind::Config, "read the backup")
            .at(&backup.place)
            .because(format!("pg_dump {wanted} made it, and pg_restore is of PostgreSQL {have}, which cannot read it"))
            .next(format!("install the client programs of PostgreSQL {wanted} or newer, and name their folder with --bin"))),
        _ => Ok(()),
    }
}

/// Reads it through, and says what kept it from being read to its end.
async fn read(programs: &Programs, backup: &Backup, form: Form) -> Result<(Counted, Option<String>)> {
    let mut counter = Counter::default();
    let argv = match form {
        Form::Plain => {
            backup_files::read_through(backup.place.as_ref(), &mut |piece| {
                counter.feed(piece);
                programs.stop().check()
            })?;
            return Ok((counter.finish(), None));
        }
        Form::PlainGzip => ["gzip", "-dc", &backup.place],
        Form::Custom | Form::Directory | Form::Tar => ["pg_restore", "--file=-", &backup.place],
    };
    let argv = argv.map(str::to_owned);
    let ears = Ears { out: &mut |piece| counter.feed(piece), err: &mut |_| true };
    let ended = programs.run(&argv, &Variables::new(), ears).await?;
    let fault = (ended.code != Some(0)).then(|| ended.said(&argv[0]));
    Ok((counter.finish(), fault))
}
