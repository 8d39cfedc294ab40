//! When rows that differ were written, on each side, by the stamps that the diff keeps.

use std::collections::BTreeMap;

use crate::name::{Side, Sided};

/// So many different times are kept apart at most; beyond that, twice as wide ones are.
const KEPT: usize = 2_048;

/// So many bars are drawn at most.
const BARS: i64 = 48;

/// The widths that people think in, in seconds.
const WIDTHS: [i64; 13] = [1, 10, 60, 300, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 604_800, 2_592_000];

/// When rows that differ were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Rows by time, oldest first; none where no row says it.
    pub bars: Vec<Bar>,
    /// How many seconds a bar is wide.
    pub width_s: i64,
    /// Rows whose stamp on a side lies before the cutover: that side has not written them since.
    pub before: Sided<u64>,
    /// Rows that a side has no stamp for.
    pub unstamped: Sided<u64>,
}

/// One stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// When it begins, in seconds since 1970-01-01 UTC.
    pub from_s: i64,
    /// How many rows each side wrote last in it.
    pub rows: Sided<u64>,
}

/// Gathers stamps. Memory: a few thousand numbers, whatever the number of rows.
pub(super) struct Stamps {
    cutover_us: i64,
    width_us: i64,
    found: BTreeMap<i64, Sided<u64>>,
    timeline: Timeline,
}

impl Stamps {
    pub(super) fn since(cutover_us: i64) -> Self {
        Self { cutover_us, width_us: 1_000_000, found: BTreeMap::new(), timeline: Timeline::default() }
    }

    /// Takes a row's stamps in.
    pub(super) fn add(&mut self, written_us: Sided<Option<i64>>) {
        for side in Side::BOTH {
            match written_us.get(side) {
                None => *of(&mut self.timeline.unstamped, side) += 1,
                Some(at) if *at < self.cutover_us => *of(&mut self.timeline.before, side) += 1,
                Some(at) => {
                    *of(self.found.entry(at.saturating_sub(self.cutover_us).div_euclid(self.width_us)).or_default(), side) += 1;
                    self.widen();
                }
            }
        }
    }

    /// Puts neighbours together while there are too many.
    fn widen(&mut self) {
        while self.found.len() > KEPT {
            self.width_us *= 2;
            for (place, rows) in std::mem::take(&mut self.found) {
                let wider = self.found.entry(place.div_euclid(2)).or_default();
                wider.old += rows.old;
                wider.new += rows.new;
            }
        }
    }

    /// Lays the bars out in a width that people think in.
    pub(super) fn done(mut self) -> Timeline {
        let Some((last, _)) = self.found.last_key_value() else { return self.timeline };
        let span_s = (last + 1).saturating_mul(self.width_us) / 1_000_000;
        let wanted = (span_s / BARS).max(self.width_us / 1_000_000).max(1);
        let width_s = WIDTHS.into_iter().find(|width| *width >= wanted).unwrap_or(wanted);
        let mut bars: BTreeMap<i64, Sided<u64>> = BTreeMap::new();
        for (place, rows) in &self.found {
            let bar = bars.entry((place * self.width_us / 1_000_000).div_euclid(width_s)).or_default();
            bar.old += rows.old;
            bar.new += rows.new;
        }
        let cutover_s = self.cutover_us.div_euclid(1_000_000);
        let end = bars.keys().next_back().copied().unwrap_or(0);
        let bar = |place: i64| Bar { from_s: cutover_s + place * width_s, rows: bars.get(&place).copied().unwrap_or_default() };
        self.timeline.bars = (0..=end).map(bar).collect();
        self.timeline.width_s = width_s;
        self.timeline
    }
}

fn of(sided: &mut Sided<u64>, side: Side) -> &mut u64 {
    match side {
        Side::Old => &mut sided.old,
        Side::New => &mut sided.new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn rows_are_counted_once_a_side_however_far_apart_their_stamps_lie() {
        let mut stamps = Stamps::since(100 * SECOND);
        stamps.add(Sided { old: Some(99 * SECOND), new: Some(100 * SECOND) });
        stamps.add(Sided { old: None, new: Some(130 * SECOND) });
        let few = stamps.done();
        assert_eq!((few.before.old, few.unstamped.old, few.width_s), (1, 1, 1));
        assert_eq!((few.bars.len(), few.bars[0].from_s, few.bars[30].rows.new), (31, 100, 1));
        let mut stamps = Stamps::since(0);
        for hour in 0..5_000 {
            stamps.add(Sided { old: Some(hour * 3_600 * SECOND), new: None });
        }
        let many = stamps.done();
        assert!(many.bars.len() <= 50, "{}", many.bars.len());
        assert_eq!(many.bars.iter().map(|bar| bar.rows.old).sum::<u64>(), 5_000);
        assert_eq!(Stamps::since(0).done(), Timeline::default());
    }
}
