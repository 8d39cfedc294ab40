//! Full comparison of one table: both sides' rows in the order of their key, walked side by side.
//!
//! The order is one that both servers and this program agree on (see [`KeyOrder`]); a stream that does not keep it, or names
//! a key twice, is an error and never a wrong answer. Rows are compared on their wire bytes. Memory: two batches of raw rows
//! and two of rows that are to be staged, whatever the table's size.

use std::cmp::Ordering;

use tokio::try_join;

use crate::codec::RowLayout;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::name::{Side, Sided};
use crate::pg::Session;
use crate::schema::{ComparisonKey, KeyOrder};
use crate::staging::{Depth, Segment, TableRecord};
use crate::statement::{self, RowSource};
use crate::wire::RowBuffer;

use super::fetch::fetch_rows;
use super::stamped::{StampTally, Stamped};
use super::subject::Subject;
use crate::engine::rows::key_layout;
use crate::engine::rows::{BATCH_BYTES, BATCH_ROWS, RawRows, RawSegment, Target};

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
pub(crate) async fn compare_table(
    subject: Subject<'_>,
    depth: Depth,
    stamped: Option<&str>,
    targets: (Target, Target),
) -> Result<Found> {
    let Subject { record, range, old, new, .. } = subject;
    if depth == Depth::Hashes
        && subject.sums_first
        && let Some(rows) = equal_rows(subject).await?
    {
        return Ok(Found { walked: Some(Sided { old: rows, new: rows }), ..Found::default() });
    }
    let keys = key_layout(&record.key);
    let lists = select_lists(record, depth, stamped);
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
    let flagged = usize::from(depth == Depth::Keys);
    let walk = Walk {
        old: Cursor::open(old, &statement(&record.old, Side::Old, old), &record.key, columns + payload).await?,
        new: Cursor::open(new, &statement(&record.new, Side::New, new), &record.key, columns + payload + flagged).await?,
        key_columns: columns,
        depth,
    };
    let absent = Feed::new(targets.1, &keys, StampTally::idle());
    match depth {
        Depth::Rows => {
            let candidates = Feed::new(targets.0, &record.layout, subject.tally.clone());
            walk.run(subject, candidates, absent).await
        }
        Depth::Hashes | Depth::Keys => {
            // Keys go through a scratch file of the same shape, then their rows are fetched.
            let scratch = Feed::new(targets.0.clone(), &keys, StampTally::idle());
            let found = walk.run(subject, scratch, absent).await?;
            let (candidates, stamped) = fetch_rows(subject, &keys, &found.candidates, &targets.0).await?;
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
        let sums =
            |row: &tokio_postgres::Row| (row.get::<_, i64>(0), row.get::<_, Option<i64>>(1), row.get::<_, Option<String>>(2));
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

fn select_lists(record: &TableRecord, depth: Depth, stamped: Option<&str>) -> Sided<String> {
    match depth {
        Depth::Rows => Sided::of(|side| statement::compared_list(&record.layout, side, "t")),
        Depth::Hashes => Sided::of(|side| hash(record, side)),
        Depth::Keys => Sided { old: String::new(), new: statement::is_selected(stamped) },
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
}

impl Walk {
    async fn run(mut self, subject: Subject<'_>, mut candidates: Feed, mut absent: Feed) -> Result<Found> {
        let tell = |rows| subject.reporter.tell_rows(subject.database, &subject.record.name, rows, 0);
        let (mut seen, mut walked) = (0_u64, Sided { old: 0_u64, new: 0_u64 });
        loop {
            subject.reporter.check_stop()?;
            let order = match (self.old.ready(Side::Old).await?, self.new.ready(Side::New).await?) {
                (false, false) => break,
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (true, true) => self.old.compare_key(&self.new),
            };
            if order != Ordering::Equal || self.depth == Depth::Keys {
                let (cursor, side) = if order == Ordering::Less { (&self.old, Side::Old) } else { (&self.new, Side::New) };
                cursor.expect_readable_key(side)?;
            }
            match order {
                Ordering::Less => absent.push(&self.old, 0..self.key_columns)?,
                Ordering::Greater if self.is_wanted() => candidates.push(&self.new, self.staged())?,
                Ordering::Equal if self.differs() => {
                    self.new.expect_readable_key(Side::New)?;
                    candidates.push(&self.new, self.staged())?;
                }
                _ => {}
            }
            if order != Ordering::Greater {
                self.old.advance();
                walked.old += 1;
            }
            if order != Ordering::Less {
                self.new.advance();
                walked.new += 1;
            }
            seen += 1;
            if seen.is_multiple_of(BATCH_ROWS as u64) {
                tell(BATCH_ROWS as u64);
            }
        }
        tell(seen % BATCH_ROWS as u64);
        let (candidates, stamped) = candidates.finish()?;
        Ok(Found { candidates, absent: absent.finish()?.0, stamped, walked: Some(walked) })
    }

    /// Whether a row that only NEW has is still to be staged: by its flag where only keys are compared.
    fn is_wanted(&self) -> bool {
        self.depth != Depth::Keys || self.new.field(self.key_columns) == Some(&[0])
    }

    fn differs(&self) -> bool {
        self.depth != Depth::Keys && self.old.bytes_from(self.key_columns) != self.new.bytes_from(self.key_columns)
    }

    /// The columns of NEW's stream that are staged: the row, or the key alone.
    fn staged(&self) -> std::ops::Range<usize> {
        match self.depth {
            Depth::Rows => self.key_columns..self.new.rows.column_count(),
            Depth::Hashes | Depth::Keys => 0..self.key_columns,
        }
    }
}

/// A position in a stream of rows in key order.
struct Cursor {
    raw: RawRows,
    rows: RowBuffer,
    at: usize,
    orders: Vec<KeyOrder>,
    previous: Vec<Vec<u8>>,
}

impl Cursor {
    async fn open(session: &Session, statement: &str, key: &ComparisonKey, columns: usize) -> Result<Self> {
        Ok(Self {
            raw: RawRows::open(session, statement, columns).await?,
            rows: RowBuffer::new(columns),
            at: 0,
            orders: key.columns().iter().map(|column| column.order).collect(),
            previous: Vec::new(),
        })
    }

    /// Makes sure that there is a row at the cursor; false at the end. Each new batch is checked to be in order.
    async fn ready(&mut self, side: Side) -> Result<bool> {
        if self.at < self.rows.row_count() {
            return Ok(true);
        }
        let previous = &self.previous;
        let behind = || match previous.as_slice() {
            [] => format!("some row on {side}, before the first one came"),
            key => format!("the row on {side} behind the key {}, in key order", shown_key(key, &self.orders)),
        };
        if !self.raw.fill(&mut self.rows).await.place(behind)? {
            return Ok(false);
        }
        self.at = 0;
        self.check_order(side)?;
        Ok(true)
    }

    /// # Errors
    /// `Malformed` where keys do not strictly ascend: two equal ones mean that the key is not unique on this side.
    fn check_order(&mut self, side: Side) -> Result<()> {
        for row in 0..self.rows.row_count() {
            let ascends = if row == 0 {
                self.previous.is_empty()
                    || self.compare_fields(|column| Some(self.previous[column].as_slice()), |column| self.rows.field(0, column))
                        == Ordering::Less
            } else {
                self.compare_fields(|column| self.rows.field(row - 1, column), |column| self.rows.field(row, column))
                    == Ordering::Less
            };
            if !ascends {
                return Err(Error::new(ErrorKind::Refused, "compare rows in key order")
                    .at(side)
                    .because("the comparison key does not strictly ascend: it is not unique, or holds NULL, on this side")
                    .next("configure another key for the table in failback.toml"));
            }
        }
        let last = self.rows.row_count() - 1;
        self.previous =
            (0..self.orders.len()).map(|column| self.rows.field(last, column).unwrap_or_default().to_vec()).collect();
        Ok(())
    }

    /// # Errors
    /// `Malformed` where the key, which has to be sent to the other side, holds bytes that are no text there.
    fn expect_readable_key(&self, side: Side) -> Result<()> {
        let texts = self.orders.iter().enumerate().filter(|(_, order)| **order == KeyOrder::Text);
        let unreadable = |wire: &&[u8]| std::str::from_utf8(wire).is_err();
        match texts.filter_map(|(column, _)| self.field(column)).find(unreadable) {
            None => Ok(()),
            Some(wire) => Err(Error::new(ErrorKind::Malformed, "read a key")
                .at(side)
                .because(format!("its bytes are not UTF-8, as the key {} of a row that one side lacks", wire.escape_ascii()))
                .next("bring both databases to UTF8, or name a key of other columns in failback.toml")),
        }
    }

    fn advance(&mut self) {
        self.at += 1;
    }

    fn field(&self, column: usize) -> Option<&[u8]> {
        self.rows.field(self.at, column)
    }

    /// The wire bytes of the row from one column to its end, lengths included.
    fn bytes_from(&self, column: usize) -> &[u8] {
        self.rows.row_bytes_from(self.at, column)
    }

    fn compare_key(&self, other: &Self) -> Ordering {
        self.compare_fields(|column| self.field(column), |column| other.field(column))
    }

    fn compare_fields<'a>(
        &self,
        left: impl Fn(usize) -> Option<&'a [u8]>,
        right: impl Fn(usize) -> Option<&'a [u8]>,
    ) -> Ordering {
        self.orders
            .iter()
            .enumerate()
            .map(|(column, order)| match (left(column), right(column)) {
                (Some(left), Some(right)) if *order == KeyOrder::Integer => number(left).cmp(&number(right)),
                (left, right) => left.cmp(&right),
            })
            .find(|order| *order != Ordering::Equal)
            .unwrap_or(Ordering::Equal)
    }
}

/// A key's wire bytes for people.
fn shown_key(key: &[Vec<u8>], orders: &[KeyOrder]) -> String {
    let shown = |(wire, order): (&Vec<u8>, &KeyOrder)| match order {
        KeyOrder::Integer => number(wire).to_string(),
        KeyOrder::Uuid => format!("{:032x}", wire.as_slice().try_into().map_or(0, u128::from_be_bytes)),
        KeyOrder::Text => String::from_utf8(wire.clone()).unwrap_or_else(|_| wire.escape_ascii().to_string()),
    };
    key.iter().zip(orders).map(shown).collect::<Vec<_>>().join(", ")
}

fn number(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(i64::MIN, i64::from_be_bytes)
}

/// Collects single rows into batches for a file.
struct Feed {
    file: RawSegment,
    rows: RowBuffer,
    tally: StampTally,
}

impl Feed {
    fn new(target: Target, layout: &RowLayout, tally: StampTally) -> Self {
        Self { file: RawSegment::new(target, layout), rows: RowBuffer::new(layout.columns.len()), tally }
    }

    fn push(&mut self, from: &Cursor, columns: std::ops::Range<usize>) -> Result<()> {
        self.rows.push(&from.rows, from.at, columns);
        if self.rows.row_count() >= BATCH_ROWS || self.rows.byte_count() >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.tally.add(&self.file.write(&self.rows)?);
        self.rows.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<(Vec<Segment>, Stamped)> {
        self.flush()?;
        Ok((self.file.finish()?.into_iter().collect(), self.tally.found()))
    }
}
