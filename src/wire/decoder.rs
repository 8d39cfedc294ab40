//! The push decoder: chunks in, whole rows out.

use super::fields::Span;
use super::rows::RowBuffer;
use super::tuple::{Walk, Walked};
use super::{SIGNATURE, WireError, WireProblem};

/// Signature, flags and the length of the extension.
const HEADER: usize = SIGNATURE.len() + 8;

/// The field count that ends the stream.
const TRAILER: i16 = -1;

/// Cuts a binary COPY stream into rows, whatever the chunks it arrives in.
///
/// Memory: at most one incomplete row; what a length claims is never reserved before the bytes are there. Rows that lie wholly
/// inside a chunk are copied once, into the [`RowBuffer`].
#[derive(Debug)]
pub struct CopyDecoder {
    columns: usize,
    /// Bytes consumed, those in `tail` included.
    offset: u64,
    state: State,
    /// The beginning of the header or of a row whose end has not arrived, the row's field count included.
    tail: Vec<u8>,
    /// How far the row in `tail` has been walked.
    walk: Walk,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    /// Skips that many bytes of the header's extension.
    Extension(usize),
    Rows,
    Ended,
    Failed(WireError),
}

impl CopyDecoder {
    /// Makes a decoder for rows of that many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self { columns, offset: 0, state: State::Header, tail: Vec::new(), walk: Walk::default() }
    }

    /// Takes the next bytes of the stream and appends every row that is complete now.
    ///
    /// # Errors
    /// What does not follow the format; the rows before it have been appended. Every later call gives the same error.
    pub fn feed(&mut self, chunk: &[u8], rows: &mut RowBuffer) -> Result<(), WireError> {
        if rows.column_count() != self.columns {
            let problem = WireProblem::ColumnCount { decoder: self.columns, buffer: rows.column_count() };
            return Err(WireError::new(self.offset, problem));
        }
        let mut rest = chunk;
        while !rest.is_empty() {
            let before = rest.len();
            let stepped = match self.state {
                State::Header => self.header(&mut rest),
                State::Extension(left) => {
                    self.skip(left, &mut rest);
                    Ok(())
                }
                State::Rows if self.tail.is_empty() => self.rows(&mut rest, rows),
                State::Rows => self.resume(&mut rest, rows),
                State::Ended => Err(WireError::new(self.offset, WireProblem::AfterTrailer)),
                State::Failed(error) => return Err(error),
            };
            if let Err(error) = stepped {
                self.state = State::Failed(error);
                return Err(error);
            }
            self.offset += u64::try_from(before - rest.len()).unwrap_or(u64::MAX);
        }
        Ok(())
    }

    /// Says that the stream is over.
    ///
    /// # Errors
    /// If the trailer has not been seen, or an earlier call failed.
    pub fn finish(&self) -> Result<(), WireError> {
        match self.state {
            State::Ended => Ok(()),
            State::Failed(error) => Err(error),
            State::Header | State::Extension(_) | State::Rows => Err(WireError::new(self.offset, WireProblem::Truncated)),
        }
    }

    fn header(&mut self, rest: &mut &[u8]) -> Result<(), WireError> {
        self.keep(HEADER - self.tail.len(), rest);
        let signed = self.tail.len().min(SIGNATURE.len());
        if self.tail.get(..signed) != SIGNATURE.get(..signed) {
            return Err(WireError::new(0, WireProblem::Signature));
        }
        let Some((_, words)) = self.tail.split_first_chunk::<11>() else { return Ok(()) };
        let Some((flags, length)) = words.split_first_chunk::<4>() else { return Ok(()) };
        let critical = u32::from_be_bytes(*flags) & 0xffff_0000;
        if critical != 0 {
            return Err(WireError::new(11, WireProblem::CriticalFlags(critical)));
        }
        let Some(length) = length.first_chunk::<4>() else { return Ok(()) };
        let length = i32::from_be_bytes(*length);
        let left = usize::try_from(length).map_err(|_| WireError::new(15, WireProblem::ExtensionLength(length)))?;
        self.tail.clear();
        self.state = if left == 0 { State::Rows } else { State::Extension(left) };
        Ok(())
    }

    fn skip(&mut self, left: usize, rest: &mut &[u8]) {
        let skipped = left.min(rest.len());
        *rest = rest.get(skipped..).unwrap_or_default();
        self.state = if skipped == left { State::Rows } else { State::Extension(left - skipped) };
    }

    /// Takes rows from the chunk while they are whole; puts the rest into the tail.
    fn rows(&mut self, rest: &mut &[u8], rows: &mut RowBuffer) -> Result<(), WireError> {
        let start = rest.len();
        while let Some((count, body)) = rest.split_first_chunk::<2>() {
            let offset = self.offset + u64::try_from(start - rest.len()).unwrap_or(u64::MAX);
            if self.ends(*count, offset)? {
                *rest = body;
                self.state = State::Ended;
                return Ok(());
            }
            let Some(size) = append(body, self.columns, offset + 2, rows)? else { break };
            *rest = body.get(size..).unwrap_or_default();
        }
        self.tail.extend_from_slice(rest);
        *rest = &[];
        Ok(())
    }

    /// Completes the row in the tail, taking from the chunk no more than that row needs.
    fn resume(&mut self, rest: &mut &[u8], rows: &mut RowBuffer) -> Result<(), WireError> {
        let kept = u64::try_from(self.tail.len()).unwrap_or(u64::MAX);
        let start = self.offset.saturating_sub(kept);
        loop {
            let needs = match self.tail.split_first_chunk::<2>() {
                None => 2 - self.tail.len(),
                Some((count, _)) if self.ends(*count, start)? => {
                    self.tail.clear();
                    self.state = State::Ended;
                    return Ok(());
                }
                Some((_, body)) => match self.walk.walk(body, self.columns, |_| {}) {
                    Err(problem) => return Err(at_field(start + 2, self.walk, problem)),
                    Ok(Walked::Needs(needs)) => needs,
                    Ok(Walked::Whole) => {
                        append(body, self.columns, start + 2, rows)?;
                        self.tail.clear();
                        self.walk = Walk::default();
                        return Ok(());
                    }
                },
            };
            if rest.is_empty() {
                return Ok(());
            }
            self.keep(needs, rest);
        }
    }

    /// Reads a field count; true if it is the trailer.
    fn ends(&self, count: [u8; 2], offset: u64) -> Result<bool, WireError> {
        let found = i16::from_be_bytes(count);
        if usize::try_from(found) == Ok(self.columns) {
            return Ok(false);
        }
        if found != TRAILER {
            return Err(WireError::new(offset, WireProblem::FieldCount { expected: self.columns, found }));
        }
        Ok(true)
    }

    fn keep(&mut self, wanted: usize, rest: &mut &[u8]) {
        let (kept, left) = rest.split_at_checked(wanted).unwrap_or((rest, &[]));
        self.tail.extend_from_slice(kept);
        *rest = left;
    }
}

/// Appends the tuple that `body` begins with, and returns its size; none if `body` ends before it does.
fn append(body: &[u8], columns: usize, offset: u64, rows: &mut RowBuffer) -> Result<Option<usize>, WireError> {
    let full = WireError::new(offset, WireProblem::BufferFull);
    let base = rows.next_offset().ok_or(full)?;
    let mut walk = Walk::default();
    let spans = rows.spans_mut();
    let walked = walk.walk(body, columns, |span| spans.push(Span { offset: base.saturating_add(span.offset), ..span }));
    let failure = match walked {
        Ok(Walked::Whole) => match body.get(..walk.position) {
            Some(tuple) if u32::try_from(walk.position).is_ok_and(|size| base.checked_add(size).is_some()) => {
                rows.push_tuple(tuple);
                return Ok(Some(walk.position));
            }
            _ => Err(full),
        },
        Ok(Walked::Needs(_)) => Ok(None),
        Err(problem) => Err(at_field(offset, walk, problem)),
    };
    rows.drop_tuple();
    failure
}

fn at_field(tuple: u64, walk: Walk, problem: WireProblem) -> WireError {
    WireError::new(tuple + u64::try_from(walk.position).unwrap_or(u64::MAX), problem)
}
