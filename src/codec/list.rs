//! Arrays of builtin types.
//!
//! | bytes | meaning (`array_send`, utils/adt/arrayfuncs.c, PostgreSQL 15) |
//! |---|---|
//! | 4 | number of dimensions, 0 if there are no elements, at most 6 |
//! | 4 | 1 if there may be NULL among the elements, else 0 |
//! | 4 | OID of the element type |
//! | 4 + 4 each | for each dimension its length and its lower bound |
//! | 4 + n each | for each element its length, -1 for NULL, and its bytes |
//!
//! An array of one dimension that begins at 1, or without elements, is a list. One of another shape, or with an element that
//! its Arrow type does not hold, goes to the companion column whole.
//!
//! Two things that receiving servers do not keep, and no comparison of arrays sees, are not kept here either: the flag says
//! whether there **is** a NULL (an array whose NULL was overwritten goes on saying 1 until it is stored anew), and no elements
//! are no dimensions (`array_recv`).

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer};
use arrow_schema::{Field, FieldRef};

use super::cells::Cells;
use super::element::Element;
use super::error::{CodecProblem, Fault};
use super::exact_builder::ExactBuilder;
use super::lane::{Codec, Lane};
use crate::wire::{Fields, Span};

/// The most dimensions that an array can have (`MAXDIM`, utils/array.h).
const MAX_DIMENSIONS: usize = 6;

