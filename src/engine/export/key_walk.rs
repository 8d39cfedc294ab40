//! Full comparison of one table: both sides' rows in the order of their key, walked side by side.
//!
//! The order is one that both servers and this program agree on (see [`KeyOrder`]); a stream that does not keep it, or names
//! a key twice, is an error and never a wrong answer. Rows are compared on their wire bytes. Memory: two batches of raw rows
//! and two of rows that are to be staged, whatever the table's size.

use std::cmp::Ordering;

use tokio::try_join;

use super::cursor::Cursor;
use super::feed::{Feed, LoneKeys};
use super::fetch::fetch_rows;
use super::stamped::{StampTally, Stamped};
use super::subject::{Copied, Subject};
use crate::engine::rows::{Target, key_layout};
use crate::error::{Error, Place as _, Result};
use crate::name::{Side, Sided};
use crate::pg::Session;
use crate::staging::{Depth, Segment, TableRecord};
use crate::statement::{self, KeyRange, RowSource};

/// What a comparison found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// NEW's rows that differ or that OLD lacks.
    pub(crate) candidates: Vec<Segment>,
    /// Keys that NEW lacks.
    pub(crate) absent: Vec<Segment>,
    /// What the stamps of NEW's rows say.
    pub(crate) stamped: Stamped,
    /// How many rows each side has, where both were walked through.
    pub(crate) walked: Option<Sided<u64>>,
}

/// Compares a table on both sides. `targets` say where candidates and absent keys go.
pub(crate) async fn compare_table(subject: Subject<'_>, depth: Depth, targets: (Target, Target)) -> Result<Found> {
    let Subject { record, range, old, new, .. } = subject;
    if depth == Depth::Hashes
        && subject.sums_first
        && let Some(rows) = equal_rows(subject).await?
    {
        return Ok(Found { walked: Some(Sided { old: rows, new: rows }), ..Found::default() });
    }
    let keys = key_layout(&record.key);
    let flag = match subject.copied {
        Some(Copied::Flagged(predicate)) => Some(statement::is_selected(Some(predicate))),
        _ => None,
    };
    let flagged = usize::from(flag.is_some());
    let lists = select_lists(record, depth, flag);
    let columns = keys.columns.len();
    let payload = match depth {
        Depth::Rows => record.layout.columns.len(),
        Depth::Hashes => 1,
        Depth::Keys => 0,
    };
    let statement = |table, side, session: &Session| {
        let source = RowSource::of(table, &record.key, side);
        statement::copy_binary(&statement::ordered_rows(source, range, lists.get(side), session.converts_text()))
    };
    let walk = Walk {
        old: Cursor::open(old, &statement(&record.old, Side::Old, old), &record.key, columns + payload).await?,
        new: Cursor::open(new, &statement(&record.new, Side::New, new), &record.key, columns + payload + flagged).await?,
        key_columns: columns,
        depth,
        is_flagged: flagged > 0,
        gathers_runs: matches!(subject.copied, Some(Copied::Unflagged(_))),
        walked: Sided { old: 0, new: 0 },
    };
    let absent = Feed::new(targets.1, &keys, StampTally::idle());
    match depth {
        Depth::Rows => {
            let candidates = Feed::new(targets.0, &record.layout, subject.tally.clone());
            walk.run(subject, candidates, absent).await.map(|(found, _)| found)
        }
        Depth::Hashes | Depth::Keys => {
            // Keys go through a scratch file of the same shape, then their rows are fetched.
            let scratch = Feed::new(targets.0.clone(), &keys, StampTally::idle());
            let (found, ranges) = walk.run(subject, scratch, absent).await?;
            let (candidates, stamped) = fetch_rows(subject, &keys, (&found.candidates, &ranges), &targets.0).await?;
            Ok(Found { candidates, stamped, ..found })
        }
    }
}

/// Asks both servers what the hashes of the range's rows add up to; returns how many rows each has if they say the same.
async fn equal_rows(subject: Subject<'_>) -> Result<Option<u64>> {
    let Subject { reporter, database, record, range, old, new, .. } = subject;
    let sums = async |session: &Session, table, side| {
        let query = statement::range_sums(RowSource::of(table, &record.key, side), range, &hash(record, side));
        let found = session.query(&query, &[]).await.place(|| side)?;
        let sum = |row: &tokio_postgres::Row, column| row.get::<_, Option<String>>(column);
        let sums = |row: &tokio_postgres::Row| (row.get::<_, i64>(0), sum(row, 1), sum(row, 2));
        Ok::<_, Error>(found.first().map(sums))
    };
    let found = Sided::from(try_join!(sums(old, &record.old, Side::Old), sums(new, &record.new, Side::New))?);
    let are_equal = found.old == found.new;
    let equal = found.old.filter(|_| are_equal).map(|(rows, ..)| u64::try_from(rows).unwrap_or(0));
    if let Some(rows) = equal {
        reporter.tell_rows(database, &record.name, rows, 0);
    }
    Ok(equal)
}

