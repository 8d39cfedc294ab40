//! Which blocks of NEW's tables were changed since a mark, by the summaries of its write-ahead log that PostgreSQL 17 keeps
//! (`summarize_wal`).
//!
//! A row that a transaction wrote lies in a block that is listed; blocks that are listed for another reason hold rows that are
//! older, and cost no more than the look at them. What is believed are summaries without a gap, from where the log was before
//! any transaction behind the horizon wrote, up to where it was after the export's snapshot. Summaries end where checkpoints
//! begin, so that one is asked for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio_postgres::Row;

use super::sources::lacking;
use crate::engine::run::Reporter;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{ServerIdentity, Session};
use crate::schema::Leaf;
use crate::staging::{DatabaseMark, ServerMark};
use crate::statement::CtidRange;

const SUMMARIES: &str = include_str!("../../../sql/session/summaries.sql");
const SUMMARIZED: &str = include_str!("../../../sql/session/summarized.sql");
const CHECKPOINT: &str = include_str!("../../../sql/session/checkpoint.sql");
const CHANGED: &str = include_str!("../../../sql/session/changed_blocks.sql");

/// The first version that summarises its log.
const SUMMARIES_FROM: u32 = 170_000;

/// How long is waited for the summaries of what the log says up to the snapshot, and between two looks.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

/// Of how many blocks one may be changed so that only those are read: a range costs as much as ten blocks in a row.
const ONE_OF: u64 = 20;

/// More blocks of a table are never listed.
const MOST: u64 = 1 << 20;

/// So many blocks between two ranges cost less than another range.
const GAP: i64 = 8;

/// What was changed of one table or partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// Blocks in these ranges, and no others.
    Within(Vec<CtidRange>),
    /// So much that all of it is better read as a whole.
    Anywhere,
}

/// What was changed, by the OID of the table or partition.
#[derive(Debug)]
pub(crate) struct ChangedBlocks(BTreeMap<u32, Changed>);

impl ChangedBlocks {
    /// Reads which blocks were changed between a mark and a position, or says what is missing. The session is in no
    /// transaction.
    ///
    /// # Errors
    /// Whatever the server says that is no refusal.
    pub(crate) async fn read<'a>(
        session: &Session,
        reporter: &Reporter,
        (mark, database): (&ServerMark, &DatabaseMark),
        as_of: &str,
        leaves: impl Iterator<Item = &'a Leaf>,
    ) -> Result<Result<Self, String>> {
        let Some(from) = &database.wal else { return Ok(Err(unsettled())) };
        let between = Between { from, timeline: i64::from(mark.timeline), to: as_of };
        if let Err(why) = between.settle(session, reporter).await? {
            return Ok(Err(why));
        }
        let (oids, most): (Vec<u32>, Vec<i64>) = leaves.map(|leaf| (leaf.oid, most(leaf.blocks))).unzip();
        let rows = session.query(CHANGED, &[&between.from, &between.timeline, &between.to, &oids, &most, &GAP]).await;
        let rows = match rows {
            Ok(rows) => rows,
            // A summary may be removed while it is looked for.
            Err(error) => return lacking(error).map(Err),
        };
        let malformed = || Error::new(ErrorKind::Malformed, "read summaries of write-ahead log").at(session.place());
        if let Some(why) = rows.first().ok_or_else(malformed).map(|row| between.lack(row))? {
            return Ok(Err(why));
        }
        rows.iter().map(changed).collect::<Option<_>>().map(|changed| Ok(Self(changed))).ok_or_else(malformed)
    }

    /// Returns what was changed of a table or partition.
    pub(crate) fn of(&self, leaf: &Leaf) -> &Changed {
        self.0.get(&leaf.oid).unwrap_or(&Changed::Anywhere)
    }

    /// Whether a block of a table or partition, by its OID, is among those that are read.
    pub(crate) fn include(&self, relation: u32, block: u64) -> bool {
        let Some(Changed::Within(ranges)) = self.0.get(&relation) else { return true };
        let behind = ranges.partition_point(|range| range.from_block <= block);
        let range = behind.checked_sub(1).and_then(|at| ranges.get(at));
        range.is_some_and(|range| range.to_block.is_none_or(|to| block < to))
    }
}

/// A stretch of a timeline's log.
struct Between<'a> {
    from: &'a str,
    timeline: i64,
    to: &'a str,
}