/// Returns the field of a list's elements.
pub(super) fn item(element: Element) -> FieldRef {
    let field = Field::new("item", element.codec().data_type(), true);
    let extension = HashMap::from([("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned())]);
    Arc::new(if element.codec() == Codec::Uuid { field.with_metadata(extension) } else { field })
}

/// The head of an array.
struct Head {
    flag: bool,
    oid: u32,
    /// Length and lower bound of each dimension.
    dimensions: [(usize, i32); MAX_DIMENSIONS],
    used: usize,
    count: usize,
}

impl Head {
    /// Reads the head off the front; none if it is none, or claims more elements than the rest has room for.
    fn split(wire: &mut &[u8]) -> Option<Self> {
        let used = usize::try_from(int(wire)?).ok().filter(|used| *used <= MAX_DIMENSIONS)?;
        let flag = int(wire)?;
        let oid = int(wire)?.cast_unsigned();
        let mut dimensions = [(0, 0); MAX_DIMENSIONS];
        let mut count = usize::from(used > 0);
        for slot in dimensions.iter_mut().take(used) {
            let length = usize::try_from(int(wire)?).ok()?;
            *slot = (length, int(wire)?);
            count = count.checked_mul(length)?;
        }
        let fits = matches!(flag, 0 | 1) && count <= wire.len() / 4;
        fits.then_some(Self { flag: flag == 1, oid, dimensions, used, count })
    }

    fn is_list(&self) -> bool {
        matches!(self.dimensions.get(..self.used), Some([] | [(_, 1)])) || self.count == 0
    }

    fn dimensions(&self) -> &[(usize, i32)] {
        self.dimensions.get(..self.used).unwrap_or_default()
    }
}

fn int(wire: &mut &[u8]) -> Option<i32> {
    let (bytes, rest) = wire.split_first_chunk::<4>()?;
    *wire = rest;
    Some(i32::from_be_bytes(*bytes))
}

/// Reads one element off the front: none if there is none, `Some(None)` for NULL.
#[expect(clippy::option_option, reason = "the outer one is the end of the bytes, the inner one SQL's NULL")]
fn element<'a>(wire: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = int(wire)?;
    if length == -1 {
        return Some(None);
    }
    let (value, rest) = wire.split_at_checked(usize::try_from(length).ok()?)?;
    *wire = rest;
    Some(Some(value))
}

/// The elements of a column's lists, all behind each other, and what is left over.
struct Gathered {
    spans: Vec<Span>,
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
    /// Rows whose array is no list, where it lies, and the flag that it should have.
    others: Vec<(usize, Range<usize>, bool)>,
}

impl Gathered {
    /// Walks the column. `excluded` rows, in ascending order, are no lists whatever their shape.
    fn gather(fields: Fields<'_>, oid: u32, excluded: &[usize]) -> Result<Self, Fault> {
        let rows = fields.count();
        let mut gathered = Self {
            spans: Vec::with_capacity(rows),
            offsets: Vec::with_capacity(rows + 1),
            nulls: NullBufferBuilder::new(rows),
            others: Vec::new(),
        };
        gathered.offsets.push(0);
        for (row, range) in fields.ranges().enumerate() {
            let is_list = match range {
                None => false,
                Some(range) => {
                    let excluded = excluded.binary_search(&row).is_ok();
                    gathered.take(row, fields.arena(), range, oid, excluded).ok_or(Fault::at(row, CodecProblem::Malformed))?
                }
            };
            gathered.nulls.append(is_list);
            let end = i32::try_from(gathered.spans.len()).map_err(|_| Fault::whole(CodecProblem::TooLarge))?;
            gathered.offsets.push(end);
        }
        Ok(gathered)
    }

    /// Takes one array's elements; answers whether it is a list, and nothing if it is no array of the type.
    fn take(&mut self, row: usize, arena: &[u8], range: Range<usize>, oid: u32, excluded: bool) -> Option<bool> {
        let mut rest = arena.get(range.clone())?;
        let head = Head::split(&mut rest)?;
        if head.oid != oid {
            return None;
        }
        let is_list = head.is_list() && !excluded;
        let first = self.spans.len();
        let mut has_null = false;
        for _ in 0..head.count {
            let value = element(&mut rest)?;
            has_null |= value.is_none();
            if is_list {
                let end = range.end - rest.len();
                let span = value.map_or(Some(Span::NULL), |value| Span::of(&(end - value.len()..end)));
                self.spans.push(span?);
            }
        }
        if !rest.is_empty() || (has_null && !head.flag) {
            return None;
        }
        if !is_list {
            self.spans.truncate(first);
            self.others.push((row, range, has_null));
        }
        Some(is_list)
    }

    /// Returns the row of an element.
    fn row_of(&self, position: usize) -> Option<usize> {
        let position = i32::try_from(position).ok()?;
        self.offsets.partition_point(|offset| *offset <= position).checked_sub(1)
    }
}

/// Decodes a column of arrays. `decode_values` decodes a column of one lane: elements are columns in their turn.
pub(super) fn decode(
    cells: &mut Cells<'_>,
    element: Element,
    decode_values: impl Fn(Lane, &mut Cells<'_>) -> Result<ArrayRef, Fault>,
) -> Result<ListArray, Fault> {
    let fields = cells.fields();
    let mut excluded = Vec::new();
    let (gathered, values) = loop {
        let gathered = Gathered::gather(fields, element.oid(), &excluded)?;
        let mut exact = ExactBuilder::default();
        let values = {
            let mut elements = Cells::new(Fields::new(fields.arena(), &gathered.spans, 1), 0, &mut exact);
            decode_values(Lane::Typed(element.codec()), &mut elements)
        };
        let values =
            values.map_err(|fault| Fault { row: fault.row.and_then(|position| gathered.row_of(position)), ..fault })?;
        let found: Vec<usize> = exact.rows().filter_map(|position| gathered.row_of(position)).collect();
        if found.is_empty() {
            break (gathered, values);
        }
        // Rare: elements that their type does not hold. The second walk leaves their rows out, so there is no third.
        excluded = found;
    };
    let Gathered { offsets, mut nulls, others, .. } = gathered;
    for (row, range, has_null) in others {
        let mut wire = fields.arena().get(range).unwrap_or_default().to_vec();
        if let Some(flag) = wire.get_mut(7) {
            *flag = u8::from(has_null);
        }
        cells.push_exact(row, &wire);
    }
    ListArray::try_new(item(element), OffsetBuffer::new(offsets.into()), values, nulls.finish())
        .map_err(|_| Fault::whole(CodecProblem::Layout))
}

/// Appends the head of a list of `count` elements.
pub(super) fn write_head(element: Element, count: i32, has_null: bool, out: &mut Vec<u8>) {
    let used = i32::from(count > 0);
    out.extend_from_slice(&used.to_be_bytes());
    out.extend_from_slice(&i32::from(has_null).to_be_bytes());
    out.extend_from_slice(&element.oid().to_be_bytes());
    if count > 0 {
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(&1_i32.to_be_bytes());
    }
}

/// An array as `array_out` prints it, elements as `shown` prints them.
pub(super) fn text(wire: &[u8], shown: impl Fn(&[u8]) -> Option<String>) -> Option<String> {
    let mut rest = wire;
    let head = Head::split(&mut rest)?;
    let mut text = String::new();
    if head.count > 0 && head.dimensions().iter().any(|(_, lower)| *lower != 1) {
        for (length, lower) in head.dimensions() {
            let upper = i64::from(*lower) + i64::try_from(*length).ok()? - 1;
            // Writing to a String cannot fail.
            let _ = write!(text, "[{lower}:{upper}]");
        }
        text.push('=');
    }
    if head.count == 0 {
        text.push_str("{}");
    }
    for position in 0..head.count {
        // Before the first element of a dimension stands a brace, behind its last one too; in between, commas.
        let (opened, closed) = braces(head.dimensions(), position);
        if position > 0 {
            text.push(',');
        }
        text.extend(std::iter::repeat_n('{', opened));
        match element(&mut rest)? {
            None => text.push_str("NULL"),
            Some(value) => push_quoted(&shown(value)?, &mut text),
        }
        text.extend(std::iter::repeat_n('}', closed));
    }
    rest.is_empty().then_some(text)
}

/// Returns how many dimensions begin, and how many end, with the element at that position.
fn braces(dimensions: &[(usize, i32)], position: usize) -> (usize, usize) {
    let mut size = 1;
    let (mut opened, mut closed) = (0, 0);
    for (length, _) in dimensions.iter().rev() {
        size *= length;
        opened += usize::from(position.is_multiple_of(size));
        closed += usize::from((position + 1).is_multiple_of(size));
    }
    (opened, closed)
}

/// Appends an element, in quotes where it would be read as something else without them.
fn push_quoted(element: &str, out: &mut String) {
    let special = |byte: u8| matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',' | b' ' | b'\t'..=b'\r');
    if !element.is_empty() && !element.eq_ignore_ascii_case("null") && !element.bytes().any(special) {
        out.push_str(element);
        return;
    }
    out.push('"');
    for letter in element.chars() {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::{integer, text as plain};
    use super::*;

    fn array(dimensions: &[(i32, i32)], flag: i32, oid: i32, elements: &[Option<&[u8]>]) -> Vec<u8> {
        let head = [i32::try_from(dimensions.len()).unwrap_or(0), flag, oid];
        let bounds = dimensions.iter().flat_map(|(length, lower)| [*length, *lower]);
        let mut wire: Vec<u8> = head.into_iter().chain(bounds).flat_map(i32::to_be_bytes).collect();
        for element in elements {
            let length = element.map_or(-1, |element| i32::try_from(element.len()).unwrap_or(0));
            wire.extend_from_slice(&length.to_be_bytes());
            wire.extend_from_slice(element.unwrap_or_default());
        }
        wire
    }

    /// `array_out` of the same arrays, PostgreSQL 15.
    #[test]
    fn texts_are_the_servers() {
        let ints = |dimensions: &[(i32, i32)], count: i32| {
            let values: Vec<[u8; 4]> = (1..=count).map(i32::to_be_bytes).collect();
            let values: Vec<Option<&[u8]>> = values.iter().map(|value| Some(&value[..])).collect();
            text(&array(dimensions, 0, 23, &values), integer::text_int4)
        };
        assert_eq!(ints(&[], 0).as_deref(), Some("{}"));
        assert_eq!(ints(&[(3, 1)], 3).as_deref(), Some("{1,2,3}"));
        assert_eq!(ints(&[(3, 0)], 3).as_deref(), Some("[0:2]={1,2,3}"));
        assert_eq!(ints(&[(2, 1), (3, 1)], 6).as_deref(), Some("{{1,2,3},{4,5,6}}"));
        assert_eq!(ints(&[(2, 1), (1, -1), (2, 1)], 4).as_deref(), Some("[1:2][-1:-1][1:2]={{{1,2}},{{3,4}}}"));
        let words: [Option<&[u8]>; 8] =
            [Some(b""), Some(b"null"), None, Some(b"a b"), Some(b"a\"b\\c"), Some(b"{,}"), Some(b"\x0b"), Some("é".as_bytes())];
        let shown = text(&array(&[(8, 1)], 1, 25, &words), plain::text);
        assert_eq!(shown.as_deref(), Some("{\"\",\"null\",NULL,\"a b\",\"a\\\"b\\\\c\",\"{,}\",\"\x0b\",é}"));
    }

    #[test]
    fn heads_that_lie_are_refused() {
        let one = [Some(&[0, 0, 0, 7][..])];
        let good = array(&[(1, 1)], 0, 23, &one);
        assert!(Head::split(&mut good.as_slice()).is_some());
        for wire in [
            vec![],
            good.iter().take(12).copied().collect(),
            array(&[(i32::MAX, 1)], 0, 23, &one),
            array(&[(-1, 1)], 0, 23, &one),
            array(&[(i32::MAX, 1); 6], 0, 23, &one),
            array(&[(1, 1); 7], 0, 23, &one),
            array(&[(1, 1)], 2, 23, &one),
            array(&[(2, 1)], 0, 23, &[]),
        ] {
            assert!(Head::split(&mut wire.as_slice()).is_none(), "{wire:?}");
        }
    }
}
