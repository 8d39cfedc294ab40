//! Watches a side for a while.

use std::time::{Duration, Instant};

use tracing::Instrument as _;

use super::report::{Watched, WatchedDatabase};
use super::verdict::judge;
use crate::engine::run::{Context, open_databases, spans};
use crate::error::{Place as _, Result};
use crate::name::Side;
use crate::pg::{Counted, Writers};
use crate::staging::Quiet;

/// How long is waited between two looks at who writes.
const PAUSE: Duration = Duration::from_millis(100);

/// The databases that are meant: those that were asked for, else all that hold something.
///
/// # Errors
/// Whatever connecting can give.
pub(super) async fn meant(context: &Context, side: Side) -> Result<Vec<String>> {
    match context.selection().databases() {
        [] => Box::pin(open_databases(context, side)).await,
        named => Ok(named.to_vec()),
    }
}

/// Watches whether a side is written, for so long. Reads statistics and locks of the server, and no row.
///
/// # Errors
/// Whatever connecting can give; `Interrupted`.
pub async fn watch(context: &Context, side: Side, time: Duration) -> Result<Watched> {
    let look = async {
        let names = meant(context, side).await?;
        watch_these(context, side, &names, time).await
    };
    look.instrument(spans::step(context, "fence")).await
}

/// Watches these databases, and what the whole server tells.
pub(super) async fn watch_these(context: &Context, side: Side, names: &[String], time: Duration) -> Result<Watched> {
    let servers = context.servers();
    let first = servers.connect(side, servers.endpoint(side).database()).await?;
    let mut counted = Vec::new();
    for name in names {
        let session = servers.connect(side, name).await.place(|| format!("database {name}"))?;
        let before = session.counted().await.place(|| format!("database {name}"))?;
        counted.push((name, session, before));
    }
    let mut writers = Vec::new();
    // Who writes is asked for first, and last: one that ends while it is asked for is then among the ids.
    note(&mut writers, first.writers().await?);
    let from = first.transaction_ids().await?;
    let began = Instant::now();
    while began.elapsed() < time {
        context.reporter().check_stop()?;
        tokio::time::sleep(PAUSE.min(time.saturating_sub(began.elapsed()))).await;
        note(&mut writers, first.writers().await?);
    }
    let to = first.transaction_ids().await?;
    note(&mut writers, first.writers().await?);
    let mut databases = Vec::new();
    for (name, session, before) in counted {
        databases.push(since(name, before, session.counted().await.place(|| format!("database {name}"))?));
        session.close().await;
    }
    let mut watched = Watched {
        verdict: Quiet::NotKnown,
        why: Vec::new(),
        seconds: began.elapsed().as_secs_f64(),
        log_bytes: grown(&from.wal, &to.wal),
        from,
        to,
        standby: first.is_on_standby(),
        sees_others: first.sees_others().await?,
        databases,
        sessions: first.activity().await?,
        writers,
        subscriptions: first.subscribed().await?,
    };
    first.close().await;
    (watched.verdict, watched.why) = judge(&watched);
    Ok(watched)
}

fn since(name: &str, before: Counted, after: Counted) -> WatchedDatabase {
    WatchedDatabase {
        name: name.to_owned(),
        rows: after.rows.saturating_sub(before.rows),
        commits: after.commits.saturating_sub(before.commits),
    }
}

/// Notes who writes, each with the most transactions at a time. Of those that are over by now the ids tell.
fn note(known: &mut Vec<Writers>, seen: Vec<Writers>) {
    for one in seen.into_iter().filter(|one| one.database.is_some() || one.role.is_some() || one.kind.is_some()) {
        let same = |other: &&mut Writers| (&other.database, &other.role, &other.kind) == (&one.database, &one.role, &one.kind);
        match known.iter_mut().find(same) {
            Some(other) => other.transactions = other.transactions.max(one.transactions),
            None => known.push(one),
        }
    }
}

/// Returns how many bytes lie between two places of a log.
fn grown(from: &str, to: &str) -> Option<u64> {
    let read = |place: &str| {
        let (high, low) = place.split_once('/')?;
        Some(u64::from_str_radix(high, 16).ok()? << 32 | u64::from_str_radix(low, 16).ok()?)
    };
    read(to)?.checked_sub(read(from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_measured_over_its_files() {
        assert_eq!(grown("0/FFFFFF00", "1/10"), Some(0x110));
        assert_eq!((grown("1/0", "0/1"), grown("x", "0/1")), (None, None));
    }

    #[test]
    fn writers_are_noted_once_with_the_most_at_a_time() {
        let one = |role: &str, transactions| Writers {
            database: Some("shop".to_owned()),
            role: Some(role.to_owned()),
            kind: None,
            transactions,
        };
        let over = Writers { database: None, role: None, kind: None, transactions: 1 };
        let mut known = Vec::new();
        note(&mut known, vec![one("a", 1), over]);
        note(&mut known, vec![one("a", 3), one("b", 1)]);
        note(&mut known, vec![one("a", 2)]);
        assert_eq!(known, [one("a", 3), one("b", 1)]);
    }
}
