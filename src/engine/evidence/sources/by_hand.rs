//! A horizon that a person gives. What the server knows to contradict it is asked; that nothing does is no proof.

use super::checkpoint::Checkpoint;
use super::commit_timestamps;
use super::search::{Search, TOO_FAR};
use crate::config::GivenXid;
use crate::delta::Horizon;
use crate::error::{Error, ErrorKind, Result};

/// Takes what is given for a side's horizon. A transaction below it that is going on still was not over at the cutover: then
/// the horizon is lower.
///
/// # Errors
/// `Refused` where the server has not come so far, where it may be two ids, where it was given out after the cutover, or where
/// one below it is known to have committed later than that.
pub(super) async fn find(search: &Search, given: GivenXid) -> Result<Horizon> {
    let horizon = given.resolve(search.ids.next).map_err(|cause| refused(given, &cause))?;
    if horizon.young(search.ids.next).is_none() {
        return Err(refused(given, TOO_FAR));
    }
    expect_before_checkpoint(search, given, horizon).await?;
    if let Some(late) = commit_timestamps::find_late_below(search, horizon.xid()).await? {
        return Err(refused(given, &format!("transaction {late}, which is below it, committed after the cutover")));
    }
    Ok(horizon.min(Horizon::new(search.ids.ended)))
}

/// At its last checkpoint the server says how far it had come. If that was after the cutover, the first transaction after the
/// cutover was no later.
async fn expect_before_checkpoint(search: &Search, given: GivenXid, horizon: Horizon) -> Result<()> {
    if search.session.identity().await?.system_identifier.is_none() {
        // Where this user may not ask that, he may not ask this either.
        return Ok(());
    }
    let Checkpoint { at_us, next, .. } = Checkpoint::read(search).await?;
    let after_us = at_us.saturating_sub(search.cutover_us);
    if after_us > search.overlap_us && horizon.xid() > next {
        return Err(refused(
            given,
            &format!(
                "at its last checkpoint, {} s after the cutover, the server had only come to {next}",
                after_us / 1_000_000
            ),
        ));
    }
    Ok(())
}

fn refused(given: GivenXid, cause: &str) -> Error {
    Error::new(ErrorKind::Refused, format!("use the transaction id {given}")).because(cause.to_owned()).next(
        "give the id of a transaction that began before the cutover, as 0:741, with its epoch; if in doubt, an earlier one",
    )
}
