//! Asks both servers where they are.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use tokio::try_join;
use tracing::Instrument as _;

use crate::catalog;
use crate::delta::Horizon;
use crate::engine::run::{Context, open_databases, spans};
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{Side, Sided};
use crate::pg::Session;
use crate::staging::{DatabaseMark, Mark, ServerMark};

/// How long is waited between two looks at the transactions that are going on.
const PAUSE: Duration = Duration::from_millis(100);

/// What was marked.
#[derive(Clone, Debug, Serialize)]
pub struct MarkReport {
    /// When the mark was finished, RFC 3339 in UTC.
    pub made_at: String,
    /// What is known of each server.
    pub servers: Sided<MarkedServer>,
}

/// One server of a mark.
#[derive(Clone, Debug, Serialize)]
pub struct MarkedServer {
    /// Every transaction below was over that can have written to one of the databases.
    pub horizon: u64,
    /// How many ids from there on were given out: their transactions may have been going on.
    pub in_doubt: u64,
    /// How many databases were looked at.
    pub databases: usize,
}

/// Marks both servers. Transactions that are going on are waited for, for so long at most: what they write later is not told
/// from what is written after the mark.
///
/// # Errors
/// `Permission` where a server does not say which it is; whatever connecting can give. Returns the mark to be kept and what to
/// tell of it.
pub async fn mark(context: &Context, patience: Duration) -> Result<(Mark, MarkReport)> {
    mark_both(context, patience).instrument(spans::step(context, "mark")).await
}

async fn mark_both(context: &Context, patience: Duration) -> Result<(Mark, MarkReport)> {
    let side = |side| async move { mark_server(context, side, patience).await.place(|| side) };
    let servers = Sided::from(try_join!(side(Side::Old), side(Side::New))?);
    let in_doubt = servers.as_ref().map(|(_, in_doubt)| *in_doubt);
    let mark = Mark::of(Timestamp::now().to_string(), servers.map(|(server, _)| server));
    let told = mark.servers.as_ref().zip(in_doubt).map(|(server, in_doubt)| {
        let horizon = server.databases.iter().map(|database| database.horizon.xid()).min().unwrap_or(server.next_xid);
        MarkedServer { horizon, in_doubt, databases: server.databases.len() }
    });
    let report = MarkReport { made_at: mark.made_at.clone(), servers: told };
    Ok((mark, report))
}

/// Returns the mark of a server, and how many ids of one of its databases are in doubt at most.
async fn mark_server(context: &Context, side: Side, patience: Duration) -> Result<(ServerMark, u64)> {
    let servers = context.servers();
    let first = servers.connect(side, servers.endpoint(side).database()).await?;
    let identity = first.identity().await?;
    let started_us = identity.started_us;
    let (Some(system_identifier), Some(timeline)) = (identity.system_identifier, identity.timeline) else {
        return Err(Error::new(ErrorKind::Permission, "mark the server")
            .because("this user may not ask which server it is (pg_control_system, pg_control_checkpoint)")
            .next("grant EXECUTE on both functions, as they are granted to everybody by default"));
    };
    let names = match context.selection().databases() {
        [] => Box::pin(open_databases(context, side)).await?,
        named => named.to_vec(),
    };
    let mut opened = Vec::new();
    for name in names {
        let session = servers.connect(side, &name).await?;
        // Before the horizon: what is rewritten in between is then seen as rewritten.
        let filenodes = catalog::filenodes(session.client()).await?;
        opened.push((session, name, filenodes));
    }
    let ids = first.transaction_ids().await?;
    // Asked before what has begun is: of what began later, all stands behind it.
    let before = (!identity.in_recovery).then_some(&ids.wal);
    let (began, mut databases, mut in_doubt) = (Instant::now(), Vec::new(), 0);
    for (session, name, filenodes) in opened {
        let (horizon, doubtful) = settled(context, &session, patience.saturating_sub(began.elapsed())).await?;
        in_doubt = doubtful.max(in_doubt);
        databases.push(DatabaseMark {
            oid: session.identity().await?.database_oid,
            name,
            filenodes,
            horizon,
            wal: before.filter(|_| doubtful == 0).cloned(),
            // After the horizon: no number that was given out before it is above these.
            sequences: catalog::sequences(session.client()).await?,
            slot: None,
        });
    }
    // At last: a mark is no older than it says.
    let clock = first.read_clock().await?;
    let server = ServerMark { system_identifier, timeline, started_us, next_xid: ids.next, wal: ids.wal, clock, databases };
    Ok((server, in_doubt))
}

/// Returns a database's horizon once every transaction that was going on in it has ended, or when patience ends, and how many
/// ids behind it were given out before.
async fn settled(context: &Context, session: &Session, patience: Duration) -> Result<(Horizon, u64)> {
    let began = Instant::now();
    let next = u64::try_from(session.begun().await?).unwrap_or(0);
    loop {
        let horizon = u64::try_from(session.horizon().await?).unwrap_or(0);
        if horizon >= next || began.elapsed() >= patience {
            return Ok((Horizon::new(horizon), next.saturating_sub(horizon)));
        }
        context.reporter().check_stop()?;
        tokio::time::sleep(PAUSE).await;
    }
}
