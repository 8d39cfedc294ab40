//! A horizon from write-ahead log that is still on the server, read by the extension `pg_walinspect` (PostgreSQL 15).
//!
//! A server writes down every so often which transactions are running. Before the first COMMIT that is later than the cutover,
//! the last such list holds for it: every transaction below the oldest of its running ones was over by then, and had committed
//! before the cutover, if at all.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::search::{Search, lacking};
use crate::delta::Horizon;
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Ident;
use crate::pg::{Session, read_position, spell_position};
use crate::statement;

const INSPECT: &str = include_str!("../../../../sql/session/wal_inspect.sql");
const SEGMENTS: &str = include_str!("../../../../sql/session/wal_segments.sql");

/// The first version with the extension.
const EXTENSION: u32 = 150_000;

/// How many segments before the cutover are looked at, in turn, until one has a list.
const BACK: [usize; 3] = [1, 3, 9];

/// No more of the log is read: half a minute or so.
const MOST: u64 = 256 << 20;

/// A transaction takes the time of its COMMIT before it writes it: so much the order of the log may differ from that of time.
const JITTER_US: i64 = 1_000_000;

/// So much log the ids of a whole round fill at the least: those within a transaction take four bytes each.
const ROUND: u64 = 4 << 32;

/// The log, as far as it is on the server.
struct Log<'a> {
    /// A session with a database that has the extension.
    session: &'a Session,
    schema: Ident,
    segment_bytes: u64,
    /// Where each segment begins, and when it was last written.
    segments: Vec<(u64, i64)>,
    end: u64,
}

/// What was read of it.
#[derive(Default)]
struct Seen {
    /// Where the last list stands, and the oldest transaction that it has.
    list: Option<(u64, u32)>,
    /// Whether a transaction committed before the cutover.
    early: bool,
}

/// Returns a side's horizon, or what is missing. The extension is looked for in all of the databases; the log is the server's.
///
/// # Errors
/// What the server said.
pub(super) async fn find(context: &Context, search: &Search, databases: &[String]) -> Result<Result<Horizon, String>> {
    if search.session.identity().await?.version_num < EXTENSION {
        return Ok(Err("the extension pg_walinspect came with PostgreSQL 15".to_owned()));
    }
    if let Some(extension) = Extension::of(&search.session).await? {
        return find_by(search, &search.session, extension).await;
    }
    let own = search.session.endpoint().database();
    for database in databases.iter().filter(|database| *database != own) {
        let session = context.servers().connect(search.session.side(), database).await?;
        if let Some(extension) = Extension::of(&session).await? {
            return find_by(search, &session, extension).await;
        }
    }
    let none = match databases {
        [only] => format!("the extension pg_walinspect is not in database {only}"),
        several => format!("the extension pg_walinspect is in none of the databases {}", several.join(", ")),
    };
    Ok(Err(none))
}

/// The extension, in one database.
struct Extension {
    schema: Ident,
    segment_bytes: u64,
    in_recovery: bool,
}

impl Extension {
    async fn of(session: &Session) -> Result<Option<Self>> {
        let malformed = || Error::new(ErrorKind::Malformed, "look for pg_walinspect").at(session.place());
        let rows = session.query(INSPECT, &[]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Self {
            schema: Ident::new(row.try_get::<_, String>("schema").map_err(|_| malformed())?),
            segment_bytes: row.try_get::<_, i64>("segment_bytes").map_err(|_| malformed())?.unsigned_abs(),
            in_recovery: row.try_get("in_recovery").map_err(|_| malformed())?,
        }))
    }
}

async fn find_by(search: &Search, session: &Session, extension: Extension) -> Result<Result<Horizon, String>> {
    let log = match open(search, session, extension).await? {
        Ok(log) => log,
        Err(why) => return Ok(Err(why)),
    };
    let limit_us = search.limit_us().min(search.cutover_us.saturating_sub(JITTER_US));
    // A segment's time says where to begin; what is believed are the records.
    let after = log.segments.iter().position(|(_, written_us)| *written_us > limit_us).unwrap_or(log.segments.len());
    for back in BACK {
        let begin = after.saturating_sub(back);
        let Some((start, _)) = log.segments.get(begin) else { break };
        let seen = match read(search, &log, *start, limit_us).await? {
            Ok(seen) => seen,
            Err(why) => return Ok(Err(why)),
        };
        if let (Some((at, running)), true) = (seen.list, seen.early) {
            let horizon = Horizon::latest(running, search.ids.next).filter(|_| log.end.saturating_sub(at) < ROUND);
            return Ok(horizon.ok_or_else(|| "too much log has come since for 32 bits to name a transaction".to_owned()));
        }
        if begin == 0 {
            break;
        }
    }
    Ok(Err("what is on the server begins after the cutover, or has no list of running transactions before it".to_owned()))
}

