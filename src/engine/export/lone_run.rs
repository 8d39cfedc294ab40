//! Keys of NEW that OLD lacks and that stand one behind the other in key order, as where a sequence gave them out: they become
//! one range, whose rows are asked for in one go and not key by key.
//!
//! Only for keys of one column that servers order as numbers. No row of both sides lies within such a range, as NEW's rows come
//! in key order under one snapshot.

use crate::schema::KeyOrder;
use crate::statement::{KeyCut, KeyRange};

/// A statement of its own costs about as much as so many keys in another.
const LEAST: usize = 256;

/// More ranges are not kept, so that memory does not grow with the table.
const MOST: usize = 1 << 14;

/// The ranges so far, and the run that goes on.
#[derive(Debug)]
pub(crate) struct LoneRuns {
    /// How the only column of the key is ordered; nothing where there are several, or no numbers.
    order: Option<KeyOrder>,
    run: Option<Run>,
    ranges: Vec<KeyRange>,
}

/// Who keeps a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Whoever brings it, for good.
    Alone,
    /// Whoever brings it, until the run ends.
    Waiting,
    /// Its run, which is long enough to become a range.
    ByRun,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    first: KeyCut,
    last: KeyCut,
    count: usize,
}

impl LoneRuns {
    /// Begins to look for runs among keys whose columns are ordered like this.
    pub(crate) fn new(orders: &[KeyOrder]) -> Self {
        let order = match orders {
            [order @ (KeyOrder::Integer | KeyOrder::Uuid)] => Some(*order),
            _ => None,
        };
        Self { order, run: None, ranges: Vec::new() }
    }

    /// Takes the next key of NEW that OLD lacks, as it came.
    pub(crate) fn take(&mut self, wire: Option<&[u8]>) -> Kept {
        let key = self.order.zip(wire).and_then(|(order, wire)| KeyCut::of_wire(order, wire));
        let Some(key) = key.filter(|_| self.ranges.len() < MOST) else { return Kept::Alone };
        let run = self.run.get_or_insert(Run { first: key, last: key, count: 0 });
        (run.last, run.count) = (key, run.count + 1);
        if run.count > LEAST { Kept::ByRun } else { Kept::Waiting }
    }

    /// Ends the run, as a key of both sides follows, or none. Says whether its keys are those of a range now, so that nobody
    /// else has to keep them.
    pub(crate) fn end(&mut self) -> bool {
        let long = self.run.take().filter(|run| run.count > LEAST);
        self.ranges.extend(long.map(|run| KeyRange::between(run.first, run.last)));
        long.is_some()
    }

    /// Returns the ranges.
    pub(crate) fn into_ranges(self) -> Vec<KeyRange> {
        self.ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(key: i64) -> [u8; 8] {
        key.to_be_bytes()
    }

    #[test]
    fn long_runs_become_ranges_and_short_ones_stay_keys() {
        let mut runs = LoneRuns::new(&[KeyOrder::Integer]);
        let waiting = (0..300).filter(|key| runs.take(Some(&number(*key * 2))) == Kept::Waiting).count();
        assert_eq!(waiting, LEAST);
        assert!(runs.end(), "those are in the range as well");
        assert!(runs.take(Some(&number(i64::MAX))) == Kept::Waiting && !runs.end());
        let ranges = runs.into_ranges();
        let within = |key| ranges.iter().any(|range| range.contains(KeyCut::Integer(key)));
        assert!(ranges.len() == 1 && within(0) && within(598) && !within(-1) && !within(599));
    }

    #[test]
    fn a_run_up_to_the_last_number_has_no_end() {
        let mut runs = LoneRuns::new(&[KeyOrder::Integer]);
        assert_eq!((0..300).rev().map(|back| runs.take(Some(&number(i64::MAX - back)))).last(), Some(Kept::ByRun));
        assert!(runs.end());
        assert!(runs.into_ranges()[0].contains(KeyCut::Integer(i64::MAX)));
    }

    #[test]
    fn other_keys_have_no_runs() {
        for orders in [&[KeyOrder::Text][..], &[KeyOrder::Integer, KeyOrder::Integer]] {
            let mut runs = LoneRuns::new(orders);
            assert!((0..1000).all(|key| runs.take(Some(&number(key))) == Kept::Alone));
            assert!(!runs.end());
        }
    }
}
