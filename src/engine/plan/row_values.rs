//! The rows of a diff by the values of some of their columns: what a foreign key refers to, and by what.

use super::draft::Draft;
use crate::codec::{BatchEncoder, BatchView, CodecError};
use crate::delta::{Base, Class};
use crate::engine::diff::read_words;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Ident;
use crate::staging::SegmentReader;
use crate::store::Store;

/// A value of a foreign key's columns, as 128 bits of its digest.
pub(crate) type Value = [u8; 16];

/// What the diff says of a row.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) class: Class,
    pub(crate) base: Base,
}

/// Visits every row of a table's diff with what the diff says of it and the digest of some columns of one image; `None` where
/// the image does not exist or one of the values is NULL.
pub(crate) fn each_row(
    store: &dyn Store,
    draft: &Draft<'_>,
    columns: &[Ident],
    image: &str,
    mut visit: impl FnMut(usize, Found, Option<Value>),
) -> Result<()> {
    each_text(store, draft, columns, image, |row, found, texts| visit(row, found, texts.as_deref().map(digest)))
}

/// As [`each_row`], with the texts themselves.
pub(crate) fn each_text(
    store: &dyn Store,
    draft: &Draft<'_>,
    columns: &[Ident],
    image: &str,
    mut visit: impl FnMut(usize, Found, Option<Vec<String>>),
) -> Result<()> {
    let layout = &draft.record.layout;
    let positions: Option<Vec<_>> =
        columns.iter().map(|name| layout.columns.iter().position(|column| column.name == *name)).collect();
    // A column that is not staged (it is generated, or exists on OLD only) cannot have been changed by NEW.
    let Some(positions) = positions else { return Ok(()) };
    let encoder = BatchEncoder::new(layout);
    let mut first = 0;
    for segment in &draft.diff.segments {
        for batch in SegmentReader::open_projected(store, segment, 1 << 13, &["fb_class", "fb_base", image])? {
            let batch = batch?;
            let (classes, bases) = (read_words(&batch, "fb_class")?, read_words(&batch, "fb_base")?);
            let found = draft.image(&batch, image, first)?;
            let view = encoder.view(&found.rows).map_err(unreadable)?;
            for row in 0..batch.num_rows() {
                let values = if found.present.value(row) { values(&view, row, &positions)? } else { None };
                visit(first + row, Found { class: classes[row], base: bases[row] }, values);
            }
            first += batch.num_rows();
        }
    }
    Ok(())
}

/// Reads some values of a row as texts; `None` where one of them is NULL.
fn values(rows: &BatchView<'_>, row: usize, positions: &[usize]) -> Result<Option<Vec<String>>> {
    positions.iter().map(|column| rows.display(row, *column).map_err(unreadable)).collect()
}

fn unreadable(error: CodecError) -> Error {
    Error::new(ErrorKind::Damaged, "read the diff").because(error)
}

/// Digests values by their text, which is the same for `int4` and `int8`; lengths keep neighbours apart.
pub(crate) fn digest(texts: &[String]) -> Value {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    let mut value = [0; 16];
    value.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_values_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab".into(), "c".into()]), digest(&["a".into(), "bc".into()]));
        assert_eq!(digest(&["7".into()]), digest(&["7".into()]));
    }
}