fn select_lists(record: &TableRecord, depth: Depth, flag: Option<String>) -> Sided<String> {
    match depth {
        Depth::Rows => Sided::of(|side| statement::compared_list(&record.layout, side, "t")),
        Depth::Hashes => Sided::of(|side| hash(record, side)),
        Depth::Keys => Sided { old: String::new(), new: flag.unwrap_or_default() },
    }
}

/// Returns the expression for the hash of a row on one side.
fn hash(record: &TableRecord, side: Side) -> String {
    statement::row_hash(&record.layout, Sided { old: &record.old, new: &record.new }, side, record.compare_by)
}

/// Two streams in key order, side by side.
struct Walk {
    old: Cursor,
    new: Cursor,
    key_columns: usize,
    depth: Depth,
    /// Whether each key of NEW comes with a flag that says whether its row is copied anyway.
    is_flagged: bool,
    /// Whether keys that only NEW has are told apart later.
    gathers_runs: bool,
    /// How many rows of each side are behind.
    walked: Sided<u64>,
}

impl Walk {
    /// Returns also the ranges of keys that only NEW has, where their rows are told apart later.
    async fn run(mut self, subject: Subject<'_>, mut candidates: Feed, mut absent: Feed) -> Result<(Found, Vec<KeyRange>)> {
        let tell = |rows| subject.reporter.tell_rows(subject.database, &subject.record.name, rows, 0);
        let mut lone = LoneKeys::new(&self.new.orders);
        loop {
            subject.reporter.check_stop()?;
            let there = (self.old.ready(Side::Old).await?, self.new.ready(Side::New).await?);
            if there == (false, false) {
                break;
            }
            let mut seen = 0;
            // Each step takes a row of at least one of the batches at hand.
            while self.old.is_within() == there.0 && self.new.is_within() == there.1 {
                self.step(&mut candidates, &mut absent, &mut lone)?;
                seen += 1;
            }
            tell(seen);
        }
        lone.end(&mut candidates)?;
        let (candidates, stamped) = candidates.finish()?;
        let absent = absent.finish()?.0;
        Ok((Found { candidates, absent, stamped, walked: Some(self.walked) }, lone.into_ranges()))
    }

    /// Takes the row, or the two, whose key comes next.
    fn step(&mut self, candidates: &mut Feed, absent: &mut Feed, lone: &mut LoneKeys) -> Result<()> {
        let order = match (self.old.is_within(), self.new.is_within()) {
            (_, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (true, true) => self.old.compare_key(&self.new),
        };
        match order {
            Ordering::Less => {
                self.old.expect_readable_key(Side::Old)?;
                absent.push(&self.old, 0..self.key_columns)?;
            }
            Ordering::Greater => {
                self.new.expect_readable_key(Side::New)?;
                if self.gathers_runs {
                    lone.push(&self.new, candidates)?;
                } else if self.is_wanted() {
                    candidates.push(&self.new, self.staged())?;
                }
            }
            Ordering::Equal => {
                if lone.is_running() {
                    lone.end(candidates)?;
                }
                if self.depth == Depth::Keys {
                    // Its row may be copied, and its key is sent to OLD then.
                    self.new.expect_readable_key(Side::New)?;
                } else if self.differs() {
                    self.new.expect_readable_key(Side::New)?;
                    candidates.push(&self.new, self.staged())?;
                }
            }
        }
        if order != Ordering::Greater {
            self.old.advance();
            self.walked.old += 1;
        }
        if order != Ordering::Less {
            self.new.advance();
            self.walked.new += 1;
        }
        Ok(())
    }

    /// Whether a row that only NEW has is still to be staged: by its flag, where there is one.
    fn is_wanted(&self) -> bool {
        !self.is_flagged || self.new.field(self.key_columns) == Some(&[0])
    }

    fn differs(&self) -> bool {
        self.old.bytes_from(self.key_columns) != self.new.bytes_from(self.key_columns)
    }

    /// The columns of NEW's stream that are staged: the row, or the key alone.
    fn staged(&self) -> std::ops::Range<usize> {
        match self.depth {
            Depth::Rows => self.key_columns..self.new.rows.column_count(),
            Depth::Hashes | Depth::Keys => 0..self.key_columns,
        }
    }
}
