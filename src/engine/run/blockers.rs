//! Who stands in the way of a transaction of ours. Once a wait for a lock has ended the server no longer knows whom it was for,
//! so another session looks while it lasts.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};

use futures::future::{self, Either};
use tokio::time::sleep;
use tokio_postgres::Row;

use super::{Servers, ShortWaits};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::sqlstate;

const BLOCKERS: &str = include_str!("../../../sql/session/blockers.sql");

/// Does some work on sessions that wait for locks no longer than so long; if it fails for want of one, the error says who had
/// it. Each side is watched from a database of it.
pub(crate) async fn naming_blockers<T>(
    servers: &Servers,
    watched: &[(Side, &str, &ShortWaits)],
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let seen = Mutex::new(None);
    let watch = async {
        // Whoever cannot look cannot tell: the work goes on all the same.
        let looks = watched.iter().map(|(side, database, waits)| watch(servers, (*side, database), waits, &seen));
        let _ = future::join_all(looks).await;
        future::pending::<()>().await;
    };
    let done = match future::select(pin!(work), pin!(watch)).await {
        Either::Left((done, _)) => done,
        Either::Right(((), work)) => work.await,
    };
    done.map_err(|error| {
        let longest = watched.iter().map(|(_, _, waits)| *waits).max_by_key(|waits| waits.timeout());
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        match longest {
            Some(waits) if is_lock_wait(&error) => named(error, waits, seen),
            _ => error,
        }
    })
}

/// Whether what failed was a wait for a lock: nobody had time to wait longer, or no wait would have helped.
pub(crate) fn is_lock_wait(error: &Error) -> bool {
    matches!(sqlstate(error), Some("55P03" | "40P01"))
}

/// Keeps in mind whom the sessions waited for last.
async fn watch(
    servers: &Servers,
    (side, database): (Side, &str),
    waits: &ShortWaits,
    seen: &Mutex<Option<(Side, String)>>,
) -> Result<()> {
    sleep(waits.first_look()).await;
    let observer = servers.connect(side, database).await?;
    loop {
        let found = observer.query(BLOCKERS, &[&waits.pids()]).await?;
        if !found.is_empty() {
            let sessions: Vec<_> = found.iter().map(blocker).collect();
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((side, sessions.join("; ")));
        }
        sleep(waits.pause()).await;
    }
}

fn named(error: Error, waits: &ShortWaits, seen: Option<(Side, String)>) -> Error {
    let (kind, timeout) = (error.kind(), waits.timeout());
    let waited = if kind == ErrorKind::Contention { "waited in a circle" } else { &format!("waited {timeout:?}") };
    let said = match seen {
        None => format!("{waited} for a lock: it was not seen who has it"),
        Some((side, who)) if waits.only_read() => format!("{waited} for a lock on {side}: {who}"),
        Some((_, who)) => format!("{waited} for a lock: {who}"),
    };
    let what = if waits.only_read() { "read what somebody has locked" } else { "lock what is to be written" };
    Error::new(kind, what).because(Error::new(kind, said).because(error))
}

/// Says which session it is, without what it runs.
fn blocker(row: &Row) -> String {
    let text = |column: &str| row.get::<_, Option<String>>(column).filter(|text| !text.is_empty());
    let pid: i32 = row.get("pid");
    if pid == 0 {
        return "a prepared transaction has it (see pg_prepared_xacts)".to_owned();
    }
    let mut said = format!("session {pid}");
    if let Some(kind) = text("kind").filter(|kind| kind != "client backend") {
        said.extend([", ", &kind, ","]);
    }
    for (word, column) in [(" of ", "user_name"), (", application ", "application"), (", from ", "client")] {
        if let Some(value) = text(column) {
            said.extend([word, &value]);
        }
    }
    said.push_str(" has it");
    for (word, column) in [(", ", "state"), (", in a transaction since ", "since")] {
        if let Some(value) = text(column) {
            said.extend([word, &value]);
        }
    }
    said
}
