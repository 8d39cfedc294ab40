//! Whether NEW was still written while it was read, and OLD since the mark: what the servers' transaction ids tell.
//!
//! A transaction gets an id before it writes its first row. So where no id was given out and none was held, nobody wrote; the
//! reverse does not hold: ids are given out to all databases of a server alike, and to its own upkeep.

use jiff::Timestamp;

use crate::engine::run::Context;
use crate::error::{Place as _, Result};
use crate::name::Side;
use crate::pg::{Session, TransactionIds, Writers};
use crate::staging::{DatabaseRecord, Quiescence, Quiet, Since};

/// Where a server was.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    ids: TransactionIds,
    writers: Vec<Writers>,
}

/// Where one side was at the first of two moments.
struct First {
    since: Since,
    ids: TransactionIds,
    writers: Vec<Writers>,
    /// Whether transactions were going on then of which nothing else is known.
    in_doubt: bool,
}

impl Moment {
    /// Asks a session, under its snapshot if it has one. Who writes is asked first: a transaction that ends while it is asked
    /// for is then among the ids.
    ///
    /// # Errors
    /// What the server said.
    pub(crate) async fn read(session: &Session) -> Result<Self> {
        let writers = session.writers().await?;
        Ok(Self { ids: session.transaction_ids().await?, writers })
    }

    /// Returns where the write-ahead log was, as PostgreSQL spells it: behind all that the snapshot shows.
    pub(crate) fn wal(&self) -> &str {
        &self.ids.wal
    }
}

/// Asks, once everything is read, whether it was written meanwhile. That is no reason to lose what was read.
pub(crate) async fn look_back(context: &Context, databases: &mut [DatabaseRecord], moments: &[Moment]) -> Vec<String> {
    let mut notes = Vec::new();
    for (record, began) in databases.iter_mut().zip(moments) {
        match look(context, record, began).await {
            Ok(found) => record.quiescence = found,
            Err(error) => {
                notes.push(format!("! {}: whether it was written meanwhile could not be asked: {error}", record.name));
            }
        }
    }
    notes
}

/// Looks at one database at the end of an export. `began` is where NEW was at its snapshot.
///
/// # Errors
/// Whatever connecting can give.
async fn look(context: &Context, record: &DatabaseRecord, began: &Moment) -> Result<Vec<Quiescence>> {
    let snapshot = First {
        since: Since::Snapshot,
        ids: began.ids.clone(),
        writers: began.writers.clone(),
        in_doubt: record.new.in_recovery,
    };
    let mut found = vec![compare(context, record, Side::New, snapshot).await?];
    let mark = context.selection().shared_mark();
    let marked = mark.as_ref().map(|mark| &mark.servers.old);
    if let Some((server, database)) = marked.and_then(|server| Some((server, server.database(record.old.database_oid)?))) {
        let mark = First {
            since: Since::Mark,
            ids: TransactionIds { next: server.next_xid, ended: database.horizon.xid(), wal: server.wal.clone() },
            writers: Vec::new(),
            in_doubt: database.horizon.xid() < server.next_xid,
        };
        found.push(compare(context, record, Side::Old, mark).await?);
    }
    Ok(found)
}

async fn compare(context: &Context, record: &DatabaseRecord, side: Side, first: First) -> Result<Quiescence> {
    let session = context.servers().connect(side, &record.name).await?;
    let now = Moment::read(&session).await.place(|| side)?;
    let until = Timestamp::now().to_string();
    session.close().await;
    let mut writers = first.writers.clone();
    writers.extend(now.writers.into_iter().filter(|one| !first.writers.contains(one)));
    writers.retain(|one| one.database.as_ref().is_none_or(|name| *name == record.name));
    let mut found =
        Quiescence { side, since: first.since, found: Quiet::NotKnown, from: first.ids, to: now.ids, until, writers };
    found.found = judge(&found, first.in_doubt);
    Ok(found)
}

/// Says what follows. `in_doubt`: whether there may have been writes that ids of the server do not tell.
fn judge(seen: &Quiescence, in_doubt: bool) -> Quiet {
    // Upkeep belongs to nobody.
    if seen.writers.iter().any(|one| one.database.is_some() && one.role.is_some()) {
        Quiet::Written
    } else if in_doubt || seen.from.next != seen.to.next || !seen.writers.is_empty() {
        Quiet::NotKnown
    } else {
        Quiet::Quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(ids: u64, writers: &[(Option<&str>, Option<&str>)]) -> Quiescence {
        let at = |next| TransactionIds { next, ended: next, wal: "0/1".to_owned() };
        let writers = writers.iter().map(|(database, role)| Writers {
            database: database.map(str::to_owned),
            role: role.map(str::to_owned),
            kind: None,
            transactions: 1,
        });
        Quiescence {
            side: Side::New,
            since: Since::Snapshot,
            found: Quiet::NotKnown,
            from: at(1_000),
            to: at(1_000 + ids),
            until: String::new(),
            writers: writers.collect(),
        }
    }

    #[test]
    fn quiet_is_said_only_where_nothing_speaks_against_it() {
        let (shop, app) = (Some("shop"), Some("app"));
        assert_eq!(judge(&seen(0, &[]), false), Quiet::Quiet);
        assert_eq!(judge(&seen(0, &[]), true), Quiet::NotKnown, "a standby, or a mark with transactions in doubt");
        assert_eq!(judge(&seen(1, &[]), false), Quiet::NotKnown, "of whichever database");
        assert_eq!(judge(&seen(0, &[(None, None)]), false), Quiet::NotKnown, "over by now");
        assert_eq!(judge(&seen(0, &[(shop, None)]), false), Quiet::NotKnown, "autovacuum");
        assert_eq!(judge(&seen(0, &[(None, None), (shop, app)]), false), Quiet::Written);
    }
}
