//! Values that lie somewhere in one arena.

use std::ops::Range;

/// Where a value lies in the arena. `length` is -1 for NULL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(super) offset: u32,
    pub(super) length: i32,
}

impl Span {
    /// No value.
    pub(crate) const NULL: Self = Self { offset: 0, length: -1 };

    /// Makes the span of a part of the arena; none if it lies behind what a span can address.
    pub(crate) fn of(range: &Range<usize>) -> Option<Self> {
        Some(Self { offset: u32::try_from(range.start).ok()?, length: i32::try_from(range.len()).ok()? })
    }

    fn range(self) -> Option<Range<usize>> {
        let length = usize::try_from(self.length).ok()?;
        let start = usize::try_from(self.offset).ok()?;
        Some(start..start.checked_add(length)?)
    }

    pub(super) fn within(self, arena: &[u8]) -> Option<&[u8]> {
        arena.get(self.range()?)
    }
}

/// Values of one type, behind each other: a column of a [`super::RowBuffer`], or the elements of such a column's arrays, which
/// lie in the same arena.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    arena: &'a [u8],
    spans: &'a [Span],
    /// Every `step`-th span is one of the values, the first one included.
    step: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(arena: &'a [u8], spans: &'a [Span], step: usize) -> Self {
        Self { arena, spans, step: step.max(1) }
    }

    pub(crate) fn arena(&self) -> &'a [u8] {
        self.arena
    }

    pub(crate) fn count(&self) -> usize {
        self.spans.len().div_ceil(self.step)
    }

    /// Returns the values; none for NULL.
    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = Option<&'a [u8]>> + use<'a> {
        let arena = self.arena;
        self.spans().map(|span| span.within(arena))
    }

    /// Returns where in the arena the values lie; none for NULL.
    pub(crate) fn ranges(&self) -> impl ExactSizeIterator<Item = Option<Range<usize>>> + use<'a> {
        self.spans().map(|span| span.range())
    }

    /// Returns the values' lengths; -1 for NULL.
    pub(crate) fn lengths(&self) -> impl ExactSizeIterator<Item = i32> + use<'a> {
        self.spans().map(|span| span.length)
    }

    fn spans(&self) -> impl ExactSizeIterator<Item = &'a Span> + use<'a> {
        self.spans.iter().step_by(self.step)
    }
}
