//! Loading a backup into its database: by `pg_restore`, over several connections, or by psql where it is a script.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;

use super::backup::Backup;
use super::complaint::Complaints;
use super::form::Form;
use super::need::LeftOut;
use super::program::{Ears, Programs, Variables};
use crate::engine::run::{Event, Reporter};
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;
use crate::store::backup_files;
use crate::text::amount;

/// How a backup is loaded.
#[derive(Clone, Debug)]
pub(super) struct Load<'a> {
    /// The backup.
    pub(super) backup: &'a Backup,
    /// The database that it is loaded into.
    pub(super) database: &'a str,
    /// Connections, at most.
    pub(super) jobs: usize,
    /// What is not carried out.
    pub(super) left_out: LeftOut,
    /// How the server is reached.
    pub(super) variables: &'a Variables,
}

/// How often it is told how far it has come.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// `pg_restore` restores statistics unless it is told not to, and older servers have no place for them.
const STATISTICS: u32 = 18;

/// Loads it, and returns which settings the server does not know.
///
/// # Errors
/// `Server` or `ServerFull` with the first complaint that is a fault; `Interrupted`.
pub(super) async fn load(
    programs: &Programs,
    load: &Load<'_>,
    (session, reporter): (&Session, &Reporter),
) -> Result<Vec<String>> {
    let loading = async {
        match load.backup.form {
            Some(Form::Plain | Form::PlainGzip) => by_psql(programs, load).await.map(|()| Vec::new()),
            _ => by_pg_restore(programs, load).await,
        }
    };
    tokio::pin!(loading);
    let began = Instant::now();
    loop {
        tokio::select! {
            done = &mut loading => return done,
            () = tokio::time::sleep(TOLD_EVERY) => {
                let found = super::scratch::facts(session, load.database).await.ok().flatten();
                let bytes = found.and_then(|found| found.bytes).map_or_else(|| "?".to_owned(), amount::bytes);
                let seconds = began.elapsed().as_secs();
                reporter.tell(Event::Note(format!("{}: {bytes} after {seconds} s", load.database)));
            }
        }
    }
}

async fn by_pg_restore(programs: &Programs, load: &Load<'_>) -> Result<Vec<String>> {
    let mut argv = vec!["pg_restore".to_owned(), format!("--dbname={}", conninfo(load.database)), "--no-password".to_owned()];
    // Tables go where the database's are: its tablespaces are another machine's folders.
    argv.push("--no-tablespaces".to_owned());
    if load.backup.form != Some(Form::Tar) {
        argv.push(format!("--jobs={}", load.jobs));
    }
    if programs.major("pg_restore").await? >= STATISTICS {
        argv.push("--no-statistics".to_owned());
    }
    argv.extend(load.left_out.owner.then(|| "--no-owner".to_owned()));
    argv.extend(load.left_out.privileges.then(|| "--no-privileges".to_owned()));
    argv.push(load.backup.place.clone());
    let mut complaints = Complaints::default();
    let ears = Ears { out: &mut |_| {}, err: &mut |line| complaints.take(line) };
    let ended = programs.run(&argv, load.variables, ears).await?;
    complaints.finish(ended.code).map_err(|fault| failed(load, &fault))
}

/// What a newer `pg_dump` sets, and an older server does not know: the script's own lines, to the letter.
const UNKNOWN: &[u8] = b"SET transaction_timeout = 0;\n";

/// How much of a script's beginning may hold such lines.
const HEAD: usize = 16 * 1024;

