//! A horizon from the times at which transactions committed, which a server keeps where `track_commit_timestamp` is on.
//!
//! The horizon is the first id of all whose transaction committed after the cutover: every one below committed before it, or
//! never. That is so only where the time of every transaction is known that may have committed after the cutover. Times are
//! kept from some transaction on. Those before it had ended by then if that is where a start of the server began to keep
//! times, or if the server was started later than that: a start ends all transactions but prepared ones.

use std::ops::Range;

use jiff::Timestamp;

use super::search::{Search, lacking};
use crate::delta::Horizon;
use crate::engine::run::Event;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;

const KEPT: &str = include_str!("../../../../sql/session/commit_times_kept.sql");
const TIMES: &str = include_str!("../../../../sql/session/commit_times.sql");
const OWN_TIMES: &str = include_str!("../../../../sql/session/commit_times_own.sql");

/// How many transactions one statement looks at: about a second's work.
const STEP: u64 = 1_000_000;

/// A search through more transactions than this is told: it takes a while.
const MANY: u64 = 10_000_000;

/// No more transactions than this are looked at: some minutes.
const MOST: u64 = 200_000_000;

/// From here on the server says which transaction was another server's.
const ORIGINS: u32 = 140_000;

/// What a server keeps.
struct Kept {
    /// The first transaction whose time is known for certain.
    first: u64,
    /// Whether those before it had times that were removed, by VACUUM.
    is_cut: bool,
    /// When a start ended all that was going on.
    started_us: Option<i64>,
    has_origins: bool,
}

/// Returns a side's horizon, or what is missing.
///
/// # Errors
/// What the server said.
pub(super) async fn find(search: &Search) -> Result<Result<Horizon, String>> {
    let kept = match read(search).await? {
        Ok(kept) => kept,
        Err(why) => return Ok(Err(why)),
    };
    // What replication brings has its origin's time. On NEW that is when OLD wrote it, which is what counts; on OLD nobody
    // knows what came when.
    let is_old = search.session.side() == Side::Old;
    let says_origin = search.session.identity().await?.version_num >= ORIGINS;
    if is_old && kept.has_origins && !says_origin {
        return Ok(Err("replication has brought it transactions, whose times are those of another server".to_owned()));
    }
    let ended = search.ids.ended;
    let count = ended.saturating_sub(kept.first);
    if count > MOST {
        return Ok(Err(format!("the times of {count} transactions would have to be read, and no more than {MOST} are")));
    }
    if count > MANY {
        search.reporter.tell(Event::Note(format!(
            "{}: reading when {count} transactions committed, about a million a second",
            search.session.side()
        )));
    }
    let statement = if is_old && says_origin { OWN_TIMES } else { TIMES };
    let limit_us = search.limit_us();
    let (late, earliest_us) = match scan(search, statement, kept.first..ended, limit_us).await {
        Ok(found) => found,
        Err(error) => return lacking(error).map(Err),
    };
    if earliest_us.is_none_or(|earliest| earliest > limit_us) {
        return Ok(Err("no transaction is known to it that committed before the cutover: it was switched on later".to_owned()));
    }
    // What was there when the first of them committed was ended by the start.
    let is_ended = |started: i64| started <= limit_us && earliest_us.is_some_and(|earliest| earliest <= started);
    if kept.is_cut && !kept.started_us.is_some_and(is_ended) {
        return Ok(Err(format!(
            "VACUUM has removed the times of transactions before {}, and one of them may have been going on at the cutover",
            kept.first
        )));
    }
    // What was removed meanwhile may not have been seen.
    match read(search).await? {
        Ok(now) if now.first == kept.first => Ok(Ok(Horizon::new(late.unwrap_or(ended)))),
        _ => Ok(Err("VACUUM removed times while they were read: run the same command again".to_owned())),
    }
}

/// Finds a transaction below an id that committed after the cutover, where times are kept; among the last of them, as one that
/// was going on is rarely far behind the others.
///
/// # Errors
/// What the server said.
pub(super) async fn find_late_below(search: &Search, id: u64) -> Result<Option<u64>> {
    let Ok(kept) = read(search).await? else { return Ok(None) };
    let ids = kept.first.max(id.saturating_sub(MANY))..id.min(search.ids.ended);
    match scan(search, TIMES, ids, search.cutover_us).await {
        Ok((late, _)) => Ok(late),
        Err(error) => lacking(error).map(|_| None),
    }
}

async fn read(search: &Search) -> Result<Result<Kept, String>> {
    let malformed = || Error::new(ErrorKind::Malformed, "ask for commit timestamps").at(search.session.place());
    let rows = match search.session.query(KEPT, &[]).await {
        Ok(rows) => rows,
        Err(error) => return lacking(error).map(Err),
    };
    let row = rows.first().ok_or_else(malformed)?;
    let number = |name| row.try_get::<_, i64>(name).map_err(|_| malformed());
    let flag = |name| row.try_get::<_, bool>(name).map_err(|_| malformed());
    if !flag("kept")? {
        return Ok(Err("track_commit_timestamp is off".to_owned()));
    }
    let whole = |bits: i64| u32::try_from(bits).ok().and_then(|bits| Horizon::latest(bits, search.ids.next)).map(Horizon::xid);
    let oldest = number("oldest")?;
    let (Some(oldest), Some(frozen)) = (whole(oldest).filter(|_| oldest > 0), whole(number("frozen")?)) else {
        return Ok(Err("track_commit_timestamp was switched on after the last checkpoint: run CHECKPOINT there".to_owned()));
    };
    let started_us = row.try_get("started_us").map_err(|_| malformed())?;
    let has_origins = flag("has_origins")?;
    Ok(Ok(Kept { first: oldest.max(frozen), is_cut: frozen >= oldest, started_us, has_origins }))
}

/// Looks at these transactions, up to the first that committed later than at an instant; returns that, and when the first of
/// them to commit did.
async fn scan(search: &Search, statement: &str, ids: Range<u64>, limit_us: i64) -> Result<(Option<u64>, Option<i64>)> {
    let malformed = || Error::new(ErrorKind::Malformed, "read commit timestamps").at(search.session.place());
    let limit = Timestamp::from_microsecond(limit_us).map_err(|error| malformed().because(error))?.to_string();
    let id = |id: u64| i64::try_from(id).map_err(|_| malformed());
    let (mut from, mut earliest) = (ids.start, None::<i64>);
    while from < ids.end {
        search.reporter.check_stop()?;
        let to = from.saturating_add(STEP).min(ids.end);
        let rows = search.session.query(statement, &[&id(from)?, &id(to - 1)?, &limit]).await?;
        let row = rows.first().ok_or_else(malformed)?;
        let found: Option<i64> = row.try_get("earliest_us").map_err(|_| malformed())?;
        earliest = earliest.into_iter().chain(found).min();
        if let Some(late) = row.try_get::<_, Option<String>>("late").map_err(|_| malformed())? {
            return Ok((Some(late.parse().map_err(|_| malformed())?), earliest));
        }
        from = to;
    }
    Ok((None, earliest))
}
