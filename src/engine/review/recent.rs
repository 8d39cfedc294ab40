//! The rows that were read last, so that looking at them again reads nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cell::Cell;
use super::seen_row::SeenRow;
use super::shown_row::ShownColumn;

/// So many rows are kept at most, and so many bytes of values, beside those that were asked for last.
const ROWS: usize = 1 << 11;
const BYTES: usize = 16 << 20;

/// The rows that were read last, by position.
#[derive(Debug, Default)]
pub(super) struct Recent {
    rows: BTreeMap<u64, Arc<SeenRow>>,
    bytes: usize,
}

impl Recent {
    pub(super) fn get(&self, position: u64) -> Option<Arc<SeenRow>> {
        self.rows.get(&position).map(Arc::clone)
    }

    pub(super) fn put(&mut self, row: Arc<SeenRow>) {
        self.bytes += bytes(&row);
        if let Some(old) = self.rows.insert(row.position, row) {
            self.bytes -= bytes(&old);
        }
    }

    /// Lets go of rows, those that lie farthest from `wanted` first, until few enough are left.
    pub(super) fn shrink(&mut self, wanted: &[u64]) {
        let (Some(first), Some(last)) = (wanted.first().copied(), wanted.last().copied()) else { return };
        while self.rows.len() > ROWS || self.bytes > BYTES {
            let (Some(low), Some(high)) = (self.rows.keys().next().copied(), self.rows.keys().next_back().copied()) else {
                return;
            };
            let (below, above) = (first.saturating_sub(low), high.saturating_sub(last));
            if below == 0 && above == 0 {
                return;
            }
            if let Some(gone) = self.rows.remove(if below > above { &low } else { &high }) {
                self.bytes -= bytes(&gone);
            }
        }
    }
}

fn bytes(row: &SeenRow) -> usize {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) | Cell::Wire { hex: text, .. } => text.len(),
        _ => 0,
    };
    let of = |column: &ShownColumn| {
        [&column.base, &column.old, &column.new].into_iter().chain(&column.result).map(text).sum::<usize>() + 200
    };
    row.row.columns.iter().map(of).sum()
}
