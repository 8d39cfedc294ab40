//! Rows as their server sends them, put together as `record_send` does: so that a digest which the server makes of a row can be
//! compared with one that is made here of the row as it must be.
//!
//! Memory: one row, and 38 bytes for each row that is asked for.

use sha2::{Digest as _, Sha256};

use super::stream::RawRows;
use crate::codec::{BatchView, RowLayout, StagedColumn};
use crate::error::{Error, ErrorKind, Result};
use crate::name::QualifiedName;
use crate::pg::Session;
use crate::statement::{Place, RowSource, copy_binary, rows_at, sent_by_old, sent_digest, sent_types};
use crate::wire::RowBuffer;

/// A row's digest: SHA-256.
pub(crate) type RowDigest = [u8; 32];

/// Some columns of OLD's rows, as they are sent.
pub(crate) struct SentRow {
    /// Their positions in the layout.
    columns: Vec<usize>,
    /// The types of what is sent.
    types: Vec<u32>,
    list: String,
}

impl SentRow {
    /// Asks OLD for the types that it sends those of a layout's columns in that are wanted.
    ///
    /// # Errors
    /// Whatever asking can give.
    pub(crate) async fn of(
        old: &Session,
        source: RowSource<'_>,
        layout: &RowLayout,
        is_wanted: impl Fn(&StagedColumn) -> bool,
    ) -> Result<Self> {
        let columns: Vec<_> = (0..layout.columns.len()).filter(|column| is_wanted(&layout.columns[*column])).collect();
        let expressions = sent_by_old(columns.iter().map(|column| &layout.columns[*column]));
        let found = old.query(&sent_types(source, &expressions), &[]).await?;
        let types = found.first().map(|row| row.get::<_, Vec<u32>>(0)).unwrap_or_default();
        Ok(Self { columns, types, list: expressions.join(", ") })
    }

    /// Returns what is sent, as a select list.
    pub(crate) fn list(&self) -> &str {
        &self.list
    }

    /// Returns the server's expression for the digest of a row `t`.
    pub(crate) fn expression(&self) -> String {
        sent_digest(&self.list)
    }

    /// Returns the digest of a row as it must be. `bytes` is room for one row.
    ///
    /// # Errors
    /// `Damaged` where the batch does not hold the row.
    pub(crate) fn digest(&self, image: &BatchView<'_>, row: usize, bytes: &mut Vec<u8>) -> Result<RowDigest> {
        let damaged = |error| Error::new(ErrorKind::Damaged, "read the diff").because(error);
        bytes.clear();
        bytes.extend_from_slice(&u32::try_from(self.columns.len()).unwrap_or(u32::MAX).to_be_bytes());
        for (column, sent_as) in self.columns.iter().zip(&self.types) {
            bytes.extend_from_slice(&sent_as.to_be_bytes());
            let at = bytes.len();
            bytes.extend_from_slice(&(-1_i32).to_be_bytes());
            if image.field(row, *column, bytes).map_err(damaged)? {
                let length = i32::try_from(bytes.len() - at - 4).unwrap_or(i32::MAX);
                bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(Sha256::digest(bytes.as_slice()).into())
    }

    /// Reads the digests of the rows that lie at some places of a leaf; nothing of a place where none does.
    ///
    /// # Errors
    /// Whatever reading can give.
    pub(crate) async fn read(&self, old: &Session, leaf: &QualifiedName, places: &[Place]) -> Result<Vec<(Place, RowDigest)>> {
        let malformed = || Error::new(ErrorKind::Malformed, "read rows by their places").because("a place or a digest is none");
        let query = copy_binary(&rows_at(leaf, &self.list, places));
        let (mut rows, mut found) = (RowBuffer::new(2), Vec::with_capacity(places.len()));
        let mut stream = RawRows::open(old, &query, 2).await?;
        while stream.fill(&mut rows).await? {
            for row in 0..rows.row_count() {
                let place = rows.field(row, 0).and_then(Place::read).ok_or_else(malformed)?;
                let digest = rows.field(row, 1).and_then(|sent| sent.try_into().ok()).ok_or_else(malformed)?;
                found.push((place, digest));
            }
        }
        Ok(found)
    }
}