async fn by_psql(programs: &Programs, load: &Load<'_>) -> Result<()> {
    let target = format!("--dbname={}", conninfo(load.database));
    let argv = ["psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", &target, "--file=-"];
    let argv = argv.map(str::to_owned);
    let mut psql = programs.start(&argv, load.variables, std::process::Stdio::piped())?;
    let Some(mut stdin) = psql.take_input() else { return Err(failed(load, "psql has no input")) };
    let path = std::path::PathBuf::from(&load.backup.place);
    let packed = load.backup.form == Some(Form::PlainGzip);
    let feeding = async {
        let (sender, mut pieces) = tokio::sync::mpsc::channel::<Vec<u8>>(4);
        let read = async {
            if packed {
                unpack(programs, &load.backup.place, sender).await
            } else {
                let reading = tokio::task::spawn_blocking(move || {
                    backup_files::read_through(&path, &mut |piece| {
                        let gone = |_| Error::new(ErrorKind::Server, "feed psql").because("it ended before its input");
                        sender.blocking_send(piece.to_vec()).map_err(gone)
                    })
                });
                reading.await.map_err(|error| Error::new(ErrorKind::Storage, "read the backup").because(error))?.map(drop)
            }
        };
        let write = async {
            let mut is_first = true;
            while let Some(mut piece) = pieces.recv().await {
                if std::mem::take(&mut is_first) {
                    drop_unknown(&mut piece);
                }
                // Where psql has ended, its own complaint says why.
                if stdin.write_all(&piece).await.is_err() {
                    break;
                }
            }
            drop(pieces);
            let _ = stdin.shutdown().await;
            drop(stdin);
        };
        tokio::join!(read, write).0
    };
    let ears = Ears { out: &mut |_| {}, err: &mut |_| true };
    let (fed, ended) = tokio::join!(feeding, programs.attend(psql, ears));
    let ended = ended?;
    if ended.code == Some(0) { fed } else { Err(failed(load, &ended.said("psql"))) }
}

/// Unpacks a script by gzip, piece by piece.
async fn unpack(programs: &Programs, place: &str, sender: tokio::sync::mpsc::Sender<Vec<u8>>) -> Result<()> {
    use tokio::io::AsyncReadExt as _;
    let argv = ["gzip", "-dc", place].map(str::to_owned);
    let mut gzip = programs.start(&argv, &Variables::new(), std::process::Stdio::null())?;
    if let Some(mut out) = gzip.take_output() {
        let mut buffer = vec![0; 256 * 1024];
        while let Ok(read @ 1..) = out.read(&mut buffer).await {
            if sender.send(buffer[..read].to_vec()).await.is_err() {
                break;
            }
        }
    }
    drop(sender);
    match gzip.wait().await {
        Some(0) => Ok(()),
        _ => Err(Error::new(ErrorKind::Damaged, "unpack the backup").at(place).because("gzip did not come to its end")),
    }
}

/// Takes the lines that an older server does not know out of a script's beginning.
fn drop_unknown(piece: &mut Vec<u8>) {
    let head = piece.len().min(HEAD);
    let found = piece[..head].windows(UNKNOWN.len() + 1).position(|window| window[0] == b'\n' && &window[1..] == UNKNOWN);
    if let Some(at) = found {
        piece.drain(at + 1..=at + UNKNOWN.len());
    }
}

/// Names a database in a connection string; a bare name may be taken for one.
pub(super) fn conninfo(database: &str) -> String {
    format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn failed(load: &Load<'_>, fault: &str) -> Error {
    let kind = if fault.contains("No space left on device") { ErrorKind::ServerFull } else { ErrorKind::Server };
    Error::new(kind, "restore the backup")
        .at(&load.backup.place)
        .at(format!("database {}", load.database))
        .because(fault.to_owned())
        .next("the database that it was restored into is removed; correct what is named above, then run the same command again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_connection_string() {
        assert_eq!(conninfo("it's a=b\\c"), "dbname='it\\'s a=b\\\\c'");
    }

    #[test]
    fn what_an_older_server_does_not_know_is_dropped_and_nothing_else() {
        let mut script = b"SET lock_timeout = 0;\nSET transaction_timeout = 0;\nSET x = 1;\n".to_vec();
        drop_unknown(&mut script);
        assert_eq!(script, b"SET lock_timeout = 0;\nSET x = 1;\n");
        let mut data = b"COPY t FROM stdin;\n SET transaction_timeout = 0;\n".to_vec();
        let before = data.clone();
        drop_unknown(&mut data);
        assert_eq!(data, before);
    }
}
