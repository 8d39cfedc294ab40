//! The screen of one table's rows, with what they have in common beside them.

use std::ops::Range;

use super::event::{Facet, RowView};
use super::filter_text::FilterText;
use super::list::List;

/// The screen of one table's rows.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// The table's number.
    pub(super) table: usize,
    /// How many rows it has.
    pub(super) total: u64,
    /// How many of them have been counted so far; nothing once all are.
    pub(super) counting: Option<u64>,
    pub(super) filter: FilterText,
    /// The place among the rows that the filter asks for.
    pub(super) list: List,
    pub(super) facets: Vec<Facet>,
    pub(super) facet: List,
    /// Whether keys are about the facets.
    pub(super) in_facets: bool,
    /// Where the first of the rows at hand stands, and they.
    from: u64,
    window: Vec<RowView>,
    /// Rows that cannot be read: they are not asked for again as long as they are what is seen.
    unreadable: Option<Range<u64>>,
}

impl Rows {
    pub(super) fn of(table: usize, total: u64) -> Self {
        Self {
            table,
            total,
            counting: Some(0),
            filter: FilterText::default(),
            list: List::of(total),
            facets: Vec::new(),
            facet: List::default(),
            in_facets: false,
            from: 0,
            window: Vec::new(),
            unreadable: None,
        }
    }

    /// Takes in rows that were asked for.
    pub(super) fn take(&mut self, from: u64, window: Vec<RowView>) {
        (self.from, self.window, self.unreadable) = (from, window, None);
        // Fewer than were asked for: there are no others.
        self.unreadable = self.wants();
    }

    /// Takes in that rows cannot be read.
    pub(super) fn miss(&mut self, places: Range<u64>) {
        self.unreadable = Some(places);
    }

    /// Forgets the rows at hand: what is decided about them may have changed.
    pub(super) fn forget(&mut self) {
        self.window.clear();
    }

    /// The row at a place, if it is at hand.
    pub(super) fn row(&self, place: u64) -> Option<&RowView> {
        self.window.get(usize::try_from(place.checked_sub(self.from)?).ok()?)
    }

    /// The row that is chosen.
    pub(super) fn chosen(&self) -> Option<&RowView> {
        self.row(self.list.at)
    }

    /// The rows that are seen and not at hand.
    pub(super) fn wants(&self) -> Option<Range<u64>> {
        let seen = self.list.seen();
        let is_at_hand = seen.clone().all(|place| self.row(place).is_some());
        (!is_at_hand && self.unreadable.as_ref() != Some(&seen)).then_some(seen)
    }

    /// Asks for other rows.
    pub(super) fn filter(&mut self, filter: FilterText) {
        self.list.resize(if filter.is_empty() { self.total } else { 0 });
        self.list.to(0);
        self.filter = filter;
        self.forget();
    }

    /// Takes in how many rows the filter asks for.
    pub(super) fn count(&mut self, rows: u64, facets: Vec<Facet>) {
        self.counting = None;
        if self.list.len != rows {
            self.list.resize(rows);
            self.forget();
        }
        self.facet.resize(facets.len() as u64);
        self.facets = facets;
    }

    /// The facet that is chosen.
    pub(super) fn chosen_facet(&self) -> Option<&Facet> {
        self.facets.get(usize::try_from(self.facet.at).ok()?)
    }
}
