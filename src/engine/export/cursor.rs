//! One side's stream of rows in the order of their key, and where a walk is in it.
//!
//! Memory: one batch of raw rows, and the key before it.

use std::cmp::Ordering;

use crate::engine::rows::RawRows;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::schema::{ComparisonKey, KeyOrder};
use crate::wire::RowBuffer;

/// A position in a stream of rows in key order.
pub(crate) struct Cursor {
    raw: RawRows,
    /// The batch that the cursor is in.
    pub(crate) rows: RowBuffer,
    /// The row in it.
    pub(crate) at: usize,
    /// How the columns of the key are ordered, which come first in a row.
    pub(crate) orders: Vec<KeyOrder>,
    previous: Vec<Vec<u8>>,
}

impl Cursor {
    pub(crate) async fn open(session: &Session, statement: &str, key: &ComparisonKey, columns: usize) -> Result<Self> {
        Ok(Self {
            raw: RawRows::open(session, statement, columns).await?,
            rows: RowBuffer::new(columns),
            at: 0,
            orders: key.columns().iter().map(|column| column.order).collect(),
            previous: Vec::new(),
        })
    }

    /// Makes sure that there is a row at the cursor; false at the end. Each new batch is checked to be in order.
    pub(crate) async fn ready(&mut self, side: Side) -> Result<bool> {
        if self.is_within() {
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
        let before = |column: usize| self.previous.get(column).map(Vec::as_slice);
        let follows =
            self.previous.is_empty() || self.compare_fields(before, |column| self.rows.field(0, column)) == Ordering::Less;
        if !follows || !self.ascends() {
            return Err(Error::new(ErrorKind::Refused, "compare rows in key order")
                .at(side)
                .because("the comparison key does not strictly ascend: it is not unique, or holds NULL, on this side")
                .next("configure another key for the table in failback.toml"));
        }
        let last = self.rows.row_count() - 1;
        self.previous =
            (0..self.orders.len()).map(|column| self.rows.field(last, column).unwrap_or_default().to_vec()).collect();
        Ok(())
    }

    /// Whether the batch is in order by itself.
    fn ascends(&self) -> bool {
        if self.orders == [KeyOrder::Integer] {
            let mut keys = self.rows.column(0).map(|wire| wire.map_or(i64::MIN, number));
            let Some(mut before) = keys.next() else { return true };
            return keys.all(|key| std::mem::replace(&mut before, key) < key);
        }
        let is_less =
            |row: usize| self.compare_fields(|column| self.rows.field(row - 1, column), |column| self.rows.field(row, column));
        (1..self.rows.row_count()).all(|row| is_less(row) == Ordering::Less)
    }

    /// Whether there is a row at the cursor in the batch at hand.
    pub(crate) fn is_within(&self) -> bool {
        self.at < self.rows.row_count()
    }

    /// # Errors
    /// `Malformed` where the key, which has to be sent to the other side, holds bytes that are no text there.
    pub(crate) fn expect_readable_key(&self, side: Side) -> Result<()> {
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

    pub(crate) fn advance(&mut self) {
        self.at += 1;
    }

    pub(crate) fn field(&self, column: usize) -> Option<&[u8]> {
        self.rows.field(self.at, column)
    }

    /// The wire bytes of the row from one column to its end, lengths included.
    pub(crate) fn bytes_from(&self, column: usize) -> &[u8] {
        self.rows.row_bytes_from(self.at, column)
    }

    pub(crate) fn compare_key(&self, other: &Self) -> Ordering {
        // The most common key by far: a row costs little else here.
        if let (Some(left), Some(right), [KeyOrder::Integer]) = (self.field(0), other.field(0), self.orders.as_slice()) {
            return number(left).cmp(&number(right));
        }
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
