//! What was seen of a side, and what was done to it.

use serde::Serialize;

use super::plan::FencePlan;
use crate::name::Side;
use crate::pg::{Activity, Subscribed, TransactionIds, Writers};
use crate::staging::Quiet;

/// What a look at a side, and a fence around it, came to.
#[derive(Clone, Debug, Serialize)]
pub struct FenceReport {
    /// The side.
    pub side: Side,
    /// What was seen; after a fence was made, what was seen then.
    pub watched: Watched,
    /// What a fence changes, where one was asked for.
    pub plan: Option<FencePlan>,
    /// Whether it was made.
    pub applied: bool,
    /// Sessions that were ended, and those that this user may not end.
    pub sessions: Vec<EndedSessions>,
    /// What still gets in, or writes.
    pub holes: Vec<String>,
}

/// A side over a while.
#[derive(Clone, Debug, Serialize)]
pub struct Watched {
    /// Whether it was written.
    pub verdict: Quiet,
    /// Why.
    pub why: Vec<String>,
    /// How long, in seconds.
    pub seconds: f64,
    /// How far its transactions had come at the beginning; they are numbered through all of its databases.
    pub from: TransactionIds,
    /// At the end.
    pub to: TransactionIds,
    /// How much its log has grown.
    pub log_bytes: Option<u64>,
    /// Whether it is a standby, which takes its primary's writes.
    pub standby: bool,
    /// Whether this user sees what other users' sessions do.
    pub sees_others: bool,
    /// What was counted in each database.
    pub databases: Vec<WatchedDatabase>,
    /// Who was connected at the end.
    pub sessions: Vec<Activity>,
    /// Transactions with an id that were seen, of clients, prepared, and of the server's own upkeep.
    pub writers: Vec<Writers>,
    /// Subscriptions that bring rows.
    pub subscriptions: Vec<Subscribed>,
}

/// One database over a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchedDatabase {
    /// Its name.
    pub name: String,
    /// Rows of its own tables that were counted as written.
    pub rows: u64,
    /// Transactions that were counted as committed, those that only read included.
    pub commits: u64,
}

/// Sessions of one role that were to be ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndedSessions {
    /// The role.
    pub role: String,
    /// How many were ended.
    pub ended: u64,
    /// How many this user may not end.
    pub left: u64,
}
