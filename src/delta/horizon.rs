//! Transaction ids as evidence: the horizon of the cutover, and which of a row's ids may lie behind it.
//!
//! A row names the transaction that wrote it by the lowest 32 bits of its id (`xmin`). Every transaction below a horizon was
//! over when the horizon was read, so that a row of one was written before. A reader's snapshot has an id that no row it sees
//! reaches (`pg_snapshot_xmax`). The greatest id below that with a row's 32 bits is never less than the row's own: where even
//! that one lies below the horizon, the row is older, however far the two are apart. Where not, nothing is proven: such a row
//! is called young, changed or not.
//!
//! `age(xmin)` and `pg_visible_in_snapshot` are not used: both call rows old that are not, the first beyond 2^31 transactions,
//! the second where a sub-transaction was open.

use serde::{Deserialize, Serialize};

/// Transactions with an id from here on may have been going on, or come later. Counted from the cluster's beginning, so that it
/// does not wrap around (`xid8`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Horizon(u64);

/// The ids in rows, as 32 bits, that may be those of transactions behind a horizon: from the first to the last, both included,
/// around the end of the numbers where the first is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YoungXids {
    /// The first.
    pub first: u32,
    /// The last.
    pub last: u32,
}

/// How many numbers 32 bits have.
const NUMBERS: u64 = 1 << 32;

/// Ids below this stand for no transaction: invalid, bootstrap, and frozen by an old server or by hand.
pub const FIRST_NORMAL: u32 = 3;

impl Horizon {
    /// Takes an id: every transaction below it was over.
    #[must_use]
    pub const fn new(xid: u64) -> Self {
        Self(xid)
    }

    /// Returns the id.
    #[must_use]
    pub const fn xid(self) -> u64 {
        self.0
    }

    /// Takes the lowest 32 bits of an id that is no later than `next`, for the latest such id; `None` where there is none.
    #[must_use]
    pub fn latest(bits: u32, next: u64) -> Option<Self> {
        let back = (next % NUMBERS + NUMBERS - u64::from(bits)) % NUMBERS;
        next.checked_sub(back).map(Self)
    }

    /// Says which rows may lie behind the horizon, for a reader whose snapshot shows none from `next` on.
    ///
    /// `None` where every row may: so many transactions have come since that the numbers have gone once around, or the reader
    /// is before the horizon, which no server can be that the horizon is of.
    #[must_use]
    pub fn young(self, next: u64) -> Option<YoungXids> {
        let distance = next.checked_sub(self.0).filter(|distance| *distance < NUMBERS)?;
        let bits = |xid: u64| u32::try_from(xid % NUMBERS).ok();
        // With none behind it the horizon itself stands for them: no row has it.
        Some(YoungXids { first: bits(self.0)?, last: bits(self.0 + distance.saturating_sub(1))? })
    }
}

impl YoungXids {
    /// Whether a row with these 32 bits may lie behind the horizon.
    #[must_use]
    pub const fn contain(self, xmin: u32) -> bool {
        let within = if self.first <= self.last {
            self.first <= xmin && xmin <= self.last
        } else {
            self.first <= xmin || xmin <= self.last
        };
        within || xmin < FIRST_NORMAL
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(xid: u64) -> u32 {
        u32::try_from(xid % NUMBERS).expect("32 bits")
    }

    #[test]
    fn rows_are_old_or_young_around_the_end_of_the_numbers() {
        let horizon = Horizon::new(2_500_000_001);
        let young = horizon.young((1 << 32) + 1_200_000_001).expect("less than once around");
        assert_eq!(young, YoungXids { first: 2_500_000_001, last: 1_200_000_000 });
        assert!(!young.contain(2_500_000_000), "written before");
        for xmin in [2_500_000_001, 4_000_000_000, 1_200_000_000] {
            assert!(young.contain(xmin), "{xmin} was written after");
        }
        // These were written before, and their numbers were given out again since.
        assert!(young.contain(725) && young.contain(1_000_000_000));
    }

    #[test]
    fn a_reader_before_the_horizon_or_once_around_learns_nothing() {
        let horizon = Horizon::new(1_000);
        assert_eq!(horizon.young(999), None);
        assert_eq!(horizon.young(1_000 + NUMBERS), None);
        assert_eq!(horizon.young(999 + NUMBERS), Some(YoungXids { first: 1_000, last: 998 }));
        assert_eq!(horizon.young(1_000), Some(YoungXids { first: 1_000, last: 1_000 }));
    }

    #[test]
    fn the_latest_id_with_these_bits_is_no_later_than_the_next() {
        let latest = |bits, next| Horizon::latest(bits, next).map(Horizon::xid);
        assert_eq!(latest(741, 800), Some(741));
        assert_eq!(latest(800, 800), Some(800));
        assert_eq!(latest(801, 800), None);
        assert_eq!(latest(801, 800 + NUMBERS), Some(801));
        assert_eq!(latest(u32::MAX, 5 + 3 * NUMBERS), Some(3 * NUMBERS - 1));
    }

    #[test]
    fn what_stands_for_no_transaction_is_never_old() {
        let young = Horizon::new(1_000).young(2_000).expect("near");
        assert!((0..FIRST_NORMAL).all(|xmin| young.contain(xmin)) && !young.contain(FIRST_NORMAL));
    }

    proptest! {
        #[test]
        fn no_row_behind_the_horizon_is_ever_called_old(horizon in 3..u64::MAX / 2, ahead in 1..NUMBERS, any in 0..u64::MAX) {
            let next = horizon + ahead;
            let xid = horizon + any % ahead;
            let young = Horizon::new(horizon).young(next).expect("less than once around");
            prop_assert!(young.contain(bits(xid)));
        }

        #[test]
        fn rows_shortly_before_the_horizon_are_old(
            horizon in 1_000_000..u64::MAX / 2,
            ahead in 0..NUMBERS / 2,
            back in 1..1_000_000_u64,
        ) {
            let young = Horizon::new(horizon).young(horizon + ahead).expect("less than once around");
            let xmin = bits(horizon - back);
            prop_assert_eq!(young.contain(xmin), xmin < FIRST_NORMAL);
        }
    }
}