async fn open<'a>(search: &Search, session: &'a Session, extension: Extension) -> Result<Result<Log<'a>, String>> {
    let Extension { schema, segment_bytes, in_recovery } = extension;
    if in_recovery {
        return Ok(Err("a standby's log is not read".to_owned()));
    }
    let rows = match session.query(SEGMENTS, &[]).await {
        Ok(rows) => rows,
        Err(error) => return lacking(error).map(Err),
    };
    let segment = |row: &Row| {
        let start = first_byte(&row.try_get::<_, String>("name").ok()?, segment_bytes)?;
        Some((start, row.try_get("written_us").ok()?))
    };
    let segments = rows.iter().map(segment).collect::<Option<Vec<_>>>().ok_or_else(|| malformed(search))?;
    let end = rows.first().and_then(|row| position(row, "flushed")).ok_or_else(|| malformed(search))?;
    Ok(Ok(Log { session, schema, segment_bytes, segments, end }))
}

/// Reads from a place on, without a gap, up to the first COMMIT that is later than the cutover.
async fn read(search: &Search, log: &Log<'_>, start: u64, limit_us: i64) -> Result<Result<Seen, String>> {
    let limit = Timestamp::from_microsecond(limit_us).map_err(|_| malformed(search))?.to_string();
    let statement = statement::wal_commits(&log.schema);
    let (mut seen, mut from, mut width) = (Seen::default(), start, log.segment_bytes);
    while from < log.end {
        search.reporter.check_stop()?;
        if from - start > MOST {
            return Ok(Err(format!("no COMMIT after the cutover within {MOST} bytes of log from before it")));
        }
        let to = from.saturating_add(width).min(log.end);
        let rows = match log.session.query(&statement, &[&spell_position(from), &spell_position(to), &limit]).await {
            Ok(rows) => rows,
            Err(error) => {
                let why = lacking(error)?;
                // Behind a list nothing can make it wrong.
                return Ok(if seen.list.is_some() { Ok(seen) } else { Err(why) });
            }
        };
        let row = rows.first().ok_or_else(|| malformed(search))?;
        let flag = |name| row.try_get::<_, bool>(name).map_err(|_| malformed(search));
        if flag("unread")? {
            return Ok(Err("the time of a COMMIT record is not understood".to_owned()));
        }
        seen.early |= flag("early")?;
        if let (Some(at), Ok(Some(running))) = (position(row, "listed"), row.try_get::<_, Option<i64>>("running")) {
            seen.list = Some((at, u32::try_from(running).map_err(|_| malformed(search))?));
        }
        if position(row, "late").is_some() {
            break;
        }
        // A record may be longer than what was asked for.
        (from, width) = match position(row, "reached").filter(|reached| *reached > from) {
            Some(reached) => (reached, log.segment_bytes),
            None if to == log.end => break,
            None => (from, width.saturating_mul(2)),
        };
    }
    Ok(Ok(seen))
}

/// Returns where a segment begins, by the name of its file: timeline, and the position's upper and lower half.
fn first_byte(name: &str, segment_bytes: u64) -> Option<u64> {
    let half = |range| u64::from_str_radix(name.get(range)?, 16).ok();
    Some((half(8..16)? << 32) + half(16..24)?.checked_mul(segment_bytes)?)
}

/// Takes a position in the log from an answer, as PostgreSQL spells it; `None` where there is none.
fn position(row: &Row, column: &str) -> Option<u64> {
    read_position(&row.try_get::<_, Option<String>>(column).ok()??)
}

fn malformed(search: &Search) -> Error {
    Error::new(ErrorKind::Malformed, "read write-ahead log").at(search.session.place())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_named_by_where_they_begin() {
        assert_eq!(first_byte("000000010000000000000003", 16 << 20), Some(3 << 24));
        assert_eq!(first_byte("0000000200000005000000FF", 16 << 20), Some((5 << 32) + (0xff << 24)));
        assert_eq!(first_byte("00000001.history", 16 << 20), None);
    }
}
