//! Walks the fields of one tuple.

use super::fields::Span;
use super::{MAX_FIELD, WireProblem};

/// How far a tuple, its field count left out, has been walked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Walk {
    /// Fields that are wholly behind `position`.
    pub(super) fields: usize,
    /// Bytes behind us.
    pub(super) position: usize,
}

/// What a walk came to.
pub(super) enum Walked {
    /// The tuple ends at the walk's position.
    Whole,
    /// At least that many bytes more are needed.
    Needs(usize),
}

impl Walk {
    /// Walks on until `columns` fields are behind us or the bytes run out, and reports each field. Can be called again with the
    /// same bytes and more behind them: it goes on where it stopped.
    pub(super) fn walk(&mut self, bytes: &[u8], columns: usize, mut report: impl FnMut(Span)) -> Result<Walked, WireProblem> {
        let mut rest = bytes.get(self.position..).unwrap_or_default();
        while self.fields < columns {
            let Some((head, tail)) = rest.split_first_chunk::<4>() else {
                return Ok(Walked::Needs(4 - rest.len()));
            };
            let length = i32::from_be_bytes(*head);
            if !(-1..=MAX_FIELD).contains(&length) {
                return Err(WireProblem::FieldLength(length));
            }
            let size = usize::try_from(length).unwrap_or(0);
            let Some(tail) = tail.get(size..) else {
                return Ok(Walked::Needs(size - tail.len()));
            };
            // The position cannot pass 4 GiB: the caller checks before it believes an offset.
            report(Span { offset: u32::try_from(self.position + 4).unwrap_or(u32::MAX), length });
            self.position += 4 + size;
            self.fields += 1;
            rest = tail;
        }
        Ok(Walked::Whole)
    }
}
