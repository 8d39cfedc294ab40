//! By what rows of a diff are told apart: a decision about one is none about another.

use crate::codec::{BatchView, CodecError};
use crate::delta::Class;
use crate::error::{Error, ErrorKind, Result};

/// So many digits are kept: a change by accident is told by far fewer.
const DIGITS: usize = 16;

/// Returns the digest of a row's class and of what OLD, NEW and BASE have, as far as that is known, each by the bytes that
/// travel; nothing of one that has no such row.
pub(crate) fn fingerprint(class: Class, images: [Option<&BatchView<'_>>; 3], row: usize) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(class.word().as_bytes());
    let mut value = Vec::new();
    for image in images {
        hasher.update(&[u8::from(image.is_some())]);
        let Some(view) = image else { continue };
        for column in 0..view.column_count() {
            value.clear();
            let has = view.field(row, column, &mut value).map_err(unreadable)?;
            hasher.update(&[u8::from(has)]);
            hasher.update(&(value.len() as u64).to_le_bytes());
            hasher.update(&value);
        }
    }
    Ok(hasher.finalize().to_hex()[..DIGITS].to_owned())
}

fn unreadable(error: CodecError) -> Error {
    Error::new(ErrorKind::Damaged, "read the diff").because(error)
}
