//! Steps that only read, and wait for nobody's lock without end: whoever has a table for himself is named.

use super::blockers::{is_lock_wait, naming_blockers};
use super::context::Context;
use super::short_waits::ShortWaits;
use crate::error::Result;
use crate::name::{Side, Sided};

/// Does a step, or a part of one that is bounded already, with sessions that wait for a lock as long as the settings say.
///
/// # Errors
/// `Timeout` where somebody had a lock for longer; otherwise whatever the work can give.
pub(crate) async fn read_step<T>(context: &Context, work: impl AsyncFnOnce(&Context) -> Result<T>) -> Result<T> {
    let servers = context.servers();
    if servers.waits_shortly() {
        return work(context).await;
    }
    let waits = Sided::of(|_| ShortWaits::of_readers(context.selection().lock_waits(Side::Old)));
    let watched = Side::BOTH.map(|side| (side, servers.endpoint(side).database(), waits.get(side)));
    let bounded = Side::BOTH.into_iter().fold(servers.clone(), |servers, side| servers.with_short_waits(side, waits.get(side)));
    let context = context.clone().with_servers(bounded);
    naming_blockers(servers, &watched, Box::pin(work(&context))).await.map_err(|error| {
        if !is_lock_wait(&error) {
            return error;
        }
        error
            .next("a retry is safe: run the same command again when that session has ended, or end it")
            .next("lock_wait under [old] in failback.toml says how long a lock is waited for, on either side")
    })
}
