//! Poolers between us and the server, and whether one takes the server's session away after each transaction.
//!
//! A server says at the start of a connection which of its processes serves it. A pooler (pgbouncer, pgcat, Odyssey) says
//! something of its own there, as it does not know yet which process will; so a process that is not the one that was named
//! shows a pooler, for one round trip. Only then it is looked at whether the process is ours for the session: not if it changes
//! between two questions, or if another connection of ours is served by it while ours is open.
//! Never: changes a setting. Those of a session that is shared would be everybody's.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage};

use super::first_query::first_query;
use crate::error::{Error, ErrorKind};

const BACKEND: &str = include_str!("../../sql/session/backend.sql");

/// How often it is looked at whether a process is ours. Other users of the pool may take it in between.
pub(super) const ROUNDS: u32 = 4;

/// How long a second connection is waited for. A pool in session mode may have none left; one that shares its sessions has.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The pools that have been seen to keep a session for one client, by server and database.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionPools(Arc<Mutex<BTreeSet<String>>>);

impl SessionPools {
    pub(super) fn contains(&self, pool: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(pool)
    }

    pub(super) fn insert(&self, pool: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(pool);
    }
}

/// Asks which process of the server answers; `None` where the answer makes no sense.
pub(super) async fn backend(client: &Client) -> Result<Option<i32>, tokio_postgres::Error> {
    let messages = first_query(client, BACKEND).await?;
    Ok(messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get("backend")?.parse().ok(),
        _ => None,
    }))
}

/// The error for a pool that shares sessions.
pub(super) fn shares_sessions() -> Error {
    Error::new(ErrorKind::Config, "connect")
        .because(
            "a pooler stands between, and hands the server's sessions out by transaction (pool_mode = transaction in \
             pgbouncer, or alike): snapshots, temporary tables, locks and settings belong to a session",
        )
        .next("connect to the server itself: its own host and port")
        .next("or to a pool in session mode (pool_mode = session in pgbouncer, pgcat and Odyssey)")
}