impl Between<'_> {
    /// Waits until all of it is summarised, or says why it will not be.
    async fn settle(&self, session: &Session, reporter: &Reporter) -> Result<Result<(), String>> {
        if self.look(session).await?.is_none() {
            return Ok(Ok(()));
        }
        if let Err(error) = session.execute_all(CHECKPOINT).await {
            return Ok(Err(format!("no CHECKPOINT can be had on NEW: {}", lacking(error)?)));
        }
        let began = Instant::now();
        loop {
            match self.look(session).await? {
                None => return Ok(Ok(())),
                Some(why) if began.elapsed() > PATIENCE => return Ok(Err(why)),
                Some(_) => {}
            }
            reporter.check_stop()?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Says what is missing.
    async fn look(&self, session: &Session) -> Result<Option<String>> {
        let rows = session.query(SUMMARIZED, &[&self.from, &self.timeline, &self.to]).await?;
        Ok(rows.first().map_or_else(|| Some(String::new()), |row| self.lack(row)))
    }

    /// Says what is missing, by a row of what there is.
    fn lack(&self, row: &Row) -> Option<String> {
        let text = |name| row.try_get::<_, Option<String>>(name).ok().flatten();
        let holds = |name| row.try_get(name).unwrap_or(false);
        if let Some(gap) = text("gap") {
            return Some(format!("there is no summary of NEW's log from {gap} on"));
        }
        match text("last") {
            None => Some(format!("NEW's log is not summarised from {} on, where it was at the mark", self.from)),
            Some(_) if !holds("begins") => {
                Some(format!("there is no summary of NEW's log from {} on, where it was at the mark", self.from))
            }
            Some(last) if !holds("reaches") => {
                Some(format!("NEW's log is summarised up to {last} only, and is read as of {}", self.to))
            }
            Some(_) => None,
        }
    }
}

/// Says what is missing so that changed blocks can be known, as far as it can be told without a CHECKPOINT. Asked within the
/// transaction that holds a snapshot, so that nothing is asked that may be refused.
///
/// # Errors
/// What the server said.
pub(super) async fn lack(
    session: &Session,
    mark: &ServerMark,
    database: &DatabaseMark,
    now: &ServerIdentity,
) -> Result<Option<String>> {
    if now.version_num < SUMMARIES_FROM {
        return Ok(Some("only PostgreSQL 17 and newer ones summarise their log".to_owned()));
    }
    if now.in_recovery {
        return Ok(Some("a standby's log is not asked".to_owned()));
    }
    let Some(from) = &database.wal else { return Ok(Some(unsettled())) };
    let rows = session.query(SUMMARIES, &[]).await?;
    let holds = |name: &str| rows.first().is_some_and(|row| row.try_get(name).unwrap_or(false));
    if !holds("switched_on") {
        return Ok(Some("summarize_wal is off".to_owned()));
    }
    if !holds("allowed") {
        return Ok(Some("this user may not ask for summaries of the log (pg_available_wal_summaries)".to_owned()));
    }
    let so_far = Between { from, timeline: i64::from(mark.timeline), to: from };
    let rows = session.query(SUMMARIZED, &[&so_far.from, &so_far.timeline, &so_far.to]).await?;
    // Without any, all may still come with the next checkpoint.
    let known = rows.first().filter(|row| row.try_get::<_, Option<String>>("last").is_ok_and(|last| last.is_some()));
    Ok(known.and_then(|row| so_far.lack(row)))
}

fn unsettled() -> String {
    "the mark does not say where the log was before what came later: transactions were going on, or an earlier failback made it"
        .to_owned()
}

/// Of how many changed blocks ranges are wanted at most.
fn most(blocks: u64) -> i64 {
    i64::try_from((blocks / ONE_OF).min(MOST)).unwrap_or(0)
}

/// Reads what was changed of one table; `None` where the answer makes no sense.
fn changed(row: &Row) -> Option<(u32, Changed)> {
    let number = |value: i64| u64::try_from(value).ok();
    let relation: u32 = row.try_get("relation").ok()?;
    let tail = row.try_get::<_, Option<i64>>("tail").ok()?.map(number);
    if row.try_get("many").ok()? || tail == Some(Some(0)) {
        return Some((relation, Changed::Anywhere));
    }
    let list = |name: &str| row.try_get::<_, Option<Vec<i64>>>(name).ok().map(Option::unwrap_or_default);
    let (first, behind) = (list("first")?, list("behind")?);
    let range = |(first, behind): (i64, i64)| Some(CtidRange { from_block: number(first)?, to_block: Some(number(behind)?) });
    let mut ranges: Vec<_> = first.into_iter().zip(behind).map(range).collect::<Option<_>>()?;
    if let Some(tail) = tail {
        ranges.push(CtidRange { from_block: tail?, to_block: None });
    }
    Some((relation, Changed::Within(ranges)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_in_a_range_or_behind_where_the_table_was_cut_off() {
        let range = |from_block, to_block| CtidRange { from_block, to_block };
        let ranges = vec![range(3, Some(5)), range(9, Some(10)), range(20, None)];
        let changed = ChangedBlocks(BTreeMap::from([
            (7, Changed::Within(ranges)),
            (8, Changed::Within(Vec::new())),
            (9, Changed::Anywhere),
        ]));
        let read: Vec<_> = (0..25).filter(|block| changed.include(7, *block)).collect();
        assert_eq!(read, [3, 4, 9, 20, 21, 22, 23, 24]);
        assert!(!changed.include(8, 0) && changed.include(9, 0) && changed.include(10, 0));
    }
}
