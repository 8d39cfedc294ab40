//! A horizon from the server's last checkpoint, where that was before the cutover.
//!
//! A checkpoint writes down which transaction was the oldest that was going on when it began: every one below it was over.

use super::search::{Search, lacking};
use crate::delta::Horizon;
use crate::error::{Error, ErrorKind, Result};

const LAST_CHECKPOINT: &str = include_str!("../../../../sql/session/last_checkpoint.sql");

/// A checkpoint knows the second in which it began.
const SECOND_US: i64 = 1_000_000;

/// What a server wrote down at its last checkpoint.
pub(super) struct Checkpoint {
    /// When it began, to the second below.
    pub(super) at_us: i64,
    /// No transaction from there on had begun.
    pub(super) next: u64,
    /// The oldest that was going on; `None` where the server did not look, as it was being stopped or started, or keeps no
    /// log that a standby could follow.
    oldest: Option<Horizon>,
}

impl Checkpoint {
    /// # Errors
    /// What the server said; a user may be refused.
    pub(super) async fn read(search: &Search) -> Result<Self> {
        let malformed = || Error::new(ErrorKind::Malformed, "read the last checkpoint").at(search.session.place());
        let rows = search.session.query(LAST_CHECKPOINT, &[]).await?;
        let row = rows.first().ok_or_else(malformed)?;
        let number = |name| row.try_get::<_, String>(name).ok().and_then(|text| text.parse::<u64>().ok()).ok_or_else(malformed);
        let next = (number("epoch")? << 32) + number("number")?;
        let oldest = u32::try_from(number("oldest")?).map_err(|_| malformed())?;
        let at_us = row.try_get("at_us").map_err(|_| malformed())?;
        Ok(Self { at_us, next, oldest: Horizon::latest(oldest, next).filter(|_| oldest > 0) })
    }
}

/// Returns a side's horizon, or what is missing.
///
/// # Errors
/// What the server said.
pub(super) async fn find(search: &Search) -> Result<Result<Horizon, String>> {
    if search.session.is_on_standby() {
        return Ok(Err("a standby's is its primary's, by another clock".to_owned()));
    }
    let checkpoint = match Checkpoint::read(search).await {
        Ok(checkpoint) => checkpoint,
        Err(error) => return lacking(error).map(Err),
    };
    if checkpoint.at_us.saturating_add(SECOND_US) > search.limit_us() {
        return Ok(Err("it was after the cutover, or within the overlap before it".to_owned()));
    }
    Ok(checkpoint.oldest.ok_or_else(|| "it did not look which transactions were going on".to_owned()))
}
