//! Who stands in the way of a transaction of ours. Once a wait for a lock has ended the server no longer knows whom it was for,
//! so another session looks while it lasts.

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::{self, Either};
use tokio::time::sleep;
use tokio_postgres::Row;

use crate::engine::run::{Servers, ShortWaits};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::sqlstate;

const BLOCKERS: &str = include_str!("../../../sql/session/blockers.sql");

/// Does some work on sessions of OLD's that wait shortly for locks; if it fails for want of one, the error says who had it.
pub(crate) async fn naming_blockers<T>(
    servers: &Servers,
    database: &str,
    waits: &ShortWaits,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let seen = Mutex::new(String::new());
    let watch = async {
        // Whoever cannot look cannot tell: the work goes on all the same.
        let _ = watch(servers, database, waits, &seen).await;
        future::pending::<()>().await;
    };
    let done = match future::select(pin!(work), pin!(watch)).await {
        Either::Left((done, _)) => done,
        Either::Right(((), work)) => work.await,
    };
    done.map_err(|error| named(error, waits.timeout(), &seen.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Whether what failed was a wait for a lock: nobody had time to wait longer, or no wait would have helped.
pub(crate) fn is_lock_wait(error: &Error) -> bool {
    matches!(sqlstate(error), Some("55P03" | "40P01"))
}

/// Keeps in mind whom the sessions waited for last.
async fn watch(servers: &Servers, database: &str, waits: &ShortWaits, seen: &Mutex<String>) -> Result<()> {
    let observer = servers.connect(Side::Old, database).await?;
    loop {
        let found = observer.query(BLOCKERS, &[&waits.pids()]).await?;
        if !found.is_empty() {
            let sessions: Vec<_> = found.iter().map(blocker).collect();
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = sessions.join("; ");
        }
        sleep(waits.timeout() / 5).await;
    }
}

fn named(error: Error, timeout: Duration, seen: &str) -> Error {
    if !is_lock_wait(&error) {
        return error;
    }
    let kind = error.kind();
    let waited = if kind == ErrorKind::Contention { "waited in a circle" } else { &format!("waited {timeout:?}") };
    let who = if seen.is_empty() { "it was not seen who has it" } else { seen };
    let waited = Error::new(kind, format!("{waited} for a lock: {who}")).because(error);
    Error::new(kind, "lock what is to be written").because(waited)
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
