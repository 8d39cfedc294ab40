//! Digests of rows and of their keys: what a baseline keeps of a table in place of its rows.

use std::sync::Arc;

use arrow_array::builder::FixedSizeBinaryBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use blake3::Hasher;

use crate::codec::{BatchEncoder, CodecError, RowLayout};
use crate::error::{Error, ErrorKind, Result};
use crate::staging::BASELINE_ROW;

/// How many bytes a digest has: half of a BLAKE3, so that no two of as many rows as a table can have share one by chance.
const DIGEST_BYTES: i32 = 16;

/// The digest of a row, or of a row's key.
pub(crate) type Digest = [u8; 16];

/// Returns the type of a column of digests.
pub(crate) const fn digest_type() -> DataType {
    DataType::FixedSizeBinary(DIGEST_BYTES)
}

/// Makes a column of digests, NULL where there is none.
pub(crate) fn digest_column<'a>(digests: impl Iterator<Item = Option<&'a Digest>>) -> ArrayRef {
    let mut column = FixedSizeBinaryBuilder::new(DIGEST_BYTES);
    for digest in digests {
        match digest {
            // All have the column's length.
            Some(digest) => drop(column.append_value(digest)),
            None => column.append_null(),
        }
    }
    Arc::new(column.finish())
}

/// Returns the schema of a file of what a baseline has for each of some keys: one column, NULL where it has no row.
pub(crate) fn digests_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(BASELINE_ROW, digest_type(), true)]))
}

/// Digests keys: one list of texts a key column, as the servers take them.
pub(crate) fn key_digests(texts: &[Vec<String>]) -> Vec<Digest> {
    let one = |row: usize| {
        let mut hasher = Hasher::new();
        for values in texts {
            add(&mut hasher, Some(values[row].as_bytes()));
        }
        digest(&hasher)
    };
    (0..texts.first().map_or(0, Vec::len)).map(one).collect()
}

/// Digests rows of one layout, over the columns that both sides have.
pub(crate) struct RowDigests {
    encoder: BatchEncoder,
    columns: Vec<usize>,
}

impl RowDigests {
    /// Takes the layout of the rows.
    pub(crate) fn new(layout: &RowLayout) -> Self {
        let carried = layout.columns.iter().enumerate().filter(|(_, column)| column.is_carried());
        Self { encoder: BatchEncoder::new(layout), columns: carried.map(|(position, _)| position).collect() }
    }

    /// Digests every row of a batch by the exact bytes of its values.
    pub(crate) fn of(&self, batch: &RecordBatch) -> Result<Vec<Digest>> {
        self.digests(batch).map_err(|error| Error::new(ErrorKind::Malformed, "digest rows").because(error))
    }

    fn digests(&self, batch: &RecordBatch) -> Result<Vec<Digest>, CodecError> {
        let view = self.encoder.view(batch)?;
        let mut wire = Vec::new();
        let mut one = |row: usize| {
            let mut hasher = Hasher::new();
            for column in &self.columns {
                wire.clear();
                let is_value = view.field(row, *column, &mut wire)?;
                add(&mut hasher, is_value.then_some(wire.as_slice()));
            }
            Ok(digest(&hasher))
        };
        (0..batch.num_rows()).map(&mut one).collect()
    }
}

/// Adds a value with its length, so that no two rows are one text.
fn add(hasher: &mut Hasher, value: Option<&[u8]>) {
    match value {
        None => hasher.update(&[0]),
        Some(bytes) => hasher.update(&[1]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes),
    };
}

fn digest(hasher: &Hasher) -> Digest {
    let mut found = Digest::default();
    hasher.finalize_xof().fill(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_by_their_parts() {
        let one = |parts: &[&str]| key_digests(&parts.iter().map(|part| vec![(*part).to_owned()]).collect::<Vec<_>>())[0];
        assert_eq!(one(&["a", "bc"]), one(&["a", "bc"]));
        assert_ne!(one(&["a", "bc"]), one(&["ab", "c"]));
        assert_ne!(one(&["a", ""]), one(&["a"]));
    }
}
