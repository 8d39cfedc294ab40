//! Dumps of databases as they are: taken by `pg_dump` over the way by which failback itself reaches the server, read whole, and
//! held against the server, table by table. A dump that is none of all that gets no name.

use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;

use super::backup::Backup;
use super::check::{CheckedBackup, check_backup};
use super::load::conninfo;
use super::program::{Ears, Programs, Variables};
use super::proof::count_against;
use crate::engine::run::{Context, Event};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::ServerIdentity;
use crate::staging::{Manifest, RestoredTable};
use crate::store::{backup_files, host_files};
use crate::text::amount;

/// A database that was dumped.
#[derive(Clone, Debug, Serialize)]
pub struct Dumped {
    /// Its name.
    pub database: String,
    /// Where the dump is.
    pub file: String,
    /// Its bytes.
    pub bytes: u64,
    /// Its digest by SHA-256.
    pub sha256: String,
    /// Each table, as the dump and as the server has it.
    pub tables: Vec<RestoredTable>,
    /// Where they differ: it was written meanwhile, or this is no dump of it.
    pub differences: Vec<String>,
}

/// What is being written; it gets its name once it was read and counted.
const BEGUN: &str = ".begun";

/// Dumps a database of a side into a folder, as `NAME.dump` with its digest beside it. One that is there already is read and
/// counted once more in its place. With a run, only the server that the run was exported from is dumped.
///
/// # Errors
/// `Refused` where it is not that server; what `pg_dump` and the server said; `Damaged` where the dump cannot be read to its
/// end.
pub async fn dump_database(
    context: &Context,
    programs: &Programs,
    (side, database): (Side, &str),
    into: &Path,
    run: Option<&Manifest>,
) -> Result<Dumped> {
    let session = context.servers().connect(side, database).await?;
    if let Some(run) = run {
        expect_exported(run, side, &session.identity().await?).place(|| session.place())?;
    }
    if database.contains('/') || database.starts_with('.') {
        return Err(Error::new(ErrorKind::Usage, "dump a database")
            .at(format!("database {database}"))
            .because("its name is none that a file may have")
            .next("dump it by hand: pg_dump --format=custom --file=FILE"));
    }
    let whole = into.join(format!("{database}.dump"));
    let begun = into.join(format!("{database}.dump{BEGUN}"));
    let is_there = host_files::exists(&whole);
    let path = if is_there { &whole } else { &begun };
    if !is_there {
        backup_files::discard(&begun)?;
        context.reporter().tell(Event::Note(format!("dumping {database} of {side}")));
        let variables = context.servers().endpoint(side).for_programs().await?;
        take(programs, &variables, database, path).await?;
    }
    let checked = read_whole(programs, path).await?;
    let (tables, differences) = count_against(&session, &checked, "are there").await?;
    session.close().await;
    let sha256 = checked.sha256.clone().unwrap_or_default();
    if !is_there && differences.is_empty() {
        backup_files::settle(&begun, &whole, SystemTime::now())?;
        let note = into.join(format!("{database}.dump.sha256"));
        backup_files::write_note(&note, &format!("{sha256}  {database}.dump\n"))?;
    }
    let rows = amount::rows(checked.rows());
    context.reporter().tell(Event::Note(format!("{database}: {rows} in {}", whole.display())));
    let bytes = checked.backup.bytes;
    Ok(Dumped { database: database.to_owned(), file: whole.display().to_string(), bytes, sha256, tables, differences })
}

/// # Errors
/// `Refused` where a run was exported from another server, or knows nothing of the database.
fn expect_exported(run: &Manifest, side: Side, now: &ServerIdentity) -> Result<()> {
    let refused = |cause: String| {
        Error::new(ErrorKind::Refused, "dump a database of the run")
            .because(cause)
            .next("check --old, --new and failback.toml, and the run that was named with --run")
    };
    let name = &now.database;
    let Some(known) = run.databases.iter().find(|known| known.name == *name) else {
        return Err(refused(format!("run {} holds nothing of {name}", run.run_id.as_str())));
    };
    let then = match side {
        Side::Old => &known.old,
        Side::New => &known.new,
    };
    let is_other = match (&then.system_identifier, &now.system_identifier) {
        (Some(then), Some(now)) => then != now,
        _ => false,
    };
    if is_other || then.database_oid != now.database_oid {
        return Err(refused(format!("run {} was exported from another {name} than this one", run.run_id.as_str())));
    }
    Ok(())
}

/// Has `pg_dump` write a database into a file.
///
/// # Errors
/// `Config` where it cannot be started, `Server` where it failed.
pub(super) async fn take(programs: &Programs, variables: &Variables, database: &str, path: &Path) -> Result<()> {
    let argv = [
        "pg_dump".to_owned(),
        "--format=custom".to_owned(),
        "--no-password".to_owned(),
        format!("--file={}", path.display()),
        format!("--dbname={}", conninfo(database)),
    ];
    let ears = Ears { out: &mut |_| {}, err: &mut |_| true };
    let ended = programs.run(&argv, variables, ears).await?;
    if ended.code == Some(0) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Server, "dump what is there now")
        .because(ended.said("pg_dump"))
        .next("a pg_dump that is older than the server is refused by it: name a newer one with --bin"))
}

/// Reads a dump of ours to its end.
///
/// # Errors
/// `Damaged` where that cannot be done.
pub(super) async fn read_whole(programs: &Programs, path: &Path) -> Result<CheckedBackup> {
    let Some(backup) = Backup::of(&backup_files::look(path)?)? else {
        return Err(Error::new(ErrorKind::Damaged, "read a dump").at(path.display()).because("it is no dump"));
    };
    let checked = check_backup(programs, &backup, None).await?;
    checked.expect_sound()?;
    Ok(checked)
}
